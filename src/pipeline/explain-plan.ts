import { explainRequest } from '../autointerp/explain-messages.ts'
import { type ParsedExplanation, parseExplanation } from '../autointerp/explanation-reply.ts'
import type { ChatRequest, ReplyContent } from '../core/chat-model.ts'
import { contentId } from '../core/hash.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { FeatureSetRecord, StoredExample } from '../core/store.ts'
import { currentSet } from './feature-set.ts'
import { checkProtocol } from './sampling.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** The explainer that needs no LLM. */
export const TABLE_EXPLAINER = 'table'

/** What explaining has to do. */
export interface ExplainPlan {
  readonly explainer: string
  /** Features that the selection is about. */
  readonly selected: readonly number[]
  /** Those that lack an explanation, or a reply to ask for again. */
  readonly planned: readonly number[]
  readonly idOf: (feature: number) => string
}

/** Finds the features that are still to be explained. */
export function planExplanations(study: Study, llm: Llm | null, selection: Selection): ExplainPlan {
  const { store, protocol } = study
  const set = currentSet(study)
  checkProtocol(study, set)
  const written = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  const idOf = (feature: number): string => explanationId(study, set, llm, feature)
  const withExamples = store.examples.featuresWith(set.id, protocol.name)
  const candidates = [...withExamples].toSorted((a, b) => a - b)
  const selected = selectFeatures(selection, candidates, (id) => written.has(idOf(id)), study.config.seed)
  const planned = selected.filter((feature) => {
    const record = written.get(idOf(feature))
    return !record || record.problem === 'callFailed' || (llm?.reask && record.problem === 'unreadable')
  })
  return { explainer: llm?.explain.name ?? TABLE_EXPLAINER, selected, planned, idOf }
}

/** An explanation's id: the hash of everything that decides what is asked. */
export function explanationId(study: Study, set: FeatureSetRecord, llm: Llm | null, feature: number): string {
  return contentId({
    set: set.id,
    feature,
    protocol: study.protocol.hash,
    explainer: llm?.explain.name ?? TABLE_EXPLAINER,
    prompt: llm?.explain.hash ?? null,
    endpoint: llm?.chat.group ?? null,
    llm: llm?.chat.model ?? null,
  })
}

/** What an LLM is asked about a feature. */
export function explainRequests(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
): (feature: number) => ChatRequest {
  const textsOf = tokenTexts(study, set)
  return (feature) =>
    explainRequest(llm.explain, explainExamples(study, set, feature), study.protocol.scale, textsOf)
}

/** The explain examples of a feature. */
export function explainExamples(study: Study, set: FeatureSetRecord, feature: number): StoredExample[] {
  return study.store.examples.of(set.id, feature, study.protocol.name).filter(({ use }) => use === 'explain')
}

/** The explanation in a reply, or why there is none. */
export function readExplanation({
  text,
  problem,
}: Pick<ReplyContent, 'text' | 'problem'>): ParsedExplanation {
  return text === null ? { problem: problem ?? 'an empty reply' } : parseExplanation(text)
}
