import { ResampledSpearman } from '../autointerp/resampled-spearman.ts'
import { type VarianceComponents, varianceComponents } from '../autointerp/variance-components.ts'
import type { ChatModel } from '../core/chat-model.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { Random } from '../core/random.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { FeatureSetRecord, StoredExample } from '../core/store.ts'
import { chatEvents } from './chat-events.ts'
import { currentSet } from './feature-set.ts'
import { llmExplainer } from './llm-explainer.ts'
import { allEnded, runPool } from './pool.ts'
import { llmSimulator } from './simulate.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** Features, explanations of each, and simulations of each explanation. */
const FEATURES = 50
const DRAWS = 3

/** How much of the spread of scores is chance: what asking again would change. */
export interface DrawVariance {
  readonly features: number
  readonly explainerDraws: number
  readonly simulatorDraws: number
  /** Features whose every draw could be read and scored. */
  readonly complete: number
  /** Null where fewer than two features are complete. */
  readonly components: VarianceComponents | null
}

/**
 * Asks for several explanations of a seeded sample of features and for several simulations of each, on the same
 * examples, and says how scores vary between features, explanations and simulations. Draws are requests with a number
 * of their own: stored as all replies are, so that a stopped run goes on and a second one sends nothing.
 */
export async function* measureDraws(
  study: Study,
  llm: Llm,
  selection: Selection,
): AsyncGenerator<StudyEvent, DrawVariance> {
  const set = currentSet(study)
  const features = drawnFeatures(study, set, selection)
  const total = features.length
  yield {
    type: 'stage-start',
    stage: 'score',
    unit: 'features',
    done: 0,
    total,
    note: `${DRAWS} explanations by ${DRAWS} simulations of ${total} features, ${llm.chat.model}`,
  }
  const startedAt = study.now().getTime()
  const drawsOf = featureDraws(study, set, llm)
  const cubes: (number[][] | null)[] = features.map(() => null)
  let done = 0
  const work = async (feature: number, index: number): Promise<void> => {
    cubes[index] = await drawsOf(feature, index)
  }
  for await (const _ of runPool(features, llm.chat.mostInFlight, study.signal, work)) {
    yield* chatEvents(llm.chat, 'score')
    yield { type: 'stage-progress', stage: 'score', done: ++done, total, spending: llm.chat.spending() }
  }
  if (done < total)
    throw new StoppedError('stopped', 'stopped while drawing; run the same command again to go on')
  const complete = cubes.filter((cube) => cube !== null)
  const seconds = (study.now().getTime() - startedAt) / 1000
  yield { type: 'stage-end', stage: 'score', seconds, note: `${complete.length} features complete` }
  return {
    features: total,
    explainerDraws: DRAWS,
    simulatorDraws: DRAWS,
    complete: complete.length,
    components: varianceComponents(complete),
  }
}

function drawnFeatures(
  { store, protocol, config }: Study,
  set: FeatureSetRecord,
  selection: Selection,
): number[] {
  const sampled = store.examples.sampledFeatures(set.id, protocol.name)
  const alive = store.features.all(set.id).filter(({ id, state }) => state === 'alive' && sampled.has(id))
  const selected = selectFeatures(
    selection,
    alive.map(({ id }) => id),
    () => true,
    config.seed,
  )
  return new Random(config.seed, 'draws')
    .shuffle([...selected])
    .slice(0, FEATURES)
    .toSorted((a, b) => a - b)
}

/** The scores of a feature by explanation and simulation; null where one of them is missing. */
function featureDraws(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
): (feature: number, priority: number) => Promise<number[][] | null> {
  const { protocol, store, config } = study
  const explainer = llmExplainer(study, set, llm)
  const textsOf = tokenTexts(study, set)
  // Every simulation is a draw of its own, also where two explanations happen to be the same.
  const simulators = Array.from({ length: DRAWS * DRAWS }, (_, draw) =>
    llmSimulator({ ...llm, chat: drawing(llm.chat, draw) }, protocol.scale, config.seed, textsOf),
  )
  return async (feature, priority) => {
    const examples = store.examples.of(set.id, feature, protocol.name).filter(({ use }) => use === 'score')
    const rows = await allEnded(
      Array.from({ length: DRAWS }, async (_, draw) => {
        const { text } = await explainer.explain(feature, ({ request }) =>
          drawing(llm.chat, draw).ask(request, { stage: 'explain', priority }),
        )
        if (text === null) return null
        const ofExplanation = simulators.slice(DRAWS * draw, DRAWS * (draw + 1))
        const scores = await allEnded(
          ofExplanation.map(async (simulator) => {
            const { predicted } = await simulator.simulate(text, feature, examples, priority)
            return scoreOf(examples, predicted)
          }),
        )
        return scores.every((score) => score !== null) ? scores : null
      }),
    )
    return rows.every((row) => row !== null) ? rows : null
  }
}

/** Spearman's correlation over all examples, 0 for a constant prediction; null where an answer is missing. */
function scoreOf(
  examples: readonly StoredExample[],
  predicted: readonly (readonly number[] | null)[],
): number | null {
  const levels = predicted.flatMap((one) => (one ? [one.map(Math.round)] : []))
  if (levels.length < examples.length) return null
  const truth = examples.map(({ activations }) => activations.map((activation) => Math.max(0, activation)))
  return new ResampledSpearman(truth, [levels]).plain()?.correlations[0] ?? null
}

/** The same LLM, asked for another draw of everything. */
function drawing(chat: ChatModel, draw: number): ChatModel {
  if (draw === 0) return chat
  return {
    group: chat.group,
    model: chat.model,
    mostInFlight: chat.mostInFlight,
    ask: (request, options) => chat.ask({ ...request, draw }, options),
    answered: (request) => chat.answered({ ...request, draw }),
    forecast: (request, reply) => chat.forecast(request, reply),
    expectedSeconds: (requests, tokens) => chat.expectedSeconds(requests, tokens),
    spending: () => chat.spending(),
    takeEvents: () => chat.takeEvents(),
  }
}
