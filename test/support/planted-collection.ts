import { bundledMigrations, bundledProtocol } from '../../src/cli/assets.ts'
import { ContrastSampler } from '../../src/collect/contrast-sample.ts'
import { FeatureSampler } from '../../src/collect/sample.ts'
import { WindowIndex } from '../../src/collect/windows.ts'
import { eligibleTokens, planContexts } from '../../src/core/contexts.ts'
import type { SlicesProtocol } from '../../src/core/protocol.ts'
import { escapeForPrompt } from '../../src/core/escape-prompt.ts'
import { Random } from '../../src/core/random.ts'
import type { FeatureSetRecord } from '../../src/core/store.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'
import type { TokenCorpus } from '../../src/core/token-corpus.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { tokenTexts } from '../../src/pipeline/token-texts.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { type PlantedRule, plantedFirings, VOCABULARY, vocabularyBytes } from './planted-firings.ts'

const DOCUMENTS = 320
const DOCUMENT_TOKENS = 1000

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
  const text = { ids: corpus.ids, shares, byToken, hashes: windows.hashes }
  const features: number[] = []
  store.transaction(() => {
    for (let feature = 0; feature < count; feature++) {
      const firings = plantedFirings(rule, feature, density, text, seed)
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

function likely(seed: number, feature: number): [number, number][] {
  return new Random(seed, 'logits', feature)
    .shuffle(Array.from({ length: VOCABULARY }, (_, id) => id))
    .slice(0, 60)
    .map((token, rank) => [token, 3 - rank / 50])
}
