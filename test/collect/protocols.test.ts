import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundledProtocol, bundledProtocolNames } from '../../src/cli/assets.ts'
import type { ActivationShard } from '../../src/collect/activation-shards.ts'
import { type FeatureFirings, firingsByFeature } from '../../src/collect/firings.ts'
import type { FeatureSample } from '../../src/collect/sample.ts'
import { type Sampler, samplerFor } from '../../src/collect/sampler.ts'
import { examplesWanted, parseProtocol, type Protocol, type Use, usesOf } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'
import type { Example } from '../../src/core/records.ts'
import { ROOT } from '../support/paths.ts'
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
} from '../support/small-world.ts'

const NAMES = [
  'bills',
  'imported',
  'monosemanticity',
  'monosemanticity-2023',
  'monosemanticity-choose',
  'quick',
]

function samplerOf(world: World, protocol: Protocol, seed: number): Sampler {
  return samplerFor(protocol, { ...world, vocabularySize: VOCABULARY, allDigits: isDigits }, seed)
}

function labelled(sampler: Sampler, firings: FeatureFirings): FeatureFirings {
  return { ...firings, labels: firings.tokens.map((token) => sampler.labels?.[token] ?? 0) }
}

function sampleOf(world: World, firings: FeatureFirings, protocol: Protocol, seed = 1): FeatureSample {
  const sampler = samplerOf(world, protocol, seed)
  return sampler.sample(labelled(sampler, firings))
}

/** What a sample must be for any protocol. */
function check(
  world: World,
  firings: FeatureFirings,
  protocol: Protocol,
  examples: readonly Example[],
): void {
  const activation = new Map(Array.from(firings.tokens, (token, i) => [token, firings.activations[i]!]))
  const useOf = new Map<number, Use>()
  for (const example of examples) {
    expect(useOf.get(example.document) ?? example.use).toBe(example.use)
    useOf.set(example.document, example.use)
    expect(example.tokens).toHaveLength(protocol.window)
    const first = nominalToken(world, example) - example.nominal
    expect(first).toBeGreaterThanOrEqual(world.plan.starts[example.context]!)
    expect(first + protocol.window).toBeLessThanOrEqual(world.plan.starts[example.context + 1]!)
    expect(world.plan.documents[example.context]).toBe(example.document)
    for (const [index, token] of example.tokens.entries()) {
      expect(token).toBe(world.corpus.ids[first + index])
      expect(world.eligible[first + index]).toBe(1)
      expect(example.activations[index]).toBe(activation.get(first + index) ?? 0)
    }
    expect(example.silent).toBe(example.activations[example.nominal] === 0)
  }
  const texts = examples.map(shownKey)
  expect(new Set(texts).size).toBe(texts.length)
  if (protocol.sampler === 'slices') {
    const keys = examples.map((example) => centredKey(world, example))
    expect(new Set(keys).size).toBe(keys.length)
  }
  for (const use of usesOf(protocol)) {
    const mix = protocol[use]!
    const mine = examples.filter((one) => one.use === use)
    expect(mine.length).toBeLessThanOrEqual(examplesWanted(mix, protocol.intervals))
    for (const slice of ['top', 'random', 'other'] as const)
      expect(mine.filter((one) => one.slice === slice).length).toBeLessThanOrEqual(mix[slice])
  }
}

