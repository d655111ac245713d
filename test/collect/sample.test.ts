import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeatureFirings } from '../../src/collect/firings.ts'
import { type FeatureSample, FeatureSampler } from '../../src/collect/sample.ts'
import { WindowIndex } from '../../src/collect/windows.ts'
import { parseProtocol, type SlicesProtocol } from '../../src/core/protocol.ts'
import type { Example } from '../../src/core/records.ts'
import { slicesProtocol } from '../support/protocols.ts'
import {
  centredKey,
  firingsOf,
  isDigits,
  nominalToken,
  shownKey,
  VOCABULARY,
  type World,
  worldOf,
  WORLDS,
} from '../support/small-world.ts'

const PROTOCOL = slicesProtocol('monosemanticity')

const indices = new WeakMap<World, WindowIndex>()

function windowsOf(world: World): WindowIndex {
  const { corpus, plan, eligible } = world
  const made =
    indices.get(world) ?? new WindowIndex(corpus, plan, eligible, PROTOCOL.window, VOCABULARY, isDigits)
  indices.set(world, made)
  return made
}

function sampleOf(
  world: World,
  firings: FeatureFirings,
  protocol: SlicesProtocol = PROTOCOL,
  seed = 1,
): FeatureSample {
  const windows = windowsOf(world)
  const sampler = new FeatureSampler(windows, world.plan, world.corpus.documents.length, protocol, seed)
  return sampler.sample({ ...firings, labels: firings.tokens.map((token) => windows.hashes[token]!) })
}

function sampled(settings: {
  documents: number
  length: number
  entries: number[]
  rate: number
  seed: number
}) {
  const world = worldOf(settings.documents, settings.length, settings.seed)
  const firings = firingsOf(world, 3, settings.entries, settings.rate, settings.seed)
  const activation = new Map(Array.from(firings.tokens, (token, i) => [token, firings.activations[i]!]))
  return { world, firings, activation, sample: sampleOf(world, firings, PROTOCOL, settings.seed) }
}

