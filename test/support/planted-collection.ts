import { bundledMigrations, bundledProtocol } from '../../src/cli/assets.ts'
import { ContrastSampler } from '../../src/collect/contrast-sample.ts'
import type { FeatureFirings } from '../../src/collect/firings.ts'
import { FeatureSampler } from '../../src/collect/sample.ts'
import { WindowIndex } from '../../src/collect/windows.ts'
import { eligibleTokens, planContexts } from '../../src/core/contexts.ts'
import type { SlicesProtocol } from '../../src/core/protocol.ts'
import { escapeForPrompt } from '../../src/core/escape-prompt.ts'
import { hash32, Random } from '../../src/core/random.ts'
import type { FeatureSetRecord } from '../../src/core/store.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'
import type { TokenCorpus } from '../../src/core/token-corpus.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { tokenTexts } from '../../src/pipeline/token-texts.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

const DOCUMENTS = 320
const DOCUMENT_TOKENS = 1000
const VOCABULARY = 2000

/** Tokens that prompts and parsers have to be careful with, among them pieces of characters. */
const HOSTILE: readonly (string | number[])[] = [
  '\n',
  '\t',
  '\r\n',
  '\n\n',
  ' ',
  '',
  '1: yes',
  'none',
  '«',
  '»',
  '⁹',
  '\\',
  '\\n',
  '·',
  '=9',
  '"',
  '\u202E',
  '\u200B',
  [0xe2],
  [0xe2, 0x80],
  [0x94],
  [0x80, 0x93],
  [0xf0, 0x9f],
  [0xff],
]
/** Every so many features fire on hostile tokens first. */
const HOSTILE_EVERY = 4
/** Of all tokens, what one token of a feature that fires in contexts makes it fire on at the most. */
const MOST_OF_A_TOKEN = 0.0005

/**
 * What planted features fire on. `ownTokens`: nearly every occurrence of a few tokens, so that rare features fire on rare
 * tokens alone. `inContext`: a few tokens behind some others only, tokens as frequent as text's own at every density.
 */
export type PlantedRule = 'ownTokens' | 'inContext'

/** A collection whose features fire by rules of their own, with the examples that the samplers draw from it. */
export interface PlantedCollection {
  readonly study: Study
  readonly set: FeatureSetRecord
  /** Features that have examples. */
  readonly features: readonly number[]
  /** Share of the corpus that a token is, by its text as prompts show it. */
  readonly shareOf: (shown: string) => number
}