describe('the bundled protocols', () => {
  it('are these', () => {
    expect(bundledProtocolNames()).toEqual(NAMES)
    for (const name of NAMES) expect(bundledProtocol(name).name).toBe(name)
  })

  it.each(NAMES)('%s draws the same examples as ever', (name) => {
    const protocol = bundledProtocol(name)
    const world = worldOf(90, 300, 3, 128)
    const lines = [
      firingsOf(world, 5, [4, 9, 22], 0.5, 3),
      firingsOf(world, 6, [13], 0.05, 3),
      firingsOf(world, 7, [30], 0.003, 3),
    ].flatMap((firings) => {
      const { state, singleToken, examples } = sampleOf(world, firings, protocol)
      return [
        `feature ${firings.feature}: ${state}, single token ${singleToken}`,
        ...examples.map((one) =>
          [one.use, one.slice, one.document, one.context, one.position, one.nominal, one.silent].join(' '),
        ),
      ]
    })
    const golden = join(ROOT, 'test', 'golden', `sample-${name}.txt`)
    const found = `${lines.join('\n')}\n`
    expect(found).toBe(readFileSync(golden, 'utf8'))
  })

  it.each(NAMES)('%s keeps uses apart, repeats no window and stays in contexts, for any feature', (name) => {
    const protocol = bundledProtocol(name)
    let alive = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 60 }),
        fc.integer({ min: 60, max: 160 }),
        fc.uniqueArray(fc.integer({ min: 1, max: VOCABULARY - 1 }), { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0.02, max: 1, noNaN: true }),
        fc.nat(10_000),
        (documents, length, entries, rate, seed) => {
          const world = worldOf(documents, length, seed, 90)
          const firings = firingsOf(world, 3, entries, rate, seed)
          const { state, examples } = sampleOf(world, firings, protocol, seed)
          check(world, firings, protocol, examples)
          expect(examples.length > 0).toBe(state === 'alive')
          if (state === 'alive') alive++
        },
      ),
      // Few of them are alive in bills.
      { numRuns: 150 },
    )
    expect(alive).toBeGreaterThan(0)
  })

  it.each(NAMES)('%s does not depend on how the shards are cut', (name) => {
    const protocol = bundledProtocol(name)
    const world = worldOf(60, 200, 8, 128)
    const features = [
      firingsOf(world, 0, [4, 9], 0.4, 8),
      firingsOf(world, 1, [11], 1, 8),
      firingsOf(world, 2, [30, 31], 0.7, 8),
    ]
    const counts = Uint32Array.from(features, ({ tokens }) => tokens.length)
    const sampler = samplerOf(world, protocol, 1)
    const drawn = (cuts: readonly number[], memory: number): FeatureSample[] =>
      Array.from(
        firingsByFeature(counts, () => shardsOf(world, features, cuts), memory, sampler.labels),
        (firings) => sampler.sample(firings),
      )
    const whole = drawn([], 1 << 20)
    expect(whole.some(({ state }) => state === 'alive')).toBe(true)
    const random = new Random(4)
    for (const memory of [1, 1000, 1 << 20]) {
      const cuts = Array.from({ length: 5 }, () => random.below(world.corpus.ids.length)).toSorted(
        (a, b) => a - b,
      )
      expect(drawn(cuts, memory)).toEqual(whole)
    }
    // Nor on which other features are sampled.
    const only = firingsByFeature(
      counts.map((count, feature) => (feature === 1 ? count : 0)),
      () => shardsOf(world, features, []),
      1 << 20,
      sampler.labels,
    )
    expect([...only].filter(({ tokens }) => tokens.length > 0).map((one) => sampler.sample(one))).toEqual([
      whole[1],
    ])
  })
})

/** Shards of several features' firings, cut at some tokens. */
function shardsOf(
  world: World,
  features: readonly FeatureFirings[],
  cuts: readonly number[],
): ActivationShard[] {
  const ends = [...cuts, world.corpus.ids.length]
  return ends.map((end, place) => {
    const start = ends[place - 1] ?? 0
    const offsets = [0]
    const ids: number[] = []
    const values: number[] = []
    for (let token = start; token < end; token++) {
      for (const { feature, tokens, activations } of features) {
        const at = tokens.indexOf(token)
        if (at < 0) continue
        ids.push(feature)
        values.push(activations[at]!)
      }
      offsets.push(ids.length)
    }
    return {
      start,
      end,
      offsets: Uint32Array.from(offsets),
      features: Uint16Array.from(ids),
      values: Float32Array.from(values),
    }
  })
}

describe('examples beyond the protocol', () => {
  it('come from the score side, repeat nothing, and leave the standard ones as they are', () => {
    const protocol = slicesProtocol('monosemanticity')
    const world = worldOf(120, 300, 5, 128)
    for (const feature of [1, 2, 3]) {
      const firings = firingsOf(world, feature, [4 * feature, 9, 22], 0.6, feature)
      const sampler = samplerOf(world, protocol, 1)
      const { examples } = sampler.sample(labelled(sampler, firings))
      const more = sampler.sampleMore!(labelled(sampler, firings))
      expect(more).toHaveLength(120)
      expect(more.every(({ use }) => use === 'score')).toBe(true)
      check(world, firings, { ...protocol, score: { top: 18, perInterval: 6, random: 30, other: 60 } }, [
        ...examples,
        ...more,
      ])
      expect(sampler.sample(labelled(sampler, firings)).examples).toEqual(examples)
      expect(sampler.sampleMore!(labelled(sampler, firings))).toEqual(more)
      const weakest = Math.min(
        ...examples
          .filter(({ use, slice }) => use === 'score' && slice === 'top')
          .map((one) => one.activations[one.nominal]!),
      )
      for (const one of more.filter(({ slice }) => slice === 'top'))
        expect(one.activations[one.nominal]!).toBeLessThanOrEqual(weakest)
    }
  })
})

