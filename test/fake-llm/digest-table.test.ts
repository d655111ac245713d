import { describe, expect, it } from 'vitest'
import { DigestTable, digestOf } from './digest-table.ts'

describe('the table of digests', () => {
  it('counts each of thousands apart', () => {
    const table = new DigestTable()
    const digests = Array.from({ length: 5000 }, (_, index) => digestOf(`body ${index}`))
    for (const [index, digest] of digests.entries()) {
      expect(table.has(digest)).toBe(false)
      table.add(digest)
      for (let taken = 1; taken <= index % 3; taken++) expect(table.countTaken(digest)).toBe(taken)
    }
    expect(table.size).toBe(5000)
    for (const [index, digest] of digests.entries()) {
      expect(table.has(digest)).toBe(true)
      expect(table.countAnswered(digest)).toBe(1)
      expect(table.countTaken(digest)).toBe((index % 3) + 1)
    }
    expect(table.size).toBe(5000)
  })

  it('stops counting where a counter is full', () => {
    const table = new DigestTable()
    const digest = digestOf('a')
    for (let i = 0; i < 70_000; i++) table.countTaken(digest)
    expect(table.countTaken(digest)).toBe(65_535)
    expect(table.countAnswered(digest)).toBe(1)
  })
})
