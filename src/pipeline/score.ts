import { Bootstrap } from '../autointerp/bootstrap.ts'
import { spearman } from '../autointerp/correlation.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { shuffledPartners } from '../autointerp/shuffled-partners.ts'
import {
  type ControlPredictions,
  positionPredictions,
  scoreSimulation,
  type SimulationScores,
  unscored,
} from '../autointerp/simulation-score.ts'
import { simulateByTokenTable, tokenTable } from '../autointerp/token-table.ts'
import type { Dictionary } from '../core/dictionary.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { contentId } from '../core/hash.ts'
import type { Tier } from '../core/scores.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { textsOfTokens } from '../core/token-text.ts'
import { Asker } from './ask.ts'
import { explanationId, vocabularyOf } from './explain.ts'
import { currentSet, featureSetFolder, provenanceOf } from './feature-set.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { type Simulation, type Simulator, sparseSimulator, tableSimulator } from './simulate.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'

/** The scorer of this verb; other statistics of the same replies have names that begin with it. */
export const SIMULATION = 'simulation'

/** How one run of scoring ended. */
export interface ScoreCounts {
  readonly scored: number
  /** Scores without a value, by reason. */
  readonly undefined: Readonly<Record<string, number>>
  readonly failedCalls: number
  readonly unreadableCalls: number
}

/** An explanation to score, with the one that stands in for it in the shuffled control. */
interface ScoreItem {
  readonly explanation: ExplanationRecord
  readonly partner: ExplanationRecord | null
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

interface ScoreOutcome {
  readonly scores: ScoreRecord[]
  readonly controls: ControlRecord[]
  readonly reasons: readonly string[]
}

/** Simulates one explanation and its controls on the same examples, and turns that into rows. */
class SimulationScorer {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #simulator: Simulator
  readonly #bootstrap: Bootstrap
  readonly #provenanceId: string

