import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledMigrations, bundledProtocol } from '../../src/cli/assets.ts'
import type { Slice } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'
import type { Example } from '../../src/core/records.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

/** Words of the made-up vocabulary. */
const WORDS =
  'apple bridge cloud dream engine forest garden harbour island journey kettle ladder mirror needle ocean pepper quarry river silver timber'.split(
    ' ',
  )

/** How a made-up study differs from a plain one. */
export interface ReviewStudyOptions {
  readonly features?: number
  /** Units of a neuron and of a random set beside the features. */
  readonly baselines?: number
  /** Texts of tokens, in place of plain words. */
  readonly words?: readonly string[]
  readonly explanation?: (feature: number) => string
  /** Whether it has the windows that scorers ask questions about. */
  readonly contrasts?: boolean
}

/**
 * A study that was never computed, in a folder: features that fire on one word each, explained and scored, ready to be
 * reviewed. Everything follows from the options.
 */
export function writeReviewStudy(
  folder: string,
  {
    features = 40,
    baselines = 0,
    words = WORDS,
    explanation = (feature) => `the word ${words[feature % words.length]}`,
    contrasts = false,
  }: ReviewStudyOptions = {},
): string {
  writeFileSync(join(folder, 'gloss.yaml'), 'model: planted\nhook: blocks.0.mlp.hook_post\n')
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  const protocol = bundledProtocol('monosemanticity')
  const bytes = new TextEncoder()
  store.vocabulary.put(
    't',
    words.map((word) => bytes.encode(` ${word}`)),
  )
  const none = { protocol: null, protocolHash: null, prompt: null, promptHash: null, llm: null }
  const addSet = (id: string, kind: 'sae' | 'neurons' | 'random', count: number): void => {
    const provenanceId = store.provenance.put({
      ...none,
      version: '0',
      seed: 0,
      model: 'planted',
      weightsHash: 'w',
      tokenizerHash: 't',
      corpusHash: 'c',
      setId: id,
      setHash: id,
    })
    store.featureSets.put({
      id,
      kind,
      hook: 'blocks.0.mlp.hook_post',
      architecture: 'topk',
      features: count,
      dIn: 8,
      folder: `features/${id}`,
      provenanceId,
      shuffledSeed: null,
      metrics: {
        l0: 1,
        fvu: 0,
        deadShare: 0,
        crossEntropy: 3,
        crossEntropyReconstructed: 3,
        crossEntropyZeroed: 5,
        crossEntropyRecovered: 1,
        tokens: 1000,
      },
    })
    store.collections.put({
      setId: id,
      corpusHash: 'c',
      tokenizerHash: 't',
      tokens: 1000,
      eligible: 1000,
      documents: 1,
      contexts: 1,
      contextLength: 256,
      entries: 1,
      bytes: 1,
      provenanceId,
    })
    store.features.put(
      id,
      Array.from({ length: count }, (_, feature) => ({
        id: feature,
        density: 0.0005 * (feature + 1),
        max: 1 + (feature % 7) / 2,
        firings: 10 * (feature + 1),
        state: 'alive' as const,
        tokenShare: 0.9,
        singleToken: true,
        histogram: [9, 6, 4, 2, 1],
        logits: {
          top: [...words.keys()].slice(0, 10).map((token) => [token, 1] as const),
          bottom: [...words.keys()].slice(-10).map((token) => [token, -1] as const),
        },
      })),
    )
    for (let feature = 0; feature < count; feature++) {
      store.examples.putSample(id, protocol.name, provenanceId, {
        feature,
        state: 'alive',
        singleToken: true,
        examples: examplesOf(feature, words.length),
      })
      if (kind !== 'sae') continue
      if (contrasts)
        store.examples.putSample(id, `${protocol.name}+random`, provenanceId, {
          feature,
          state: 'alive',
          singleToken: true,
          examples: contrastsOf(feature, words.length),
          firingShare: 0.02,
        })
      const explanationId = `e${feature}`
      store.explanations.put(
        {
          id: explanationId,
          setId: id,
          featureId: feature,
          explainer: 'pairs',
          llm: 'judge',
          text: explanation(feature),
          problem: null,
          requestHash: null,
          provenanceId,
        },
        new Date(0),
      )
      const value = Math.round(100 * Math.sin(feature + 1) ** 2) / 100
      store.scores.put(
        [
          {
            id: `s${feature}`,
            explanationId,
            scorer: 'simulation',
            protocol: protocol.name,
            tier: 'integersSparse',
            value,
            low: value - 0.1,
            high: value + 0.1,
            n: 540,
            undefined: null,
            flag: null,
            ceiling: 1,
            digitMass: null,
            coverage: {},
            failedCalls: 0,
            failedControlCalls: 0,
            unreadableCalls: 0,
            provenanceId,
          },
        ],
        [
          {
            scoreId: `s${feature}`,
            name: 'shuffled',
            value: 0,
            gain: value,
            gainLow: value - 0.1,
            gainHigh: value + 0.1,
            p: null,
            partner: null,
          },
        ],
      )
    }
  }
  store.transaction(() => {
    addSet('planted', 'sae', features)
    if (baselines > 0) {
      addSet('neurons', 'neurons', baselines)
      addSet('directions', 'random', baselines)
    }
    store.documents.put('c', [{ name: 'planted', register: 'prose', tokens: 1000 }])
    store.study.put('set', 'planted')
    store.study.put('protocol', protocol.name)
    store.study.put('explainer', 'pairs')
    store.study.put('llm', 'judge')
    store.study.put('tier', 'integersSparse')
  })
  store.close()
  return folder
}

function examplesOf(feature: number, words: number): Example[] {
  const slices: Slice[] = [
    ...Array.from({ length: 6 }, (): Slice => 'top'),
    ...Array.from({ length: 24 }, (_, place): Slice => `interval ${1 + (place >> 1)}`),
    ...Array.from({ length: 4 }, (): Slice => 'random'),
    ...Array.from({ length: 4 }, (): Slice => 'other'),
  ]
  return (['explain', 'score'] as const).flatMap((use) => {
    const random = new Random(feature, 'review study', use)
    return slices.map((slice): Example => {
      const own = feature % words
      const tokens = Array.from({ length: 9 }, () => random.below(words))
      const level = slice === 'top' ? 12 : slice.startsWith('interval') ? Number(slice.slice(9)) : 0
      if (level > 0) tokens[4] = own
      const activations = tokens.map((token) => (token === own && level > 0 ? level / 12 : 0))
      return {
        use,
        slice,
        document: 0,
        context: 0,
        position: 4,
        nominal: 4,
        silent: level === 0,
        tokens,
        activations,
      }
    })
  })
}

/** Windows that fire on the feature's word at any place, and such without it. */
function contrastsOf(feature: number, words: number): Example[] {
  const random = new Random(feature, 'review study', 'contrasts')
  const own = feature % words
  return Array.from({ length: 90 }, (_, place): Example => {
    const fires = place < 50
    const nominal = fires ? random.below(9) : 4
    const tokens = Array.from({ length: 9 }, () => (own + 1 + random.below(words - 1)) % words)
    if (fires) tokens[nominal] = own
    return {
      use: 'score',
      slice: fires ? `interval ${1 + (place % 12)}` : 'negative',
      document: 0,
      context: 0,
      position: 4,
      nominal,
      silent: !fires,
      tokens,
      activations: tokens.map((token) => (token === own ? (1 + (place % 12)) / 12 : 0)),
    }
  })
}
