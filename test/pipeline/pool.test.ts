import { describe, expect, it } from 'vitest'
import { runPool } from '../../src/pipeline/pool.ts'

const never = new AbortController().signal
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function collect<T>(results: AsyncGenerator<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

describe('the pool', () => {
  it('runs everything, at most so many at once, started in order', async () => {
    let running = 0
    let most = 0
    const started: number[] = []
    const results = await collect(
      runPool([5, 1, 4, 2, 3, 0], 3, never, async (item) => {
        started.push(item)
        most = Math.max(most, ++running)
        await wait(item)
        running--
        return item * 10
      }),
    )
    expect(results.toSorted((a, b) => a - b)).toEqual([0, 10, 20, 30, 40, 50])
    expect(most).toBe(3)
    expect(started).toEqual([5, 1, 4, 2, 3, 0])
  })

  it('after an error lets those in flight finish, then throws it', async () => {
    const finished: number[] = []
    const yielded: number[] = []
    const run = async (): Promise<void> => {
      for await (const result of runPool([1, 2, 3, 4, 5], 2, never, async (item) => {
        if (item === 2) throw new Error('second')
        await wait(10)
        finished.push(item)
        return item
      }))
        yielded.push(result)
    }
    await expect(run()).rejects.toThrow('second')
    expect(finished).toEqual([1])
    expect(yielded).toEqual([1])
  })

  it('starts nothing more once it is told to stop', async () => {
    const stop = new AbortController()
    const results = await collect(
      runPool([1, 2, 3, 4], 2, stop.signal, async (item) => {
        if (item === 2) stop.abort()
        await wait(2)
        return item
      }),
    )
    expect(results.toSorted((a, b) => a - b)).toEqual([1, 2])
  })

  it('has nothing to do for no items', async () => {
    expect(await collect(runPool([], 4, never, async (item) => item))).toEqual([])
  })
})
