import { explainRequest } from '../autointerp/explain-messages.ts'
import { type ExplainPrompt, needsChoice } from '../autointerp/explain-prompt.ts'
import { type ParsedExplanation, parseExplanation } from '../autointerp/explanation-reply.ts'
import type { ChatRequest, ReplyContent } from '../core/chat-model.ts'
import { UsageError } from '../core/errors.ts'
import { canonicalJson, contentId, type Json } from '../core/hash.ts'
import type { Protocol, Use } from '../core/protocol.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { FeatureSetRecord, LogitEffects, StoredExample } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { currentSet } from './feature-set.ts'
import { importedMethod } from './imported-explanations.ts'
import { checkProtocol } from './sampling.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts, vocabularyOf } from './token-texts.ts'

/** The explainer of a study without an LLM, unless another is asked for. */
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

/** Finds the features that are still to be explained. @throws {UsageError} `choose-missing`, `not-sampled` */
export function planExplanations(study: Study, llm: Llm | null, selection: Selection): ExplainPlan {
  const { store, protocol } = study
  checkExplainer(study, llm)
  const set = currentSet(study)
  checkProtocol(study, set)
  const written = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  const lacking = unfinishedChoices(study, set, llm)
  const idOf = (feature: number): string => explanationId(study, set, llm, feature)
  const withExamples = store.examples.featuresWith(set.id, protocol.name)
  const candidates = [...withExamples].toSorted((a, b) => a - b)
  if (store.examples.sampledFeatures(set.id, protocol.name).size === 0)
    throw new UsageError(
      'not-sampled',
      `expected examples of the protocol ${protocol.name}, found none; run gloss sample --protocol ${protocol.name} first`,
    )
  const selected = selectFeatures(selection, candidates, (id) => written.has(idOf(id)), study.config.seed)
  const planned = selected.filter((feature) => {
    const record = written.get(idOf(feature))
    if (!record || record.problem === 'callFailed' || lacking.has(record.id)) return true
    return llm?.reask && record.problem === 'unreadable'
  })
  return { explainer: explainerName(study, llm), selected, planned, idOf }
}

/** Explanations that were chosen though a call got no reply, or one that can be asked for again. */
function unfinishedChoices(study: Study, set: FeatureSetRecord, llm: Llm | null): Set<string> {
  const unfinished = study.store.candidates
    .all(set.id)
    .filter(
      ({ problem, failedCalls, unreadableCalls }) =>
        problem === 'callFailed' ||
        failedCalls > 0 ||
        (llm?.reask && (problem === 'unreadable' || unreadableCalls > 0)),
    )
  return new Set(unfinished.map(({ explanationId: id }) => id))
}

/**
 * Makes sure that an explainer has the examples that it needs.
 * @throws {UsageError} `choose-missing` where it chooses and the protocol draws nothing to choose by; `explainer-imported`
 */
export function checkExplainer(
  { protocol, imported }: Pick<Study, 'protocol' | 'imported'>,
  llm: Llm | null,
): void {
  if (imported)
    throw new UsageError(
      'explainer-imported',
      `expected an explainer that explains, found ${imported.explainer}, whose explanations were imported; gloss score scores them, another --explainer makes new ones`,
    )
  if (llm === null || !needsChoice(llm.explain) || protocol.choose) return
  throw new UsageError(
    'choose-missing',
    `expected a protocol that draws examples to choose by, which the explainer ${llm.explain.name} needs, found ` +
      `${protocol.name}; add --protocol monosemanticity-choose, or name another --explainer`,
  )
}

/** The explainer that is at work. */
export function explainerName(study: Pick<Study, 'baseline' | 'imported'>, llm: Llm | null): string {
  return study.imported?.explainer ?? llm?.explain.name ?? study.baseline ?? TABLE_EXPLAINER
}

/** How explanations are made: all that decides them, but for the feature. */
function methodOf(study: Study, llm: Llm | null): Record<string, Json> {
  if (study.imported) return importedMethod(study.imported)
  return {
    protocol: study.protocol.hash,
    explainer: explainerName(study, llm),
    prompt: llm?.explain.hash ?? null,
    endpoint: llm?.chat.group ?? null,
    llm: llm?.chat.model ?? null,
    // Where one of several is chosen, so do the prompt to choose by and the orders in which windows are shown.
    ...(llm && needsChoice(llm.explain) ? { choose: llm.choose.hash, seed: study.config.seed } : {}),
  }
}

/** An explanation's id: the hash of everything that decides what is asked. */
export function explanationId(study: Study, set: FeatureSetRecord, llm: Llm | null, feature: number): string {
  return contentId({ set: set.id, feature, ...methodOf(study, llm) })
}

/** Makes an explainer the one that `status` and `show` are about. */
export function rememberExplainer(study: Study, llm: Llm | null): void {
  study.store.study.put('explainer', explainerName(study, llm))
  study.store.study.put('llm', (study.imported ? study.imported.llm : llm?.chat.model) ?? '')
  study.store.study.put('method', canonicalJson(methodOf(study, llm)))
}

/** The ids of the explanations that were last worked with; null for studies that are older than this memory. */
export function rememberedExplanation(
  store: Study['store'],
  set: FeatureSetRecord,
): ((feature: number) => string) | null {
  const method = store.study.get('method')
  if (method === null) return null
  const members = JSON.parse(method) as Record<string, Json>
  return (feature) => contentId({ set: set.id, feature, ...members })
}

/** What an LLM is asked about a feature at first. @param number which of several samples */
export function explainRequests(
  study: Study,
  set: FeatureSetRecord,
  { explain: prompt }: Pick<Llm, 'explain'>,
): (feature: number, number?: number) => ChatRequest {
  const { protocol, store, config } = study
  const textsOf = tokenTexts(study, set)
  const vocabulary = vocabularyOf(study, set)
  const texts = (effects: LogitEffects['top']): string[] =>
    effects.map(([token]) => textOfBytes(vocabulary[token] ?? new Uint8Array()))
  return (feature, number = 0) => {
    const effects = prompt.logits && store.features.get(set.id, feature)?.logits
    const logits = effects ? { top: texts(effects.top), bottom: texts(effects.bottom) } : null
    const sample = { number, seed: config.seed, feature }
    const examples = explainExamples(study, set, feature)
    return explainRequest(prompt, examples, protocol.scale, textsOf, { ...protocol, logits, sample })
  }
}

/** The explain examples of a feature. */
export function explainExamples(study: Study, set: FeatureSetRecord, feature: number): StoredExample[] {
  return examplesFor(study, set, feature, 'explain')
}

/** The examples of a feature for a use. */
export function examplesFor(
  { store, protocol }: Study,
  set: FeatureSetRecord,
  feature: number,
  use: Use,
): StoredExample[] {
  return store.examples.of(set.id, feature, protocol.name).filter((example) => example.use === use)
}

const USUAL_SAMPLES = 5

/** How many explanations a prompt asks for at first. */
export function samplesOf({ samples }: ExplainPrompt, protocol: Pick<Protocol, 'samples'>): number {
  if (samples !== 'protocol') return samples
  return protocol.samples > 1 ? protocol.samples : USUAL_SAMPLES
}

/** The explanation in a reply, or why there is none. */
export function readExplanation({
  text,
  cut,
  problem,
}: Pick<ReplyContent, 'text' | 'cut' | 'problem'>): ParsedExplanation {
  return text === null ? { problem: problem ?? 'an empty reply' } : parseExplanation(text, cut)
}