describe('every sample', () => {
  it('shares no document and repeats no window between any two examples', () => {
    let alive = 0
    fc.assert(
      fc.property(WORLDS, (settings) => {
        const { world, sample } = sampled(settings)
        const documents = (use: string): Set<number> =>
          new Set(sample.examples.filter((one) => one.use === use).map(({ document }) => document))
        expect([...documents('explain')].filter((document) => documents('score').has(document))).toEqual([])
        const keys = sample.examples.map((example) => centredKey(world, example))
        expect(new Set(keys).size).toBe(keys.length)
        const texts = sample.examples.map(shownKey)
        expect(new Set(texts).size).toBe(texts.length)
        if (sample.state === 'alive') alive++
      }),
      { numRuns: 150 },
    )
    expect(alive).toBeGreaterThan(60)
  })

  it('has windows of nine eligible tokens of one context, with the true activations', () => {
    fc.assert(
      fc.property(WORLDS, (settings) => {
        const { world, activation, sample } = sampled(settings)
        for (const example of sample.examples) {
          const first = nominalToken(world, example) - example.nominal
          expect(first).toBeGreaterThanOrEqual(world.plan.starts[example.context]!)
          expect(first + 9).toBeLessThanOrEqual(world.plan.starts[example.context + 1]!)
          expect(world.plan.documents[example.context]).toBe(example.document)
          for (let index = 0; index < 9; index++) {
            expect(world.eligible[first + index]).toBe(1)
            expect(example.tokens[index]).toBe(world.corpus.ids[first + index])
            expect(example.activations[index]).toBe(activation.get(first + index) ?? 0)
          }
          expect(example.silent).toBe(example.activations[example.nominal] === 0)
          if (example.use === 'explain') expect(example.nominal).toBe(4)
          if (example.slice === 'top' || example.slice.startsWith('interval'))
            expect(example.silent).toBe(false)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('draws the strongest windows as top, and takes nothing but the asked numbers', () => {
    fc.assert(
      fc.property(WORLDS, (settings) => {
        const { sample } = sampled(settings)
        if (sample.state !== 'alive') return
        for (const [use, mix] of [
          ['explain', PROTOCOL.explain],
          ['score', PROTOCOL.score],
        ] as const) {
          const mine = sample.examples.filter((one) => one.use === use)
          const of = (slice: string): Example[] => mine.filter((one) => one.slice === slice)
          const weakestTop = Math.min(...of('top').map((one) => one.activations[one.nominal]!))
          for (const one of mine.filter(({ slice }) => slice.startsWith('interval')))
            expect(one.activations[one.nominal]!).toBeLessThanOrEqual(weakestTop)
          expect(of('top').length).toBeLessThanOrEqual(mix.top)
          for (let k = 1; k <= 12; k++)
            expect(of(`interval ${k}`).length).toBeLessThanOrEqual(mix.perInterval)
          expect(of('random').length).toBeLessThanOrEqual(mix.random)
          expect(of('other').length).toBeLessThanOrEqual(mix.other)
          const topEntries = new Set(
            sample.examples
              .filter((one) => one.use === 'explain' && one.slice === 'top')
              .map((one) => one.tokens[one.nominal]),
          )
          for (const one of of('other')) expect(topEntries).toContain(one.tokens[one.nominal])
          // Firing occurrences come only once no silent one is left, so the silent ones come first.
          const silence = of('other').map(({ silent }) => silent)
          expect(silence.lastIndexOf(true)).toBeLessThanOrEqual(
            silence.indexOf(false) < 0 ? silence.length : silence.indexOf(false),
          )
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is the same again, and changes with the seed', () => {
    const world = worldOf(30, 200, 5)
    const firings = firingsOf(world, 3, [4, 9, 22], 0.6, 5)
    expect(sampleOf(world, firings)).toEqual(sampleOf(world, firings))
    expect(sampleOf(world, firings, PROTOCOL, 2)).not.toEqual(sampleOf(world, firings))
  })
})

describe('a rich feature', () => {
  const world = worldOf(80, 400, 11)
  const firings = firingsOf(world, 8, [4, 9, 22, 35], 0.5, 11)
  const sample = sampleOf(world, firings)
  const of = (use: string): Example[] => sample.examples.filter((one) => one.use === use)

  it('gets all 49 and 60 examples', () => {
    expect(sample.state).toBe('alive')
    expect(of('explain')).toHaveLength(49)
    expect(of('score')).toHaveLength(60)
  })

  it('draws interval examples from their twelfth of the maximum', () => {
    for (const use of ['explain', 'score']) {
      const max = Math.max(...of(use).map((one) => one.activations[one.nominal]!))
      // The activations are dense in every interval but perhaps the highest, which top empties.
      for (let k = 1; k <= 10; k++)
        for (const one of of(use).filter(({ slice }) => slice === `interval ${k}`)) {
          const share = (one.activations[one.nominal]! / max) * 12
          expect(share).toBeGreaterThan(k - 1)
          expect(share).toBeLessThanOrEqual(k)
        }
    }
  })

  it('puts the nominal token of score windows at every index about equally often', () => {
    const counts = Array.from({ length: 9 }, () => 0)
    for (let feature = 0; feature < 40; feature++)
      for (const one of sampleOf(world, firingsOf(world, feature, [4, 9, 22], 0.5, feature)).examples)
        if (one.use === 'score') counts[one.nominal]!++
    const total = counts.reduce((a, b) => a + b, 0)
    for (const count of counts) expect(Math.abs(count / total - 1 / 9)).toBeLessThan(0.02)
  })

  it('keeps it in the middle where the protocol says so', () => {
    const fixed = sampleOf(world, firings, { ...PROTOCOL, centre: 'fixed' })
    expect(new Set(fixed.examples.map(({ nominal }) => nominal))).toEqual(new Set([4]))
  })

  it('draws random windows whatever they do', () => {
    const firing = of('score').filter(({ slice, silent }) => slice === 'random' && !silent)
    expect(of('score').filter(({ slice }) => slice === 'random')).toHaveLength(10)
    expect(firing.length).toBeLessThan(10)
  })
})

describe('interval refill', () => {
  it('takes the unused window nearest to the middle of an interval that has too few', () => {
    const world = worldOf(40, 200, 21)
    const base = firingsOf(world, 1, [4, 9], 0.9, 21)
    // Activations only near the top: every lower interval has to be refilled from 0.8 upward.
    const firings = { ...base, activations: base.activations.map((_, i) => 0.8 + (i % 100) / 500) }
    const sample = sampleOf(world, firings)
    const low = sample.examples.filter(({ use, slice }) => use === 'score' && slice === 'interval 1')
    expect(low).toHaveLength(2)
    const others = sample.examples.filter(
      ({ use, slice }) => use === 'score' && slice.startsWith('interval') && Number(slice.split(' ')[1]) > 1,
    )
    const weakest = Math.max(...low.map((one) => one.activations[one.nominal]!))
    for (const one of others.filter(({ slice }) => Number(slice.split(' ')[1]) < 10))
      expect(one.activations[one.nominal]!).toBeGreaterThanOrEqual(weakest)
  })
})

describe('a protocol with a third use', () => {
  const choosing: SlicesProtocol = {
    ...PROTOCOL,
    choose: { top: 3, perInterval: 1, random: 5, other: 10 },
  }

  it('shares no document and no window between any two uses', () => {
    let alive = 0
    fc.assert(
      fc.property(WORLDS, (settings) => {
        const world = worldOf(settings.documents, settings.length, settings.seed)
        const firings = firingsOf(world, 3, settings.entries, settings.rate, settings.seed)
        const { state, examples } = sampleOf(world, firings, choosing, settings.seed)
        const uses = new Map<number, Set<string>>()
        for (const { document, use } of examples)
          uses.set(document, (uses.get(document) ?? new Set()).add(use))
        expect([...uses.values()].every(({ size }) => size === 1)).toBe(true)
        const keys = examples.map((example) => centredKey(world, example))
        expect(new Set(keys).size).toBe(keys.length)
        if (state === 'alive') {
          alive++
          for (const use of ['explain', 'score', 'choose'])
            expect(examples.filter((one) => one.use === use && !one.silent).length).toBeGreaterThanOrEqual(5)
        }
      }),
      { numRuns: 150 },
    )
    expect(alive).toBeGreaterThan(20)
  })

  it('gets a mix of its own, at drawn indices', () => {
    const world = worldOf(80, 400, 11)
    const sample = sampleOf(world, firingsOf(world, 8, [4, 9, 22, 35], 0.5, 11), choosing)
    const counts = (use: string): number => sample.examples.filter((one) => one.use === use).length
    expect([counts('explain'), counts('score'), counts('choose')]).toEqual([49, 60, 30])
    const nominals = sample.examples.filter(({ use }) => use === 'choose').map(({ nominal }) => nominal)
    expect(new Set(nominals).size).toBeGreaterThan(4)
  })
})

describe('features that are too rare', () => {
  const world = worldOf(40, 120, 31)

  it('are dead without firings', () => {
    expect(sampleOf(world, firingsOf(world, 1, [], 1, 1))).toEqual({
      feature: 1,
      state: 'dead',
      singleToken: null,
      examples: [],
    })
  })

  it('are told apart by documents and by distinct windows on each side', () => {
    const all = firingsOf(world, 1, [4, 9, 22], 1, 1)
    const firstDocument = all.tokens.filter((token) => windowsOf(world).documentOf[token] === 0).length
    const only = (keep: (token: number, index: number) => boolean): FeatureFirings => {
      const places = Array.from(all.tokens.keys()).filter((i) => keep(all.tokens[i]!, i))
      return {
        ...all,
        tokens: Uint32Array.from(places, (i) => all.tokens[i]!),
        activations: Float32Array.from(places, (i) => all.activations[i]!),
      }
    }
    expect(firstDocument).toBeGreaterThan(0)
    expect(
      sampleOf(
        world,
        only((token) => windowsOf(world).documentOf[token] === 0),
      ).state,
    ).toBe('tooRare')
    const nominal = all.tokens.filter((token) => windowsOf(world).hashes[token] !== 0)
    expect(
      sampleOf(
        world,
        only((token) => nominal.slice(0, 9).includes(token)),
      ).state,
    ).toBe('tooRare')
    expect(sampleOf(world, all).state).toBe('alive')
    expect(sampleOf(world, all, { ...PROTOCOL, minimumScoreExamples: 61 }).state).toBe('tooRare')
  })

  it('need five distinct windows on each side: exactly then they are alive', () => {
    // One firing window in each of many documents: the split alternates, so 2n documents give n windows a side.
    for (const documents of [9, 10, 11, 12]) {
      const large = worldOf(30, 60, 41)
      const tokens: number[] = []
      for (let document = 0; document < documents; document++) {
        const found = Array.from(windowsOf(large).nominalTokens).find(
          (token) => windowsOf(large).documentOf[token] === document,
        )
        tokens.push(found!)
      }
      const firings = {
        feature: 1,
        tokens: Uint32Array.from(tokens),
        activations: new Float32Array(tokens.length).fill(1),
        labels: new Uint32Array(),
      }
      expect(sampleOf(large, firings).state, `${documents} documents`).toBe(
        documents >= 10 ? 'alive' : 'tooRare',
      )
    }
  })
})

describe('the single-token flag', () => {
  const world = worldOf(40, 200, 51)

  it('marks features whose strongest token is one', () => {
    expect(sampleOf(world, firingsOf(world, 1, [4], 1, 1)).singleToken).toBe(true)
    expect(sampleOf(world, firingsOf(world, 1, [4, 9], 1, 1)).singleToken).toBe(false)
  })
})

describe('protocol files', () => {
  it('are refused with what is wrong', () => {
    expect(() => parseProtocol('name: x', 'p.yaml')).toThrow(/^p\.yaml: /)
    expect(PROTOCOL.hash).toMatch(/^[0-9a-f]{64}$/)
  })
})
