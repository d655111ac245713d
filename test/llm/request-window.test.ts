import { describe, expect, it } from 'vitest'
import { RequestWindow } from '../../src/llm/request-window.ts'

/** A server that works on `slots` requests at a time, each for `latencyMs`; more wait. Returns throughput and sizes. */
function simulate(
  slots: number,
  latencyMs: (index: number) => number,
  requests: number,
  most = 256,
  known: number | null = null,
): { seconds: number; sizes: number[] } {
  const window = new RequestWindow(most, 0, known)
  const free = Array.from({ length: slots }, () => 0)
  const inFlight: { sentAt: number; doneAt: number }[] = []
  const sizes: number[] = []
  let now = 0
  let sent = 0
  let done = 0
  while (done < requests) {
    while (inFlight.length < window.size && sent < requests) {
      const slot = free.indexOf(Math.min(...free))
      const doneAt = Math.max(now, free[slot]!) + latencyMs(sent)
      free[slot] = doneAt
      inFlight.push({ sentAt: now, doneAt })
      sent++
    }
    const next = inFlight.reduce((a, b) => (b.doneAt < a.doneAt ? b : a))
    now = next.doneAt
    window.succeeded(now - next.sentAt, inFlight.length, now)
    inFlight.splice(inFlight.indexOf(next), 1)
    sizes.push(window.size)
    done++
  }
  return { seconds: now / 1000, sizes }
}

describe('the request window', () => {
  it('uses 96 % of 64 slots at half a second over 5,000 requests from a cold start', () => {
    const { seconds } = simulate(64, () => 500, 5000)
    expect(5000 / seconds / 128).toBeGreaterThan(0.96)
  })

  it('uses 99 % once the size is known, but for the last replies', () => {
    const { seconds } = simulate(64, () => 500, 5056, 256, 64)
    expect(5056 / seconds / 128).toBeGreaterThan(0.99)
  })

  it('keeps 64 slots busy where replies differ in length', () => {
    const { seconds } = simulate(64, (index) => 200 + ((index * 7919) % 601), 20_000)
    expect(20_000 / seconds / 128).toBeGreaterThan(0.93)
  })

  it('does not bury a server that takes one request at a time', () => {
    const { sizes } = simulate(1, () => 1000, 400)
    expect(sizes.at(-1)).toBeLessThanOrEqual(6)
  })

  it('stays within its bound', () => {
    const { sizes } = simulate(1000, () => 100, 5000, 50)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50)
  })

  it('halves where all requests of a round are turned away, and never below one', () => {
    const window = new RequestWindow(256, 0, 64)
    for (let i = 0; i < 64; i++) window.congested(0, 10)
    expect(window.size).toBe(32)
    for (let i = 0; i < 32; i++) window.congested(11, 12)
    expect(window.size).toBe(16)
    for (let i = 0; i < 200; i++) window.congested(20 + i, 20 + i)
    expect(window.size).toBe(1)
  })

  it('takes off half of the share that is turned away, and nothing for an accident', () => {
    const window = new RequestWindow(256, 0, 60)
    for (let i = 0; i < 60; i++)
      if (i % 3 === 0) window.congested(0, 10)
      else window.succeeded(10, 60, 10)
    expect(window.size).toBe(50)
    const other = new RequestWindow(256, 0, 60)
    for (let i = 0; i < 60; i++)
      if (i % 10 === 0) other.congested(0, 10)
      else other.succeeded(10, 60, 10)
    expect(other.size).toBeGreaterThanOrEqual(60)
  })

  it('does not grow while nobody fills it', () => {
    const window = new RequestWindow(256, 0)
    for (let i = 1; i <= 500; i++) window.succeeded(100, 3, i * 30)
    expect(window.size).toBe(16)
  })
})