  constructor(study: Study, set: FeatureSetRecord, llm: Llm | null, simulator: Simulator) {
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#simulator = simulator
    this.#bootstrap = new Bootstrap(study.config.seed)
    this.#provenanceId = study.store.provenance.put({
      ...provenanceOf(study, set),
      protocol: study.protocol.name,
      protocolHash: study.protocol.hash,
      prompt: llm?.simulate.name ?? null,
      promptHash: llm?.simulate.hash ?? null,
      llm: llm?.chat.model ?? null,
    })
  }

  async score({ explanation, partner }: ScoreItem): Promise<ScoreOutcome> {
    const { protocol, store } = this.#study
    const feature = explanation.featureId
    const examples = store.examples.of(this.#set.id, feature, protocol.name)
    const forScoring = examples.filter(({ use }) => use === 'score')
    const forExplaining = examples.filter(({ use }) => use === 'explain')
    if (explanation.text === null) return this.#withoutExplanation(explanation)

    const own = await this.#simulator.simulate(explanation.text, feature, forScoring)
    const shuffled = await this.#shuffled(partner, feature, forScoring)
    const controls: ControlPredictions[] = [
      { name: 'constant', predicted: forScoring.map(({ tokens }) => tokens.map(() => 0)) },
      { name: 'position', predicted: positionPredictions(forScoring) },
      { name: 'shuffled', predicted: shuffled.predicted },
    ]
    if (this.#llm !== null) {
      const table = tokenTable(forExplaining, protocol.scale)
      controls.push({
        name: 'tokenTable',
        predicted: forScoring.map(({ tokens }) => simulateByTokenTable(table, tokens)),
      })
    }
    const limits = {
      minimumExamples: protocol.minimumScoreExamples,
      minimumFiring: protocol.minimumFiringExamples,
    }
    const result = scoreSimulation(
      forScoring.map((example, index) => ({ ...example, predicted: own.predicted[index]! })),
      controls,
      limits,
      this.#bootstrap,
      own.failedCalls < own.calls,
    )
    const ceiling = ceilingOf(forScoring, largestActivation(forExplaining), protocol.scale)
    return this.#rows(explanation, partner, result, own, shuffled, ceiling)
  }

  async #shuffled(
    partner: ExplanationRecord | null,
    feature: number,
    examples: Parameters<Simulator['simulate']>[2],
  ): Promise<Simulation> {
    if (partner?.text != null) return this.#simulator.simulate(partner.text, feature, examples)
    const callFailed = partner?.problem === 'callFailed'
    return {
      predicted: examples.map(() => null),
      calls: 0,
      failedCalls: callFailed ? 1 : 0,
      unreadableCalls: 0,
      reasons: [],
    }
  }

  #withoutExplanation(explanation: ExplanationRecord): ScoreOutcome {
    const failedCalls = explanation.problem === 'callFailed' ? 1 : 0
    const row = this.#row(
      explanation,
      SIMULATION,
      { ...unscored('noExplanation'), ceiling: null, coverage: {} },
      failedCalls,
      0,
      0,
    )
    return { scores: [row], controls: [], reasons: [] }
  }

  #rows(
    explanation: ExplanationRecord,
    partner: ExplanationRecord | null,
    result: SimulationScores,
    own: Simulation,
    shuffled: Simulation,
    ceiling: number | null,
  ): ScoreOutcome {
    const { coverage } = result
    const row = (
      scorer: string,
      statistic: SimulationScores['simulation'],
      its: number | null,
    ): ScoreRecord =>
      this.#row(
        explanation,
        scorer,
        { ...statistic, ceiling: its, coverage },
        own.failedCalls,
        shuffled.failedCalls,
        own.unreadableCalls,
      )
    const main = row(SIMULATION, result.simulation, ceiling)
    const controls = result.controls.map((control): ControlRecord => ({
      ...control,
      scoreId: main.id,
      partner: control.name === 'shuffled' ? (partner?.featureId ?? null) : null,
    }))
    // A token table is its own control; a gain over itself says nothing.
    if (this.#llm === null)
      controls.push({
        scoreId: main.id,
        name: 'tokenTable',
        value: main.value,
        gain: null,
        gainLow: null,
        gainHigh: null,
        partner: null,
      })
    return {
      scores: [
        main,
        row(`${SIMULATION}.pearson`, result.pearson, null),
        row(`${SIMULATION}.fire_only`, result.fireOnly, null),
      ],
      controls,
      reasons: [...own.reasons, ...shuffled.reasons.map((reason) => `shuffled control: ${reason}`)],
    }
  }

  #row(
    explanation: ExplanationRecord,
    scorer: string,
    statistic: SimulationScores['simulation'] & Pick<ScoreRecord, 'ceiling' | 'coverage'>,
    failedCalls: number,
    failedControlCalls: number,
    unreadableCalls: number,
  ): ScoreRecord {
    return {
      ...statistic,
      id: scoreId(this.#study, this.#llm, explanation, scorer, this.#simulator.tier),
      explanationId: explanation.id,
      scorer,
      protocol: this.#study.protocol.name,
      tier: this.#simulator.tier,
      failedCalls,
      failedControlCalls,
      unreadableCalls,
      provenanceId: this.#provenanceId,
    }
  }
}

/** A score's id: the hash of everything that decides what is asked. */
function scoreId(
  study: Study,
  llm: Llm | null,
  explanation: ExplanationRecord,
  scorer: string,
  tier: Tier,
): string {
  return contentId({
    explanation: explanation.id,
    scorer,
    protocol: study.protocol.hash,
    tier,
    prompt: llm?.simulate.hash ?? null,
    endpoint: llm?.chat.endpoint ?? null,
    llm: llm?.chat.model ?? null,
  })
}

/** Work is left where there is no score yet, a call got no reply, or an explanation has come since. */
function isPending(explanation: ExplanationRecord, existing: ScoreRecord | undefined): boolean {
  if (!existing) return true
  if (existing.undefined === 'noExplanation') return explanation.text !== null
  return existing.failedCalls > 0 || existing.failedControlCalls > 0
}

/** What the truth itself would score once it is quantized. */
function ceilingOf(
  examples: readonly { activations: readonly number[] }[],
  max: number,
  scale: number,
): number | null {
  const truth = examples.flatMap(({ activations }) =>
    activations.map((activation) => Math.max(0, activation)),
  )
  return spearman(
    truth,
    truth.map((activation) => quantize(activation, max, scale)),
  )
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
