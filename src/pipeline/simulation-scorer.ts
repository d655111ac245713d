import { Bootstrap } from '../autointerp/bootstrap.ts'
import { ceilingOf } from '../autointerp/ceiling.ts'
import { intervalShares } from '../autointerp/importance-weights.ts'
import { largestActivation } from '../autointerp/quantize.ts'
import type { FurtherStatistics } from '../autointerp/further-statistics.ts'
import { unscored } from '../autointerp/score-result.ts'
import { scoreSimulation, type SimulationScores, withoutValue } from '../autointerp/simulation-score.ts'
import { scoringName } from '../core/protocol.ts'
import type { ControlName, Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { provenanceOf } from './feature-set.ts'
import {
  type ExpectedRequest,
  scoreId,
  type ScoreItem,
  type ScoreOutcome,
  type Scorer,
  type ScorerParts,
} from './scorer.ts'
import type { Simulation, Simulator } from './simulate.ts'
import { ItemPredictor, type SimulatedItem } from './simulation-predictions.ts'
import type { Llm, Study } from './study.ts'

/** The scorer of this verb; other statistics of the same replies have names that begin with it. */
export const SIMULATION = 'simulation'

/** Simulates one explanation and its controls on the same examples, and turns that into rows. */
export class SimulationScorer implements Scorer {
  readonly name = SIMULATION
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #simulator: Simulator
  readonly #bootstrap: Bootstrap
  readonly #predictor: ItemPredictor
  readonly #expectedValues: boolean
  #provenanceId: string | null = null

  constructor(
    study: Study,
    set: FeatureSetRecord,
    llm: Llm | null,
    simulator: Simulator,
    { bootstrap = new Bootstrap(study.config.seed), isolation = null }: ScorerParts = {},
  ) {
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#simulator = simulator
    this.#bootstrap = bootstrap
    this.#predictor = new ItemPredictor(study, set, llm, simulator, isolation)
    this.#expectedValues = simulator.tier === 'chatLogprobs' || simulator.tier === 'promptLogprobs'
  }

  /** Put when a score is, so that an estimate writes nothing. */
  #provenance(): string {
    const { store, protocol } = this.#study
    this.#provenanceId ??= store.provenance.put({
      ...provenanceOf(this.#study, this.#set),
      protocol: scoringName(protocol.name, this.#study.precision ?? null),
      protocolHash: protocol.hash,
      prompt: this.#llm?.simulate.name ?? null,
      promptHash: this.#llm?.simulate.hash ?? null,
      llm: this.#llm?.chat.model ?? null,
      endpoint: this.#llm?.chat.group ?? null,
    })
    return this.#provenanceId
  }

  get tier(): Tier {
    return this.#simulator.tier
  }

  async score(item: ScoreItem, priority: number): Promise<ScoreOutcome> {
    const { explanation } = item
    const { protocol } = this.#study
    const predictions = await this.#predictor.predictions(item, priority)
    if (predictions === null) return this.#withoutExplanation(explanation)
    const { explain, score, own, controls, simulated, itself } = predictions
    const limits = {
      minimumExamples: protocol.minimumScoreExamples,
      minimumFiring: protocol.minimumFiringExamples,
    }
    const result = scoreSimulation(
      score.map((example, index) => ({ ...example, predicted: own.predicted[index]! })),
      controls,
      limits,
      this.#bootstrap,
      own.failedCalls < own.calls,
      this.#further(explanation.featureId, largestActivation(explain)),
    )
    const ceiling = ceilingOf(score, largestActivation(explain), protocol)
    return this.#rows(item, result, own, simulated, itself, ceiling)
  }

  /** A protocol's examples are all that it needs. */
  async *prepare(): AsyncGenerator<never> {}

  /** What {@link score} is made of. Null for an explanation without a text. */
  predictions(item: ScoreItem, priority: number): Promise<SimulatedItem | null> {
    return this.#predictor.predictions(item, priority)
  }

  requests(item: ScoreItem): Iterable<ExpectedRequest> {
    return this.#predictor.requests(item)
  }

  /** @param max the largest activation of the explain examples */
  #further(feature: number, max: number): FurtherStatistics {
    const { protocol, store } = this.#study
    const { headline, truth, scale } = protocol
    const record = protocol.sampler === 'slices' ? store.features.get(this.#set.id, feature) : null
    return {
      importance: record && {
        density: record.density,
        max: record.max,
        shares: intervalShares(record.histogram, protocol.intervals),
      },
      expectedValues: this.#expectedValues,
      headline,
      truth,
      ...(headline === 'pearson' ? { levelSize: max / scale } : {}),
    }
  }

  #withoutExplanation(explanation: ExplanationRecord): ScoreOutcome {
    const failedCalls = explanation.problem === 'callFailed' ? 1 : 0
    const row = this.#row(
      explanation,
      SIMULATION,
      { ...unscored('noExplanation'), ceiling: null, digitMass: null, coverage: {} },
      failedCalls,
      0,
      0,
    )
    return { scores: [row], controls: [], reasons: [] }
  }

  #rows(
    { explanation, partner }: ScoreItem,
    result: SimulationScores,
    own: Simulation,
    simulated: readonly (readonly [ControlName, Simulation])[],
    itself: ControlName | null,
    ceiling: number | null,
  ): ScoreOutcome {
    const { coverage } = result
    const sum = (of: (simulation: Simulation) => number): number =>
      simulated.reduce((total, [, simulation]) => total + of(simulation), 0)
    const row = (scorer: string, statistic: SimulationScores['simulation'] | null): ScoreRecord[] =>
      statistic === null
        ? []
        : [
            this.#row(
              explanation,
              scorer,
              {
                ...statistic,
                ceiling: scorer === SIMULATION ? ceiling : null,
                digitMass: own.digitMass,
                coverage,
              },
              own.failedCalls,
              sum(({ failedCalls }) => failedCalls),
              own.unreadableCalls + sum(({ unreadableCalls }) => unreadableCalls),
            ),
          ]
    const main = row(SIMULATION, result.simulation)[0]!
    const controls = result.controls.map((control): ControlRecord => ({
      ...control,
      scoreId: main.id,
      partner: control.name === 'shuffled' ? (partner?.featureId ?? null) : null,
    }))
    // A baseline is its own control; a gain over itself says nothing.
    if (itself !== null)
      controls.push({ ...withoutValue(itself), scoreId: main.id, value: main.value, partner: null })
    return {
      scores: [
        main,
        ...row(`${SIMULATION}.pearson`, result.pearson),
        ...row(`${SIMULATION}.spearman`, result.spearman),
        ...row(`${SIMULATION}.r2`, result.r2),
        ...row(`${SIMULATION}.absolute_deviation`, result.absoluteDeviation),
        ...row(`${SIMULATION}.fire_only`, result.fireOnly),
        ...row(`${SIMULATION}.weighted`, result.weighted),
        ...row(`${SIMULATION}.raw`, result.raw),
      ],
      controls,
      reasons: [
        ...own.reasons,
        ...simulated.flatMap(([name, { reasons }]) => reasons.map((reason) => `${name} control: ${reason}`)),
      ],
    }
  }

  #row(
    explanation: ExplanationRecord,
    scorer: string,
    statistic: SimulationScores['simulation'] & Pick<ScoreRecord, 'ceiling' | 'digitMass' | 'coverage'>,
    failedCalls: number,
    failedControlCalls: number,
    unreadableCalls: number,
  ): ScoreRecord {
    return {
      ...statistic,
      id: scoreId(this.#study, this.#llm, explanation, scorer, this.#simulator.tier),
      explanationId: explanation.id,
      scorer,
      protocol: scoringName(this.#study.protocol.name, this.#study.precision ?? null),
      tier: this.#simulator.tier,
      failedCalls,
      failedControlCalls,
      unreadableCalls,
      provenanceId: this.#provenance(),
    }
  }
}
