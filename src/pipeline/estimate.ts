import type { ChatModel, LlmRequest } from '../core/chat-model.ts'
import { sha256 } from '../core/hash.ts'
import type { ScorerName } from '../core/scores.ts'
import type { StageName } from '../core/stages.ts'
import type { Selection } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord } from '../core/store.ts'
import { planExplanations } from './explain-plan.ts'
import type { Ask } from './explainer.ts'
import { currentSet } from './feature-set.ts'
import { llmExplainer, USUAL_EXPLANATION } from './llm-explainer.ts'
import { isolationOf, planIsolation } from './isolate.ts'
import { NOTHING_EXPLAINED, planScores, scoreItems } from './score-plan.ts'
import { makeScorer } from './scorers.ts'
import type { Llm, Study } from './study.ts'

/** What a verb would ask of an LLM. */
export interface Estimate {
  readonly stage: StageName
  readonly features: number
  /** Requests that would be sent; exact, but for retries and for steps that depend on replies to come. */
  readonly requests: number
  /** Requests whose replies are stored and would not be sent. */
  readonly stored: number
  readonly promptTokens: number
  readonly completionTokens: number
  /** Null where the price is not known. */
  readonly usd: number | null
  /** Null where nothing is known of the endpoint's speed. */
  readonly seconds: number | null
  /** Why there is nothing to do that might be expected. */
  readonly note?: string
}

/**
 * What explaining would take: it is rehearsed with replies as they are expected, but for stored ones. Of several
 * explanations none is taken to be like another, and none to be without errors where a revision comes of them.
 */
export async function estimateExplaining(study: Study, llm: Llm, selection: Selection): Promise<Estimate> {
  const set = currentSet(study)
  const { planned } = planExplanations(study, llm, selection)
  const explainer = llmExplainer(study, set, llm)
  const tally = new Tally(llm, 'explain', planned.length)
  const rehearse: Ask = ({ request, expected, isUnreadable }) =>
    Promise.resolve(
      tally.add(request, expected, isUnreadable) ??
        ({ kind: 'reply', hash: '', text: expected, cut: false, problem: null, tokens: null } as const),
    )
  for (const feature of planned) await explainer.explain(feature, rehearse)
  return tally.estimate()
}

/**
 * What scoring would take. Features that have no explanation yet, and would get one, count with one of usual length.
 *
 * @param withUnexplained whether explaining comes first
 */
export async function estimateScoring(
  study: Study,
  llm: Llm,
  selection: Selection,
  withUnexplained: boolean,
  scorer: ScorerName = 'simulation',
): Promise<Estimate> {
  const set = currentSet(study)
  const expected = withUnexplained ? expectedExplanations(study, set, llm, selection) : []
  const plan = planScores(study, llm, selection, scorer, expected)
  const planItems = await scoreItems(study, set, plan)
  const { items, blocks } =
    llm.simulate.isolate && scorer === 'simulation'
      ? planIsolation(study, set, llm, plan, planItems)
      : { items: planItems, blocks: null }
  const isolation = blocks && isolationOf(study, set, blocks, plan.planned, plan.explanationOf)
  const tally = new Tally(llm, 'score', items.length)
  const asking = makeScorer(scorer, study, set, llm, { isolation })
  // What it tells is about a run; here it only has to come to its end.
  const preparing = asking.prepare(
    items.map(({ explanation }) => explanation.featureId),
    false,
  )
  while (!(await preparing.next()).done);
  for (const item of items)
    for (const { request, reply, isIncomplete } of asking.requests(item))
      tally.add(request, reply, isIncomplete)
  return { ...tally.estimate(), ...(plan.selected.length === 0 ? { note: NOTHING_EXPLAINED } : {}) }
}

/** What explaining would write. No two explanations are equal: requests about them are different ones. */
function expectedExplanations(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  selection: Selection,
): ExplanationRecord[] {
  const { planned, explainer, idOf } = planExplanations(study, llm, selection)
  return planned.map((feature) => ({
    id: idOf(feature),
    setId: set.id,
    featureId: feature,
    explainer,
    llm: llm.chat.model,
    text: `${USUAL_EXPLANATION} (${feature})`,
    problem: null,
    requestHash: null,
    provenanceId: '',
  }))
}

type StoredReply = NonNullable<ReturnType<ChatModel['answered']>>

/** Adds up what requests would take that are not stored. */
export class Tally {
  readonly #llm: Llm
  readonly #stage: StageName
  readonly #features: number
  /** Two features with the same explanation can lead to the same request, which is sent once. */
  readonly #seen = new Set<string>()
  #requests = 0
  #stored = 0
  #promptTokens = 0
  #completionTokens = 0
  #usd: number | null = 0

  constructor(llm: Llm, stage: StageName, features: number) {
    this.#llm = llm
    this.#stage = stage
    this.#features = features
  }

  /**
   * @param reply as it is expected
   * @param unreadable whether a stored reply would be asked for again
   * @returns the stored reply; null where the request would be sent
   */
  add(request: LlmRequest, reply: string, unreadable: (stored: StoredReply) => boolean): StoredReply | null {
    const { chat, reask } = this.#llm
    const hash = sha256(JSON.stringify(request))
    const newest = chat.answered(request)
    const stored = newest && !(reask && unreadable(newest)) ? newest : null
    if (this.#seen.has(hash)) return stored
    this.#seen.add(hash)
    if (stored) {
      this.#stored++
      return stored
    }
    const { promptTokens, completionTokens, usd } = chat.forecast(request, reply)
    this.#requests++
    this.#promptTokens += promptTokens
    this.#completionTokens += completionTokens
    this.#usd = this.#usd === null || usd === null ? null : this.#usd + usd
    return null
  }

  estimate(): Estimate {
    const tokens = this.#promptTokens + this.#completionTokens
    return {
      stage: this.#stage,
      features: this.#features,
      requests: this.#requests,
      stored: this.#stored,
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      usd: this.#usd,
      seconds: this.#llm.chat.expectedSeconds(this.#requests, tokens),
    }
  }
}