/** Plants features of a density in made-up text and samples them as a study would. Close the study's store. */
export function plantedCollection(
  count: number,
  density: number,
  seed: number,
  rule: PlantedRule = 'ownTokens',
): PlantedCollection {
  const random = new Random(seed, 'corpus')
  const bytes = vocabularyBytes()
  const frequencies = Float64Array.from({ length: VOCABULARY }, (_, rank) => 1 / (rank + 20))
  const total = frequencies.reduce((sum, one) => sum + one, 0)
  const corpus = makeCorpus(frequencies, total, random)
  const plan = planContexts(corpus, 256, null)
  const eligible = eligibleTokens(corpus, plan, [])
  const protocol = bundledProtocol('monosemanticity') as SlicesProtocol
  const windows = new WindowIndex(corpus, plan, eligible, protocol.window, VOCABULARY, () => false)
  const sampler = new FeatureSampler(windows, plan, DOCUMENTS, protocol, seed)
  const contrast = new ContrastSampler(windows, plan, DOCUMENTS, protocol, seed)
  const byToken = tokensByEntry(corpus, eligible)

  const store = openStore(':memory:', bundledMigrations())
  const none = { protocol: null, protocolHash: null, prompt: null, promptHash: null, llm: null }
  const provenanceId = store.provenance.put({
    ...none,
    version: '0',
    seed,
    model: 'planted',
    weightsHash: 'w',
    tokenizerHash: 't',
    corpusHash: 'c',
    setId: 'planted',
    setHash: 's',
  })
  const set: FeatureSetRecord = {
    id: 'planted',
    kind: 'sae',
    hook: 'planted',
    architecture: 'topk',
    features: count,
    dIn: 1,
    folder: 'nowhere',
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
      tokens: 1,
    },
  }
  store.featureSets.put(set)
  store.collections.put({
    setId: set.id,
    corpusHash: 'c',
    tokenizerHash: 't',
    tokens: corpus.ids.length,
    eligible: corpus.ids.length,
    documents: DOCUMENTS,
    contexts: plan.documents.length,
    contextLength: 256,
    entries: 1,
    bytes: 1,
    provenanceId,
  })
  store.vocabulary.put('t', bytes)
  store.features.put(
    set.id,
    Array.from({ length: count }, (_, id) => ({
      id,
      density,
      max: 10,
      firings: 1,
      state: 'alive' as const,
      tokenShare: null,
      singleToken: null,
      histogram: [1],
      logits: { top: likely(seed, id), bottom: [] },
    })),
  )
  const shares = frequencies.map((frequency) => frequency / total)
  const features: number[] = []
  store.transaction(() => {
    for (let feature = 0; feature < count; feature++) {
      const firing =
        rule === 'ownTokens'
          ? onOwnTokens(feature, density, shares, byToken, seed)
          : inContexts(feature, density, shares, byToken, corpus.ids, seed)
      const firings = firingsOf(feature, firing, windows.hashes)
      const sample = sampler.sample(firings)
      store.examples.putSample(set.id, protocol.name, provenanceId, sample)
      if (sample.state !== 'alive') continue
      features.push(feature)
      const drawn = contrast.sample(firings, sample.examples)
      store.examples.putSample(set.id, `${protocol.name}+random`, provenanceId, { ...sample, ...drawn })
    }
  })
  const missing = (): never => {
    throw new Error('a planted collection has no model')
  }
  // Every judge asks for the same examples again.
  const of = store.examples.of.bind(store.examples)
  const read = new Map<string, ReturnType<typeof of>>()
  const remembered = (setId: string, feature: number, name: string): ReturnType<typeof of> => {
    const key = `${feature} ${name}`
    const found = read.get(key) ?? of(setId, feature, name)
    read.set(key, found)
    return found
  }
  const study: Study = {
    folder: '/nowhere',
    config: studyConfigSchema.parse({ model: 'planted', hook: 'planted', seed }),
    corpusPaths: [],
    protocol,
    store: { ...store, examples: { ...store.examples, of: remembered } },
    workshop: {
      startTraining: missing,
      resumeTraining: missing,
      load: missing,
      saveNeurons: missing,
      saveRandomDirections: missing,
      alignedPairs: missing,
    },
    version: '0',
    model: missing,
    tokenizer: missing,
    now: () => new Date(0),
    signal: new AbortController().signal,
  }
  return { study, set, features, shareOf: sharesOf(corpus, tokenTexts(study, set)) }
}

function sharesOf(
  { ids }: TokenCorpus,
  textsOf: (tokens: readonly number[]) => readonly string[],
): (shown: string) => number {
  const shown = textsOf(Array.from({ length: VOCABULARY }, (_, id) => id)).map(escapeForPrompt)
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(shown[id]!, (counts.get(shown[id]!) ?? 0) + 1)
  return (text) => (counts.get(text) ?? 0) / ids.length
}

function vocabularyBytes(): Uint8Array[] {
  const encoder = new TextEncoder()
  return Array.from({ length: VOCABULARY }, (_, id) => {
    // Hostile tokens at ranks from frequent to rare, so that some fit every density.
    const hostile = id % 20 === 5 ? HOSTILE[(id - 5) / 20] : undefined
    if (Array.isArray(hostile)) return Uint8Array.from(hostile)
    return encoder.encode(hostile ?? ` w${id.toString(36)}`)
  })
}

function isHostile(token: number): boolean {
  return token % 20 === 5 && (token - 5) / 20 < HOSTILE.length
}

