import { Bootstrap } from '../autointerp/bootstrap.ts'
import { ceilingOf } from '../autointerp/ceiling.ts'
import { intervalShares } from '../autointerp/importance-weights.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { renderAnswer } from '../autointerp/simulate-messages.ts'
import {
  type ControlPredictions,
  type FurtherStatistics,
  scoreSimulation,
  type SimulationScores,
  unscored,
  withoutValue,
} from '../autointerp/simulation-score.ts'
import { scoringName } from '../core/protocol.ts'
import type { ControlName, Tier } from '../core/scores.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  FeatureSetRecord,
  ScoreRecord,
  StoredExample,
} from '../core/store.ts'
import { provenanceOf } from './feature-set.ts'
import { type ExpectedRequest, scoreId, type ScoreItem, type ScoreOutcome, type Scorer } from './scorer.ts'
import { offlineControls, ownBaseline, type TokenFrequency, tokenFrequency } from './simulation-controls.ts'
import { isIncomplete, type Simulation, simulationRequest, type Simulator } from './simulate.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** The scorer of this verb; other statistics of the same replies have names that begin with it. */
export const SIMULATION = 'simulation'

/** What was predicted for the examples of one item. */
export interface SimulatedItem {
  readonly explain: readonly StoredExample[]
  readonly score: readonly StoredExample[]
  readonly own: Simulation
  readonly controls: readonly ControlPredictions[]
  /** The controls that were simulated as the score was. */
  readonly simulated: readonly (readonly [ControlName, Simulation])[]
  /** The baseline that the explanation is itself. */
  readonly itself: ControlName | null
}

/** Simulates one explanation and its controls on the same examples, and turns that into rows. */
export class SimulationScorer implements Scorer {
  readonly name = SIMULATION
  readonly statistics: readonly string[]
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #simulator: Simulator
  readonly #bootstrap: Bootstrap
  readonly #expectedValues: boolean
  #provenanceId: string | null = null
  /** Read when first needed; undefined before. */
  #frequency: TokenFrequency | null | undefined

  constructor(study: Study, set: FeatureSetRecord, llm: Llm | null, simulator: Simulator) {
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#simulator = simulator
    this.#bootstrap = new Bootstrap(study.config.seed)
    this.#expectedValues = simulator.tier === 'chatLogprobs' || simulator.tier === 'promptLogprobs'
    const { headline, sampler } = study.protocol
    this.statistics = [
      SIMULATION,
      ...[
        ...(headline === 'pearson' ? ['spearman', 'r2', 'absolute_deviation'] : ['pearson']),
        'fire_only',
        ...(sampler === 'slices' ? ['weighted'] : []),
        ...(this.#expectedValues ? ['raw'] : []),
      ].map((name) => `${SIMULATION}.${name}`),
    ]
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
    const predictions = await this.predictions(item, priority)
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

  /** What is predicted for the score examples: by the explanation, and by every control. Null without a text. */
  async predictions(
    { explanation, partner, blank }: ScoreItem,
    priority: number,
  ): Promise<SimulatedItem | null> {
    const feature = explanation.featureId
    if (explanation.text === null) return null
    const { explain, score: standard } = this.#examples(feature)
    const score = (await this.#simulator.choose?.(explanation.text, feature, standard, priority)) ?? standard
    const simulate = (text: string): Promise<Simulation> =>
      this.#simulator.simulate(text, feature, score, priority)
    const [own, shuffled, blanked] = await Promise.all([
      simulate(explanation.text),
      partner?.text == null ? notSimulated(partner, score) : simulate(partner.text),
      blank && this.#llm ? simulate(this.#llm.simulate.blankDescription) : null,
    ])
    const itself = this.#llm === null ? ownBaseline(explanation.text) : null
    const controls = [
      ...offlineControls(
        explain,
        score,
        this.#simulator.deal(feature, score),
        this.#study.protocol.scale,
        this.#tokenFrequency(),
        itself,
      ),
      { name: 'shuffled' as const, predicted: shuffled.predicted },
      ...(blanked ? [{ name: 'blank' as const, predicted: blanked.predicted }] : []),
    ]
    return {
      explain,
      score,
      own,
      controls,
      simulated: [['shuffled', shuffled], ...named('blank', blanked)],
      itself,
    }
  }

  /** Replies are taken to name what really fires, and those about other explanations to name nothing. */
  *requests({ explanation, partner, blank }: ScoreItem): Generator<ExpectedRequest> {
    const { protocol } = this.#study
    const llm = this.#llm
    if (llm === null || explanation.text === null) return
    const textsOf = tokenTexts(this.#study, this.#set)
    const { explain, score } = this.#examples(explanation.featureId)
    const max = largestActivation(explain)
    for (const call of this.#simulator.deal(explanation.featureId, score)) {
      const asked = call.map((index) => score[index]!)
      const windows = asked.map(({ tokens }) => textsOf(tokens))
      const truth = asked.map(({ activations }) =>
        activations.map((one) => quantize(one, max, protocol.scale, protocol.rounding)),
      )
      const silence = truth.map((levels) => levels.map(() => 0))
      const expected = (
        control: ControlName | null,
        text: string,
        levels: readonly number[][],
      ): ExpectedRequest => ({
        request: simulationRequest(llm, text, windows, protocol.scale),
        control,
        // What is read off the prompt needs no reply, but servers write one token.
        reply: llm.tier === 'promptLogprobs' ? '0' : renderAnswer(levels, llm.simulate.form),
        isIncomplete: (stored) => isIncomplete(stored, asked, llm.tier, protocol.scale),
      })
      yield expected(null, explanation.text, truth)
      if (partner?.text != null) yield expected('shuffled', partner.text, silence)
      if (blank) yield expected('blank', llm.simulate.blankDescription, silence)
    }
  }

  #examples(feature: number): { explain: StoredExample[]; score: StoredExample[] } {
    const { protocol, store } = this.#study
    const all = store.examples.of(this.#set.id, feature, protocol.name)
    return {
      explain: all.filter(({ use }) => use === 'explain'),
      score: all.filter(({ use }) => use === 'score'),
    }
  }

  #tokenFrequency(): TokenFrequency | null {
    if (this.#frequency === undefined) this.#frequency = tokenFrequency(this.#study.store, this.#set)
    return this.#frequency
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

/** What is known of a control whose explanation has no text. */
function notSimulated(partner: ExplanationRecord | null, examples: readonly StoredExample[]): Simulation {
  return {
    predicted: examples.map(() => null),
    calls: 0,
    failedCalls: partner?.problem === 'callFailed' ? 1 : 0,
    unreadableCalls: partner?.problem === 'unreadable' ? 1 : 0,
    digitMass: null,
    reasons: [],
  }
}

function named(name: ControlName, simulation: Simulation | null): [ControlName, Simulation][] {
  return simulation ? [[name, simulation]] : []
}
