import { afterEach, describe, expect, it } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import type { Store } from '../../src/core/store.ts'
import { CommitBatch } from '../../src/llm/commit-batch.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

const open: Store[] = []
afterEach(() => {
  for (const store of open.splice(0)) store.close()
})

function counted(): { store: Store; batch: CommitBatch; transactions: () => number } {
  const store = openStore(':memory:', bundledMigrations())
  open.push(store)
  let transactions = 0
  const batch = new CommitBatch((work) => {
    transactions++
    store.transaction(work)
  })
  return { store, batch, transactions: () => transactions }
}

describe('writes', () => {
  it('of one turn are one transaction, in order, and done when they resolve', async () => {
    const { store, batch, transactions } = counted()
    const order: string[] = []
    const write = (value: string) => (): void => {
      order.push(value)
      store.study.put('llm', value)
    }
    const first = batch.add(write('a'))
    const second = Promise.resolve().then(() => batch.add(write('b')))
    expect(order).toEqual([])
    await first
    expect(transactions()).toBe(1)
    expect(store.study.get('llm')).toBe('b')
    await second
    await Promise.all([batch.add(write('c')), batch.add(write('d'))])
    expect(transactions()).toBe(2)
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  it('are all rejected and none kept where one of them fails; later ones go on', async () => {
    const { store, batch } = counted()
    const failure = new Error('the disk is full')
    const results = await Promise.allSettled([
      batch.add(() => store.study.put('llm', 'kept')),
      batch.add(() => {
        throw failure
      }),
      batch.add(() => store.study.put('set', 'kept')),
    ])
    expect(results).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: failure })))
    expect(store.study.get('llm')).toBeNull()
    expect(store.study.get('set')).toBeNull()
    await batch.add(() => store.study.put('llm', 'later'))
    expect(store.study.get('llm')).toBe('later')
  })
})