describe('ranked contexts', () => {
  const protocol = bundledProtocol('bills')
  const world = worldOf(90, 300, 3, 128)
  const firings = firingsOf(world, 5, [4, 9, 22], 0.5, 3)
  const { examples } = sampleOf(world, firings, protocol)

  it('are dealt to the uses by rank: 0, 4, 8 … to explain, 2, 6, 10 … to score, 1, 5, 9 … to choose', () => {
    // A second implementation of the ranking: of each document the block with the largest activation.
    const activation = new Map(Array.from(firings.tokens, (token, i) => [token, firings.activations[i]!]))
    const best = new Map<number, number>()
    const { starts, documents } = world.plan
    for (let context = 0; context < documents.length; context++) {
      let run: number[] = []
      for (let token = starts[context]!; token < starts[context + 1]!; token++) {
        run = world.eligible[token] ? [...run, activation.get(token) ?? 0] : []
        if (run.length < 64) continue
        const document = documents[context]!
        best.set(document, Math.max(best.get(document) ?? 0, ...run))
        run = []
      }
    }
    const ranked = [...best].toSorted((a, b) => b[1] - a[1]).map(([document]) => document)
    const documentsOf = (use: Use): number[] =>
      examples.filter((one) => one.use === use && one.slice === 'top').map(({ document }) => document)
    expect(documentsOf('explain')).toEqual([0, 4, 8, 12, 16].map((rank) => ranked[rank]))
    expect(documentsOf('score')).toEqual([2, 6, 10, 14, 18].map((rank) => ranked[rank]))
    expect(documentsOf('choose')).toEqual([1, 5, 9, 13, 17].map((rank) => ranked[rank]))
  })

  it('are at most one of a document, five and five', () => {
    const documents = examples.map(({ document }) => document)
    expect(new Set(documents).size).toBe(documents.length)
    const count = (use: Use, slice: string): number =>
      examples.filter((one) => one.use === use && one.slice === slice).length
    expect([count('explain', 'top'), count('explain', 'random')]).toEqual([5, 0])
    expect([count('score', 'top'), count('score', 'random')]).toEqual([5, 5])
    expect([count('choose', 'top'), count('choose', 'random')]).toEqual([5, 5])
  })

  it('are too few of a feature that fires in fewer documents than the ranks that are needed', () => {
    const state = (documents: number): string => {
      const kept = Array.from(firings.tokens.keys()).filter(
        (i) => documentOf(world, firings.tokens[i]!) < documents,
      )
      const some = {
        ...firings,
        tokens: Uint32Array.from(kept, (i) => firings.tokens[i]!),
        activations: Float32Array.from(kept, (i) => firings.activations[i]!),
      }
      return sampleOf(world, some, protocol).state
    }
    expect([state(0), state(10), state(30)]).toEqual(['dead', 'tooRare', 'alive'])
  })
})

function documentOf({ plan }: World, token: number): number {
  const context = plan.starts.findIndex((start) => start > token) - 1
  return plan.documents[context]!
}

describe('a protocol file', () => {
  const text = readFileSync(join(ROOT, 'prompts', 'protocols', 'monosemanticity.yaml'), 'utf8')
  const refused = (from: string | RegExp, to: string): string => {
    try {
      parseProtocol(text.replace(from, to), 'mine.yaml')
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }

  it('is known by the hash of its text', () => {
    expect(parseProtocol(text, 'a').hash).not.toBe(parseProtocol(`${text}\n`, 'a').hash)
  })

  it.each([
    ['an even window', 'window: 9', 'window: 8', /^mine\.yaml: window: .*odd/],
    ['an unknown key', 'window: 9', 'window: 9\nwindwo: 3', /^mine\.yaml: .*windwo/],
    ['a name that no file can have', 'name: monosemanticity', 'name: ../x', /^mine\.yaml: name: /],
    ['an unknown sampler', 'window: 9', 'window: 9\nsampler: dice', /^mine\.yaml: sampler/],
    ['no firing windows', /score: .*/, 'score: { top: 0, random: 60 }', /^mine\.yaml: .*windows that fire/],
    ['fewer than it needs', 'minimumScoreExamples: 20', 'minimumScoreExamples: 61', /^mine\.yaml: .*fewer/],
    ['an unknown statistic', 'scale: 9', 'scale: 9\nheadline: kendall', /^mine\.yaml: headline/],
    ['what is no YAML', 'window: 9', 'window: [', /^mine\.yaml is no valid YAML/],
  ])('is refused with %s', (_name, from, to, message) => {
    expect(refused(from, to)).toMatch(message)
  })
})
