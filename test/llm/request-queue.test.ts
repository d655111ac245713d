import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Queued, RequestQueue } from '../../src/llm/request-queue.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function emptied(queue: RequestQueue<Queued>): Queued[] {
  const all: Queued[] = []
  for (let item = queue.first; item !== undefined; item = queue.first) {
    all.push(item)
    queue.shift()
  }
  return all
}

describe('the queue', () => {
  it('has the lowest priority number first, and of equal ones what came first', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ priority: fc.nat(5), order: fc.nat(1000) })), (items) => {
        const queue = new RequestQueue()
        for (const item of items) queue.add(item)
        expect(emptied(queue)).toEqual(items.toSorted((a, b) => a.priority - b.priority || a.order - b.order))
      }),
    )
  })

  it('gives an item that comes back after a pause its old place', () => {
    const queue = new RequestQueue()
    const [early, late] = [
      { priority: 1, order: 0 },
      { priority: 1, order: 7 },
    ]
    const added = vi.fn<() => void>()
    queue.add(late)
    queue.addLater(early, 500, added)
    vi.advanceTimersByTime(499)
    expect(queue.first).toBe(late)
    expect(added).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(queue.first).toBe(early)
    expect(added).toHaveBeenCalledTimes(1)
    expect(emptied(queue)).toEqual([early, late])
  })

  it('gives out all when it is drained, and adds nothing later', () => {
    const queue = new RequestQueue()
    const items = [1, 2, 3].map((order) => ({ priority: 0, order }))
    const added = vi.fn<() => void>()
    queue.add(items[0]!)
    queue.add(items[1]!)
    queue.addLater(items[2]!, 500, added)
    expect(queue.drain()).toEqual(items)
    expect(queue.drain()).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(1000)
    expect(queue.first).toBeUndefined()
    expect(added).not.toHaveBeenCalled()
  })
})
