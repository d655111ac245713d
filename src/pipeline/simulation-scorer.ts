import { Bootstrap } from '../autointerp/bootstrap.ts'
import { spearman } from '../autointerp/correlation.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { dealExamples, renderAnswer } from '../autointerp/simulate-messages.ts'
import {
  type ControlPredictions,
  positionPredictions,
  scoreSimulation,
  type SimulationScores,
  unscored,
} from '../autointerp/simulation-score.ts'
import { simulateByTokenTable, tokenTable } from '../autointerp/token-table.ts'
import type { Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { provenanceOf } from './feature-set.ts'
import { type ExpectedRequest, scoreId, type ScoreItem, type ScoreOutcome, type Scorer } from './scorer.ts'
import { isIncomplete, type Simulation, simulationRequest, type Simulator } from './simulate.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** The scorer of this verb; other statistics of the same replies have names that begin with it. */
export const SIMULATION = 'simulation'

/** Simulates one explanation and its controls on the same examples, and turns that into rows. */
export class SimulationScorer implements Scorer {
  readonly name = SIMULATION
  readonly statistics = [SIMULATION, `${SIMULATION}.pearson`, `${SIMULATION}.fire_only`]
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #simulator: Simulator
  readonly #bootstrap: Bootstrap
  #provenanceId: string | null = null

  constructor(study: Study, set: FeatureSetRecord, llm: Llm | null, simulator: Simulator) {
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#simulator = simulator
    this.#bootstrap = new Bootstrap(study.config.seed)
  }

  /** Put when a score is, so that an estimate writes nothing. */
  #provenance(): string {
    const { store, protocol } = this.#study
    this.#provenanceId ??= store.provenance.put({
      ...provenanceOf(this.#study, this.#set),
      protocol: protocol.name,
      protocolHash: protocol.hash,
      prompt: this.#llm?.simulate.name ?? null,
      promptHash: this.#llm?.simulate.hash ?? null,
      llm: this.#llm?.chat.model ?? null,
    })
    return this.#provenanceId
  }

  get tier(): Tier {
    return this.#simulator.tier
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

  /** Replies are taken to name what really fires, and those about another feature's explanation to name nothing. */
  *requests({ explanation, partner }: ScoreItem): Generator<ExpectedRequest> {
    const { protocol, store, config } = this.#study
    const llm = this.#llm
    if (llm === null || explanation.text === null) return
    const textsOf = tokenTexts(this.#study, this.#set)
    const all = store.examples.of(this.#set.id, explanation.featureId, protocol.name)
    const examples = all.filter(({ use }) => use === 'score')
    const max = largestActivation(all.filter(({ use }) => use === 'explain'))
    const { examplesPerCall, form } = llm.simulate
    for (const call of dealExamples(examples, examplesPerCall, config.seed, explanation.featureId)) {
      const asked = call.map((index) => examples[index]!)
      const windows = asked.map(({ tokens }) => textsOf(tokens))
      const truth = asked.map(({ activations }) =>
        activations.map((one) => quantize(one, max, protocol.scale)),
      )
      const silence = truth.map((levels) => levels.map(() => 0))
      const expected = (text: string, levels: readonly number[][]): ExpectedRequest => ({
        request: simulationRequest(llm, text, windows, protocol.scale),
        // What is read off the prompt needs no reply, but servers write one token.
        reply: llm.tier === 'promptLogprobs' ? '0' : renderAnswer(levels, form),
        isIncomplete: (stored) => isIncomplete(stored, asked, llm.tier, protocol.scale),
      })
      yield expected(explanation.text, truth)
      if (partner?.text != null) yield expected(partner.text, silence)
    }
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
      provenanceId: this.#provenance(),
    }
  }
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
