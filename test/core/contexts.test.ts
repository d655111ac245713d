import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextBatch, contextCount, eligibleTokens, planContexts } from '../../src/core/contexts.ts'
import { corpusOf } from '../support/corpora.ts'

describe('contexts', () => {
  it('begin with the begin token and never span documents', () => {
    const corpus = corpusOf([
      [1, 2, 3, 4, 5],
      [6, 7],
    ])
    const plan = planContexts(corpus, 4, 9)
    expect([...plan.starts]).toEqual([0, 3, 5, 7])
    expect([...plan.documents]).toEqual([0, 0, 1])
    expect(contextBatch(corpus, plan, [0, 1, 2])).toEqual({
      rows: 3,
      length: 4,
      ids: Int32Array.of(9, 1, 2, 3, 9, 4, 5, 0, 9, 6, 7, 0),
    })
  })

  it('use all positions where there is no begin token', () => {
    const plan = planContexts(corpusOf([[1, 2, 3, 4, 5]]), 4, null)
    expect([...plan.starts]).toEqual([0, 4, 5])
  })

  it('hold every token of every document once, within the length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(50), { maxLength: 40 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 2, max: 12 }),
        fc.boolean(),
        (documents, length, begin) => {
          const corpus = corpusOf(documents)
          const plan = planContexts(corpus, length, begin ? 99 : null)
          expect(plan.starts.at(-1)).toBe(corpus.ids.length)
          for (let context = 0; context < contextCount(plan); context++) {
            const [start, end] = [plan.starts[context]!, plan.starts[context + 1]!]
            const document = plan.documents[context]!
            expect(end - start + (begin ? 1 : 0)).toBeLessThanOrEqual(length)
            expect(start).toBeGreaterThanOrEqual(corpus.documentStarts[document]!)
            expect(end).toBeLessThanOrEqual(corpus.documentStarts[document + 1]!)
          }
        },
      ),
    )
  })
})

describe('eligible tokens', () => {
  it('leave out begin and end tokens, and position 0 where no begin token holds it', () => {
    const corpus = corpusOf([[5, 0, 6, 7], [8]])
    expect([...eligibleTokens(corpus, planContexts(corpus, 3, null), [0])]).toEqual([0, 0, 1, 0, 0])
    expect([...eligibleTokens(corpus, planContexts(corpus, 3, 0), [0])]).toEqual([1, 0, 1, 1, 1])
  })
})
