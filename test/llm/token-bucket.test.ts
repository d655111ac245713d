import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/llm/token-bucket.ts'

describe('a token bucket', () => {
  it('allows everything without a limit', () => {
    const bucket = new TokenBucket(null, 0)
    bucket.take(1e9, 0)
    expect(bucket.waitFor(1e9, 0)).toBe(0)
  })

  it('holds a minute of its limit and fills steadily', () => {
    const bucket = new TokenBucket(60, 0)
    bucket.take(60, 0)
    expect(bucket.waitFor(1, 0)).toBe(1000)
    expect(bucket.waitFor(1, 400)).toBe(600)
    expect(bucket.waitFor(10, 10_000)).toBe(0)
    expect(bucket.waitFor(60, 1e9)).toBe(0)
    bucket.take(60, 1e9)
    expect(bucket.waitFor(30, 1e9)).toBe(30_000)
  })

  it('lets more than it can hold pass once it is full', () => {
    const bucket = new TokenBucket(100, 0)
    expect(bucket.waitFor(250, 0)).toBe(0)
    bucket.take(250, 0)
    expect(bucket.waitFor(1, 0)).toBe(Math.ceil((151 / 100) * 60_000))
  })

  it('takes back what was not used', () => {
    const bucket = new TokenBucket(100, 0)
    bucket.take(100, 0)
    bucket.refund(40, 0)
    expect(bucket.waitFor(40, 0)).toBe(0)
    bucket.refund(1000, 0)
    bucket.take(100, 0)
    expect(bucket.waitFor(1, 0)).toBe(600)
  })

  it('is told of a limit, and only ever of less', () => {
    const bucket = new TokenBucket(null, 0)
    bucket.learn(500, 499, 0)
    expect(bucket.perMinute).toBe(500)
    expect(bucket.waitFor(499, 0)).toBe(0)
    bucket.learn(500, 3, 0)
    expect(bucket.waitFor(4, 0)).toBe(120)
    bucket.learn(500, 400, 0)
    expect(bucket.waitFor(4, 0)).toBe(120)
    bucket.learn(null, null, 0)
    expect(bucket.perMinute).toBe(500)
  })

  it('never grants more in any minute than twice its limit, a full one and what flows in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }),
        (limit, pauses) => {
          const bucket = new TokenBucket(limit, 0)
          const grants: number[] = []
          let now = 0
          for (const pause of pauses) {
            now += pause
            while (bucket.waitFor(1, now) === 0) {
              bucket.take(1, now)
              grants.push(now)
            }
          }
          for (const from of grants) {
            const within = grants.filter((at) => at >= from && at <= from + 60_000).length
            expect(within).toBeLessThanOrEqual(2 * limit)
          }
        },
      ),
    )
  })
})