function makeCorpus(frequencies: Float64Array, total: number, random: Random): TokenCorpus {
  const cumulative = new Float64Array(VOCABULARY)
  let sum = 0
  for (let id = 0; id < VOCABULARY; id++) cumulative[id] = sum += frequencies[id]! / total
  const ids = Uint16Array.from({ length: DOCUMENTS * DOCUMENT_TOKENS }, () => {
    const drawn = random.uniform() * sum
    let low = 0
    let high = VOCABULARY - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! <= drawn) low = middle + 1
      else high = middle
    }
    return low
  })
  return {
    hash: 'c',
    ids,
    documentStarts: Float64Array.from({ length: DOCUMENTS + 1 }, (_, index) => index * DOCUMENT_TOKENS),
    documents: Array.from({ length: DOCUMENTS }, (_, index) => ({ name: `${index}`, register: null })),
  }
}

function tokensByEntry({ ids }: TokenCorpus, eligible: Uint8Array): number[][] {
  const places = Array.from({ length: VOCABULARY }, (): number[] => [])
  for (const [token, id] of ids.entries()) if (eligible[token]) places[id]!.push(token)
  return places
}

type Firing = [token: number, activation: number]

/** Fires on nine tenths of the occurrences of a few tokens, each as strongly as it is, more or less. */
function onOwnTokens(
  feature: number,
  density: number,
  shares: Float64Array,
  byToken: readonly (readonly number[])[],
  seed: number,
): Firing[] {
  const random = new Random(seed, 'rule', feature)
  const order = random.shuffle(Array.from({ length: VOCABULARY }, (_, id) => id))
  if (feature % HOSTILE_EVERY === 0) order.sort((a, b) => Number(isHostile(b)) - Number(isHostile(a)))
  const firing: Firing[] = []
  let reached = 0
  for (const id of order) {
    const share = 0.9 * shares[id]!
    if (reached + share > 1.1 * density) continue
    reached += share
    const strength = 2 + 8 * random.uniform()
    for (const token of byToken[id]!) {
      const chance = hash32(seed, feature, token) / 2 ** 32
      if (chance < 0.9) firing.push([token, strength * (0.3 + 0.7 * (chance / 0.9))])
    }
    if (reached > 0.9 * density) break
  }
  return firing
}

/** Fires on a few tokens, drawn as text draws them, behind as many others as give each its part of the density. */
function inContexts(
  feature: number,
  density: number,
  shares: Float64Array,
  byToken: readonly (readonly number[])[],
  ids: TokenCorpus['ids'],
  seed: number,
): Firing[] {
  const random = new Random(seed, 'rule', feature)
  // An exponential time by share orders tokens as drawing without putting back does (Efraimidis and Spirakis, 2006).
  const times = shares.map((share) => -Math.log(1 - random.uniform()) / share)
  const order = Array.from({ length: VOCABULARY }, (_, id) => id).toSorted((a, b) => times[a]! - times[b]!)
  const firing: Firing[] = []
  let reached = 0
  for (const id of order) {
    if (reached > 0.9 * density) break
    const part = Math.min(0.9 * shares[id]!, MOST_OF_A_TOKEN, 1.1 * density - reached)
    reached += part
    const strength = 2 + 8 * random.uniform()
    for (const token of byToken[id]!) {
      if (hash32(seed, feature, ids[token - 1]!, id) / 2 ** 32 >= part / shares[id]!) continue
      firing.push([token, strength * (0.3 + 0.7 * (hash32(seed, feature, token) / 2 ** 32))])
    }
  }
  return firing
}

function firingsOf(feature: number, firing: Firing[], hashes: Uint32Array): FeatureFirings {
  firing.sort(([a], [b]) => a - b)
  const tokens = Uint32Array.from(firing, ([token]) => token)
  return {
    feature,
    tokens,
    activations: Float32Array.from(firing, ([, activation]) => activation),
    labels: tokens.map((token) => hashes[token]!),
  }
}

function likely(seed: number, feature: number): [number, number][] {
  return new Random(seed, 'logits', feature)
    .shuffle(Array.from({ length: VOCABULARY }, (_, id) => id))
    .slice(0, 60)
    .map((token, rank) => [token, 3 - rank / 50])
}
