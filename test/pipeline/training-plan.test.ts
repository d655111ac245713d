import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eligibleTokens, planContexts } from '../../src/core/contexts.ts'
import { DataError } from '../../src/core/errors.ts'
import { planTraining } from '../../src/pipeline/training-plan.ts'
import { corpusOf } from '../support/corpora.ts'

function planned(documents: number, length: number, wanted: number, batchSize: number) {
  const corpus = corpusOf(
    Array.from({ length: documents }, (_, d) => Array.from({ length }, (_v, t) => 1 + ((d + t) % 50))),
  )
  const contexts = planContexts(corpus, 16, 0)
  return {
    contexts,
    plan: planTraining(contexts, eligibleTokens(corpus, contexts, [0]), 4_000_000, wanted, batchSize, 3),
  }
}

describe('the plan of training', () => {
  it('uses each context once, held-out ones never, in whole batches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 40 }),
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 40, max: 5000 }),
        fc.integer({ min: 1, max: 40 }),
        (documents, length, wanted, batchSize) => {
          const { contexts, plan } = planned(documents, length, wanted, batchSize)
          const used = plan.chunks.flatMap((chunk) => chunk.contexts)
          expect(new Set(used).size).toBe(used.length)
          expect(used.filter((context) => plan.heldOut.includes(context))).toEqual([])
          expect(plan.heldOut.length).toBeLessThanOrEqual(0.05 * contexts.documents.length)
          expect(plan.steps * batchSize).toBeLessThanOrEqual(wanted)
          let steps = 0
          for (const chunk of plan.chunks) {
            expect(chunk.firstStep).toBe(steps)
            expect(chunk.rows).toBeGreaterThanOrEqual(chunk.steps * batchSize)
            steps += chunk.steps
          }
          expect(steps).toBe(plan.steps)
        },
      ),
    )
  })

  it('takes all that was asked for where the corpus has it', () => {
    expect(planned(40, 200, 4000, 32).plan.steps).toBe(125)
  })

  it('is refused where not one batch can be filled', () => {
    expect(() => planned(4, 20, 4000, 1000)).toThrow(DataError)
    expect(() => planned(4, 20, 4000, 1000)).toThrow('expected at least 1000 tokens to train on (one batch)')
  })
})
