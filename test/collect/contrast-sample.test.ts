import fc from 'fast-check'
import { expect, it } from 'vitest'
import { samplerFor } from '../../src/collect/sampler.ts'
import { slicesProtocol } from '../support/protocols.ts'
import {
  centredKey,
  firingsOf,
  isDigits,
  shownKey,
  VOCABULARY,
  worldOf,
  WORLDS,
} from '../support/small-world.ts'

const PROTOCOL = slicesProtocol('monosemanticity')

it('never asks about a window, a text or a document that was explained from, nor twice about one', () => {
  let asked = 0
  fc.assert(
    fc.property(WORLDS, ({ documents, length, entries, rate, seed }) => {
      const world = worldOf(documents, length, seed)
      const found = firingsOf(world, 3, entries, rate, seed)
      const sampler = samplerFor(
        PROTOCOL,
        { ...world, vocabularySize: VOCABULARY, allDigits: isDigits },
        seed,
      )
      const firings = { ...found, labels: found.tokens.map((token) => sampler.labels![token]!) }
      const { state, examples } = sampler.sample(firings)
      if (state !== 'alive') return
      const contrasts = sampler.sampleContrasts!(firings, examples).examples
      const all = [...examples, ...contrasts]
      const centred = all.map((example) => centredKey(world, example))
      expect(new Set(centred).size).toBe(centred.length)
      const shown = all.map(shownKey)
      expect(new Set(shown).size).toBe(shown.length)
      const explained = new Set(examples.filter(({ use }) => use !== 'score').map(({ document }) => document))
      for (const { use, slice, document, activations } of contrasts) {
        expect(use).toBe('score')
        expect(explained.has(document)).toBe(false)
        expect(activations.some((activation) => activation > 0)).toBe(slice !== 'negative')
      }
      asked += contrasts.length
    }),
    { numRuns: 150 },
  )
  expect(asked).toBeGreaterThan(1000)
})
