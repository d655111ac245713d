import {
  bundledExplainPrompt,
  bundledMigrations,
  bundledProtocol,
  bundledQuestionPrompts,
  bundledSimulatePrompt,
} from '../../src/cli/assets.ts'
import { type Slice, type SliceMix, type SlicesProtocol, type Use, usesOf } from '../../src/core/protocol.ts'
import type { Capabilities } from '../../src/core/capabilities.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import { Random } from '../../src/core/random.ts'
import type { Example } from '../../src/core/records.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'
import { Gate } from '../../src/llm/gate.ts'
import { Lane } from '../../src/llm/lane.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import { priceList, type TokenPrices } from '../../src/llm/prices.ts'
import type { Llm, Study } from '../../src/pipeline/study.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { type Rule, ruleOf } from '../fake-llm/oracle.ts'
import type { FakeLlm } from '../fake-llm/server.ts'

const WORDS = `
apple bread butter cheese cream flour honey lemon onion pepper salt sugar wheat wine rice
bridge castle church city farm garden house market palace road school street tower town village
brother child cousin daughter doctor farmer father friend king lady master mother soldier son wife
blue brown gold gray green orange pink purple red silver white yellow black dark bright
bear bird cat cow deer dog duck fish fox goat horse lion mouse pig sheep
cloud earth fire forest hill ice island lake moon mountain river sea snow star storm
book chair clock coat cup door glass hat key knife lamp letter paper shoe table
dance dream drink eat fall fight fly hear jump laugh listen run sing sleep walk
after again always before early every late never often once seldom soon then today yesterday
about above across along among around behind below beside between beyond inside near over under
`
  .trim()
  .split(/\s+/)
  .map((word) => ` ${word}`)
const FEATURES = 30
/** What a feature fires on: three words of its own, as strongly as this. */
const LEVELS = [9, 6, 3]
/** Activations are levels times this. */
const UNIT = 0.37

/** Share of windows in which every planted feature is said to fire. */
export const FIRING_SHARE = 0.02

/** The rules that the features of {@link plantedStudy} follow, feature by feature. */
export const PLANTED_RULES: readonly Rule[] = Array.from({ length: FEATURES }, (_, feature) => {
  const words = LEVELS.map((_level, place) => WORDS[LEVELS.length * feature + place]!)
  const likely = new Set(likelyAfter(feature).map(([word]) => WORDS[word]!))
  return {
    likelyNext: (token) => likely.has(token),
    ...ruleOf({
      name: `rule ${feature}`,
      description: `The words${words.join(' and')} in plain prose, most strongly the first of them`,
      tokens: Object.fromEntries(words.map((word, place) => [word, LEVELS[place]!])),
    }),
  }
})

/** A sampled study, made up in memory: every feature follows one of {@link PLANTED_RULES}. Close its store. */
export function plantedStudy(wanted: string | SlicesProtocol = 'monosemanticity'): Study {
  const store = openStore(':memory:', bundledMigrations())
  const protocol = typeof wanted === 'string' ? bundledProtocol(wanted) : wanted
  const config = studyConfigSchema.parse({ model: 'planted', hook: 'planted', protocol: protocol.name })
  const none = { protocol: null, protocolHash: null, prompt: null, promptHash: null, llm: null }
  const provenanceId = store.provenance.put({
    ...none,
    version: '0',
    seed: 0,
    model: 'planted',
    weightsHash: 'w',
    tokenizerHash: 't',
    corpusHash: 'c',
    setId: 'planted',
    setHash: 's',
  })
  const set = {
    id: 'planted',
    hook: 'planted',
    features: FEATURES,
    folder: 'features/planted',
    provenanceId,
    shuffledSeed: null,
  }
  store.featureSets.put({
    ...set,
    kind: 'sae',
    architecture: 'topk',
    dIn: FEATURES,
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
    setId: set.id,
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
  const bytes = new TextEncoder()
  store.vocabulary.put(
    't',
    WORDS.map((word) => bytes.encode(word)),
  )
  const statistics = {
    max: 9 * UNIT,
    firings: 10,
    state: 'alive',
    tokenShare: null,
    singleToken: null,
  } as const
  store.features.put(
    set.id,
    PLANTED_RULES.map((_, id) => ({
      ...statistics,
      id,
      density: 0.001 * (id + 1),
      histogram: [1],
      logits: { top: likelyAfter(id), bottom: [] },
    })),
  )
  for (const feature of PLANTED_RULES.keys())
    store.examples.putSample(set.id, protocol.name, provenanceId, {
      feature,
      state: 'alive',
      singleToken: false,
      examples: usesOf(protocol).flatMap((use) =>
        examplesOf(feature, use, protocol[use]!, protocol.intervals),
      ),
    })
  for (const feature of PLANTED_RULES.keys())
    for (const kind of ['random', 'neighbours', 'cooccurrence'])
      store.examples.putSample(set.id, `${protocol.name}+${kind}`, provenanceId, {
        feature,
        state: 'alive',
        singleToken: false,
        examples: contrastsOf(feature, kind),
        firingShare: FIRING_SHARE,
      })
  store.study.put('set', set.id)
  store.study.put('protocol', protocol.name)
  const missing = (): never => {
    throw new Error('a planted study has no model')
  }
  return {
    folder: '/nowhere',
    config,
    corpusPaths: [],
    protocol,
    store,
    workshop: {
      startTraining: missing,
      saveNeurons: missing,
      saveRandomDirections: missing,
      alignedPairs: missing,
      resumeTraining: missing,
      load: async () => ({
        features: FEATURES,
        dIn: FEATURES,
        decoder: identity(FEATURES),
        encode: missing,
        reconstruct: missing,
        close: async () => {},
      }),
    },
    version: '0',
    model: missing,
    tokenizer: missing,
    now: () => new Date(),
    signal: new AbortController().signal,
  }
}

/** The fake server as an LLM that works on a study. Close its `chat`. */
export function judgeAt(
  { url }: FakeLlm,
  { store, signal, now }: Study,
  {
    reask = false,
    prices = null,
    explainer = 'pairs',
    isolate = false,
    tier = 'integersSparse',
    promptLogprobs = null,
    examplesPerCall,
  }: {
    readonly reask?: boolean
    readonly prices?: TokenPrices | null
    readonly explainer?: string
    readonly isolate?: boolean
    readonly tier?: LlmTier
    readonly promptLogprobs?: Capabilities['promptLogprobs']
    readonly examplesPerCall?: number
  } = {},
): Llm & { readonly chat: Gate } {
  const model = 'fake-model'
  const lane = new Lane(
    {
      client: new OpenAiClient({ baseUrl: url, model, key: null, promptLogprobs }),
      prices: priceList(url, model, prices),
      weight: 1,
      mostInFlight: 32,
      requestsPerMinute: null,
      tokensPerMinute: null,
      known: store.endpoints.get(url, model)?.limits ?? null,
    },
    performance.now(),
  )
  return {
    chat: new Gate({ group: 'judge', model, lanes: [lane], store, maxCost: null, signal, now }),
    explain: bundledExplainPrompt(explainer),
    simulate: bundledSimulatePrompt(tier, {
      isolate,
      ...(examplesPerCall === undefined ? {} : { examplesPerCall }),
    }),
    questions: bundledQuestionPrompts(),
    choose: bundledSimulatePrompt(),
    reask,
    tier,
  }
}

/** Runs a verb to its end and returns its events. */
export async function eventsOf<Event>(verb: AsyncGenerator<Event, unknown>): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of verb) events.push(event)
  return events
}

