import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { renderAnswer } from '../autointerp/simulate-messages.ts'
import type { ControlPredictions } from '../autointerp/simulation-score.ts'
import type { ControlName } from '../core/scores.ts'
import type { ExplanationRecord, FeatureSetRecord, StoredExample } from '../core/store.ts'
import { IsolatedRequests } from './isolated-requests.ts'
import { allEnded } from './pool.ts'
import type { ExpectedRequest, ScoreItem, Isolation } from './scorer.ts'
import { isIncomplete, type Simulation, simulationRequest, type Simulator } from './simulate.ts'
import { offlineControls, ownBaseline, type TokenFrequency, tokenFrequency } from './simulation-controls.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

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

/** Predicts the score examples of an item from its explanation and by every control. */
export class ItemPredictor {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #simulator: Simulator
  readonly #isolated: IsolatedRequests | null
  /** Read when first needed; undefined before. */
  #frequency: TokenFrequency | null | undefined

  /** @param isolation the features that share calls, where the prompt puts several into one */
  constructor(
    study: Study,
    set: FeatureSetRecord,
    llm: Llm | null,
    simulator: Simulator,
    isolation: Isolation | null = null,
  ) {
    this.#isolated = llm && isolation && new IsolatedRequests(study, set, llm, isolation)
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#simulator = simulator
  }

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
    const [own, shuffled, blanked] = await allEnded([
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
  *requests(item: ScoreItem): Generator<ExpectedRequest> {
    const { explanation, partner, blank } = item
    const { protocol } = this.#study
    const llm = this.#llm
    if (llm === null || explanation.text === null) return
    if (this.#isolated) {
      yield* this.#isolated.of(item)
      return
    }
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
