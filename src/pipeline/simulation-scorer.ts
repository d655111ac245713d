import { Bootstrap } from '../autointerp/bootstrap.ts'
import { spearman } from '../autointerp/correlation.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import {
  type ControlPredictions,
  positionPredictions,
  scoreSimulation,
  type SimulationScores,
  unscored,
} from '../autointerp/simulation-score.ts'
import { simulateByTokenTable, tokenTable } from '../autointerp/token-table.ts'
import { contentId } from '../core/hash.ts'
import type { Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { provenanceOf } from './feature-set.ts'
import type { Simulation, Simulator } from './simulate.ts'
import type { Llm, Study } from './study.ts'

/** The scorer of this verb; other statistics of the same replies have names that begin with it. */
export const SIMULATION = 'simulation'

/** An explanation to score, with the one that stands in for it in the shuffled control. */
export interface ScoreItem {
  readonly explanation: ExplanationRecord
  readonly partner: ExplanationRecord | null
}

/** The rows that come of scoring one explanation. */
export interface ScoreOutcome {
  readonly scores: ScoreRecord[]
  readonly controls: ControlRecord[]
  readonly reasons: readonly string[]
}

/** Simulates one explanation and its controls on the same examples, and turns that into rows. */
export class SimulationScorer {
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

  async score({ explanation, partner }: ScoreItem, priority: number): Promise<ScoreOutcome> {
    const { protocol, store } = this.#study
    const feature = explanation.featureId
    const examples = store.examples.of(this.#set.id, feature, protocol.name)
    const forScoring = examples.filter(({ use }) => use === 'score')
    const forExplaining = examples.filter(({ use }) => use === 'explain')
    if (explanation.text === null) return this.#withoutExplanation(explanation)

    const [own, shuffled] = await Promise.all([
      this.#simulator.simulate(explanation.text, feature, forScoring, priority),
      this.#shuffled(partner, feature, forScoring, priority),
    ])
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
    priority: number,
  ): Promise<Simulation> {
    if (partner?.text != null) return this.#simulator.simulate(partner.text, feature, examples, priority)
    return {
      predicted: examples.map(() => null),
      calls: 0,
      failedCalls: partner?.problem === 'callFailed' ? 1 : 0,
      unreadableCalls: partner?.problem === 'unreadable' ? 1 : 0,
      digitMass: null,
      reasons: [],
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
        { ...statistic, ceiling: its, digitMass: own.digitMass, coverage },
        own.failedCalls,
        shuffled.failedCalls,
        own.unreadableCalls + shuffled.unreadableCalls,
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
export function scoreId(
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
    endpoint: llm?.chat.group ?? null,
    llm: llm?.chat.model ?? null,
  })
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