function examplesOf(feature: number, use: Use, mix: SliceMix, intervals: number): Example[] {
  const random = new Random(feature, use)
  const slices: Slice[] = [
    ...Array.from({ length: mix.top }, (): Slice => 'top'),
    ...Array.from(
      { length: intervals * mix.perInterval },
      (_, i): Slice => `interval ${1 + (i % intervals)}`,
    ),
    ...Array.from({ length: mix.random }, (): Slice => 'random'),
    ...Array.from({ length: mix.other }, (): Slice => 'other'),
  ]
  return slices.map((slice) => {
    const tokens = Array.from({ length: 9 }, () => random.below(WORDS.length))
    // What the nominal token is: the strongest, one of the feature's, any, or one that is silent.
    if (slice === 'top') tokens[4] = LEVELS.length * feature
    else if (slice.startsWith('interval')) tokens[4] = LEVELS.length * feature + random.below(LEVELS.length)
    else if (slice === 'other') tokens[4] = WORDS.length - 1
    const activations = tokens.map((token) => UNIT * PLANTED_RULES[feature]!.level(WORDS[token]!))
    const silent = activations[4] === 0
    return { use, slice, document: 0, context: 0, position: 4, nominal: 4, silent, tokens, activations }
  })
}

/** More firing windows, and silent ones. */
function contrastsOf(feature: number, kind: string): Example[] {
  const random = new Random(feature, kind)
  const examples: Example[] = []
  const firing = kind === 'random' ? 70 : 0
  while (examples.length < firing + 50) {
    const fires = examples.length < firing
    const nominal = random.below(9)
    const tokens = Array.from({ length: 9 }, () => random.below(WORDS.length))
    if (fires) tokens[nominal] = LEVELS.length * feature + random.below(LEVELS.length)
    const activations = tokens.map((token) => UNIT * PLANTED_RULES[feature]!.level(WORDS[token]!))
    if (!fires && activations.some((activation) => activation > 0)) continue
    const silent = activations[nominal] === 0
    const slice = fires ? (`interval ${1 + (examples.length % 12)}` as const) : 'negative'
    examples.push({
      use: 'score',
      slice,
      document: 1,
      context: 1,
      position: 4,
      nominal,
      silent,
      tokens,
      activations,
    })
  }
  return examples
}

/** The strongest logits of a feature: words of its own choice. */
function likelyAfter(feature: number): [number, number][] {
  const words = new Random(feature, 'logits').shuffle([...WORDS.keys()])
  return words.slice(0, 60).map((word, rank) => [word, 3 - rank / 50])
}

function identity(size: number): { rows: number; columns: number; data: Float32Array } {
  const data = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0))
  return { rows: size, columns: size, data }
}
