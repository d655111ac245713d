import { shuffledPartners } from '../autointerp/shuffled-partners.ts'
import type { Dictionary } from '../core/dictionary.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Tier } from '../core/scores.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { textsOfTokens } from '../core/token-text.ts'
import { Asker } from './ask.ts'
import { explanationId, vocabularyOf } from './explain.ts'
import { currentSet, featureSetFolder } from './feature-set.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { sparseSimulator, tableSimulator } from './simulate.ts'
import { type ScoreItem, scoreId, SIMULATION, SimulationScorer } from './simulation-scorer.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'

/** How one run of scoring ended. */
export interface ScoreCounts {
  readonly scored: number
  /** Scores without a value, by reason. */
  readonly undefined: Readonly<Record<string, number>>
  readonly failedCalls: number
  readonly unreadableCalls: number
}

/** Scores explanations by simulation: predicted against true activations of held-out examples, with controls. */
export async function* score(
  study: Study,
  llm: Llm | null,
  selection: Selection,
): AsyncGenerator<StudyEvent, ScoreCounts> {
  const { store } = study
  const set = currentSet(study)
  const explanations = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  const alive = store.features.all(set.id).filter(({ state }) => state === 'alive')
  const explained = alive.filter(({ id }) => explanations.has(explanationId(study, set, llm, id)))
  const densities = new Map(explained.map(({ id, density }) => [id, density]))
  const selected = selectFeatures(selection, [...densities.keys()], () => true, study.config.seed)
  const explanationOf = (feature: number): ExplanationRecord =>
    explanations.get(explanationId(study, set, llm, feature))!
  const tier: Tier = llm ? 'integersSparse' : 'table'
  const scores = new Map(store.scores.all(set.id, SIMULATION).map((record) => [record.id, record]))
  const planned = selected.filter((feature) => {
    const explanation = explanationOf(feature)
    return isPending(explanation, scores.get(scoreId(study, llm, explanation, SIMULATION, tier)))
  })
  if (planned.length === 0) {
    const counts = countScores(study, llm, set, selected.map(explanationOf), tier)
    yield { type: 'stage-skip', stage: 'score', note: describe(counts) }
    return counts
  }

  const recorder = new StageRecorder(study, 'score', selected.length - planned.length, selected.length)
  yield recorder.start(
    'features',
    `${SIMULATION}, ${study.protocol.name}, ${llm ? llm.chat.model : 'token table'}`,
  )
  const dictionary = await study.workshop.load(featureSetFolder(study, set))
  const partners = shuffledPartners(
    selected.map((feature) => ({ feature, density: densities.get(feature)! })),
    decoderCosine(dictionary),
    study.config.seed,
  )
  await dictionary.close()
  const items = planned.map((feature): ScoreItem => {
    const partner = partners.get(feature)
    return {
      explanation: explanationOf(feature),
      partner: partner === undefined ? null : explanationOf(partner),
    }
  })
  yield* recorder.watch(
    llm ? scoreByLlm(study, set, llm, items, recorder) : scoreByTable(study, set, items, recorder),
  )
  if (study.signal.aborted && recorder.done < selected.length) {
    recorder.stop()
    throw new StoppedError('stopped', 'stopped while scoring; run the same command again to go on')
  }
  const counts = countScores(study, llm, set, selected.map(explanationOf), tier)
  yield recorder.end(describe(counts))
  return counts
}

/** Features whose token tables are scored in one transaction. */
const FEATURES_PER_COMMIT = 64

async function* scoreByTable(
  study: Study,
  set: FeatureSetRecord,
  items: readonly ScoreItem[],
  recorder: StageRecorder,
): AsyncGenerator<StudyEvent> {
  const scorer = new SimulationScorer(study, set, null, tableSimulator)
  for (let first = 0; first < items.length && !study.signal.aborted; first += FEATURES_PER_COMMIT) {
    const outcomes = await Promise.all(
      items.slice(first, first + FEATURES_PER_COMMIT).map((item) => scorer.score(item)),
    )
    study.store.transaction(() => {
      for (const outcome of outcomes) study.store.scores.put(outcome.scores, outcome.controls)
      recorder.record(recorder.done + outcomes.length)
    })
    yield recorder.progress()
    await eventLoopTurn()
  }
}

async function* scoreByLlm(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  items: readonly ScoreItem[],
  recorder: StageRecorder,
): AsyncGenerator<StudyEvent> {
  const vocabulary = vocabularyOf(study, set)
  const textsOf = (tokens: readonly number[]): string[] =>
    textsOfTokens(tokens.map((token) => vocabulary[token] ?? new Uint8Array()))
  const asker = new Asker(study.store, llm.chat, study.signal, study.now)
  const simulator = sparseSimulator(asker, llm, study.protocol.scale, study.config.seed, textsOf)
  const scorer = new SimulationScorer(study, set, llm, simulator)
  const scoreOne = async (item: ScoreItem): Promise<StudyEvent[]> => {
    const { scores, controls, reasons } = await scorer.score(item)
    study.store.transaction(() => {
      study.store.scores.put(scores, controls)
      recorder.record(recorder.done + 1)
    })
    return reasons.map((reason) => ({
      type: 'item-failed',
      stage: 'score',
      feature: item.explanation.featureId,
      reason,
    }))
  }
  for await (const failures of runPool(items, llm.concurrency, study.signal, scoreOne)) {
    yield* failures
    yield recorder.progress()
  }
}

/** Work is left where there is no score yet, a call got no reply, or an explanation has come since. */
function isPending(explanation: ExplanationRecord, existing: ScoreRecord | undefined): boolean {
  if (!existing) return true
  if (existing.undefined === 'noExplanation') return explanation.text !== null
  return existing.failedCalls > 0 || existing.failedControlCalls > 0
}

function decoderCosine({ decoder }: Dictionary): (a: number, b: number) => number {
  const { columns, data } = decoder
  const dot = (a: number, b: number): number => {
    let sum = 0
    for (let i = 0; i < columns; i++) sum += data[a * columns + i]! * data[b * columns + i]!
    return sum
  }
  const norms = Float64Array.from({ length: decoder.rows }, (_, feature) => Math.sqrt(dot(feature, feature)))
  return (a, b) => dot(a, b) / (norms[a]! * norms[b]!)
}

function countScores(
  study: Study,
  llm: Llm | null,
  set: FeatureSetRecord,
  explanations: readonly ExplanationRecord[],
  tier: Tier,
): ScoreCounts {
  const rows = new Map(study.store.scores.all(set.id, SIMULATION).map((record) => [record.id, record]))
  const found = explanations.flatMap(
    (explanation) => rows.get(scoreId(study, llm, explanation, SIMULATION, tier)) ?? [],
  )
  const reasons: Record<string, number> = {}
  for (const { undefined: reason } of found) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1
  const sum = (of: (record: ScoreRecord) => number): number =>
    found.reduce((total, record) => total + of(record), 0)
  return {
    scored: found.filter(({ value }) => value !== null).length,
    undefined: reasons,
    failedCalls: sum(({ failedCalls, failedControlCalls }) => failedCalls + failedControlCalls),
    unreadableCalls: sum(({ unreadableCalls }) => unreadableCalls),
  }
}

function describe({ scored, undefined: reasons, failedCalls, unreadableCalls }: ScoreCounts): string {
  return [
    `${scored.toLocaleString('en')} scored`,
    ...Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`),
    failedCalls > 0 ? `${failedCalls} calls without a reply` : null,
    unreadableCalls > 0 ? `${unreadableCalls} replies with missing answers` : null,
  ]
    .filter((part) => part !== null)
    .join(', ')
}
