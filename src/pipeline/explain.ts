import { explainRequest } from '../autointerp/explain-messages.ts'
import { parseExplanation } from '../autointerp/explanation-reply.ts'
import { renderTokenTable, tokenTable } from '../autointerp/token-table.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { contentId } from '../core/hash.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { Asker } from './ask.ts'
import { currentSet, provenanceOf } from './feature-set.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'

/** The explainer that needs no LLM. */
export const TABLE_EXPLAINER = 'table'

/** Features that the table explains in one transaction. */
const FEATURES_PER_COMMIT = 128

/** How one run of explaining ended. */
export interface ExplainCounts {
  readonly explained: number
  readonly callsFailed: number
  readonly unreadable: number
}

/** Writes an explanation of every selected feature: with an LLM where there is one, else the token-table baseline. */
export async function* explain(
  study: Study,
  llm: Llm | null,
  selection: Selection,
): AsyncGenerator<StudyEvent, ExplainCounts> {
  const { store, protocol } = study
  const set = currentSet(study)
  const explainer = llm?.explain.name ?? TABLE_EXPLAINER
  const written = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  const idOf = (feature: number): string => explanationId(study, set, llm, feature)
  const alive = store.features.all(set.id).filter(({ state }) => state === 'alive')
  const sampled = store.examples.sampledFeatures(set.id, protocol.name)
  const candidates = alive.map(({ id }) => id).filter((id) => sampled.has(id))
  const selected = selectFeatures(selection, candidates, (id) => written.has(idOf(id)), study.config.seed)
  const planned = selected.filter((feature) => {
    const record = written.get(idOf(feature))
    return !record || record.problem === 'callFailed'
  })
  // From its first answer on, an explainer is what status and show are about.
  const remember = (): void => {
    store.study.put('explainer', explainer)
    store.study.put('llm', llm?.chat.model ?? '')
  }
  if (planned.length === 0) {
    remember()
    const counts = countOutcomes(selected.map((feature) => written.get(idOf(feature))!))
    yield { type: 'stage-skip', stage: 'explain', note: describe(counts) }
    return counts
  }

  const recorder = new StageRecorder(study, 'explain', selected.length - planned.length, selected.length)
  yield recorder.start('features', llm ? `${explainer}, ${llm.chat.model}` : 'token-table baseline')
  yield* recorder.watch(
    llm
      ? explainByLlm(study, set, llm, planned, recorder, idOf, remember)
      : explainByTable(study, set, planned, recorder, idOf, remember),
  )
  const outcomes = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
  const counts = countOutcomes(selected.flatMap((feature) => outcomes.get(idOf(feature)) ?? []))
  if (study.signal.aborted && counts.explained + counts.callsFailed + counts.unreadable < selected.length) {
    recorder.stop()
    throw new StoppedError('stopped', 'stopped while explaining; run the same command again to go on')
  }
  yield recorder.end(describe(counts))
  return counts
}

/** An explanation's id: the hash of everything that decides what is asked. */
export function explanationId(study: Study, set: FeatureSetRecord, llm: Llm | null, feature: number): string {
  return contentId({
    set: set.id,
    feature,
    protocol: study.protocol.hash,
    explainer: llm?.explain.name ?? TABLE_EXPLAINER,
    prompt: llm?.explain.hash ?? null,
    endpoint: llm?.chat.endpoint ?? null,
    llm: llm?.chat.model ?? null,
  })
}

async function* explainByTable(
  study: Study,
  set: FeatureSetRecord,
  planned: readonly number[],
  recorder: StageRecorder,
  idOf: (feature: number) => string,
  remember: () => void,
): AsyncGenerator<StudyEvent> {
  const { store, protocol } = study
  const vocabulary = vocabularyOf(study, set)
  const provenanceId = store.provenance.put(explanationProvenance(study, set, null))
  const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
  let done = recorder.done
  for (let first = 0; first < planned.length && !study.signal.aborted; first += FEATURES_PER_COMMIT) {
    const block = planned.slice(first, first + FEATURES_PER_COMMIT)
    store.transaction(() => {
      for (const feature of block) {
        const table = tokenTable(explainExamples(study, set, feature), protocol.scale)
        const record = { ...blank(idOf(feature), set, feature, provenanceId), explainer: TABLE_EXPLAINER }
        store.explanations.put({ ...record, text: renderTokenTable(table, textOf) }, study.now())
      }
      done += block.length
      recorder.record(done)
      remember()
    })
    yield recorder.progress()
    await eventLoopTurn()
  }
}

async function* explainByLlm(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  planned: readonly number[],
  recorder: StageRecorder,
  idOf: (feature: number) => string,
  remember: () => void,
): AsyncGenerator<StudyEvent> {
  const { store, protocol } = study
  const vocabulary = vocabularyOf(study, set)
  const provenanceId = store.provenance.put(explanationProvenance(study, set, llm))
  const textsOf = (tokens: readonly number[]): string[] =>
    textsOfTokens(tokens.map((token) => vocabulary[token] ?? new Uint8Array()))
  const asker = new Asker(store, llm.chat, study.signal, study.now)
  let done = recorder.done

  const explainOne = async (feature: number): Promise<StudyEvent | null> => {
    const request = explainRequest(llm.explain, explainExamples(study, set, feature), protocol.scale, textsOf)
    const answer = await asker.ask(request)
    const parsed =
      answer.kind === 'reply' ? readExplanation(answer.text, answer.problem) : { problem: answer.reason }
    const record: ExplanationRecord = {
      ...blank(idOf(feature), set, feature, provenanceId),
      explainer: llm.explain.name,
      llm: llm.chat.model,
      text: 'text' in parsed ? parsed.text : null,
      problem: 'text' in parsed ? null : answer.kind === 'failed' ? 'callFailed' : 'unreadable',
      requestHash: answer.hash,
    }
    store.transaction(() => {
      store.explanations.put(record, study.now())
      done++
      recorder.record(done)
      remember()
    })
    if ('text' in parsed) return null
    return { type: 'item-failed', stage: 'explain', feature, reason: parsed.problem }
  }
  for await (const failure of runPool(planned, llm.concurrency, study.signal, explainOne)) {
    if (failure) yield failure
    yield recorder.progress()
  }
}

function readExplanation(text: string | null, problem: string | null): ReturnType<typeof parseExplanation> {
  return text === null ? { problem: problem ?? 'an empty reply' } : parseExplanation(text)
}

/** The explain examples of a feature. */
export function explainExamples(study: Study, set: FeatureSetRecord, feature: number): StoredExample[] {
  return study.store.examples.of(set.id, feature, study.protocol.name).filter(({ use }) => use === 'explain')
}

/** The bytes of every token of the set's collection. */
export function vocabularyOf(study: Pick<Study, 'store'>, set: FeatureSetRecord): Uint8Array[] {
  const collection = study.store.collections.get(set.id)
  return collection ? study.store.vocabulary.get(collection.tokenizerHash) : []
}

function explanationProvenance(study: Study, set: FeatureSetRecord, llm: Llm | null) {
  return {
    ...provenanceOf(study, set),
    protocol: study.protocol.name,
    protocolHash: study.protocol.hash,
    prompt: llm?.explain.name ?? null,
    promptHash: llm?.explain.hash ?? null,
    llm: llm?.chat.model ?? null,
  }
}

function blank(id: string, set: FeatureSetRecord, featureId: number, provenanceId: string) {
  return { id, setId: set.id, featureId, llm: null, problem: null, requestHash: null, provenanceId }
}

function countOutcomes(records: readonly ExplanationRecord[]): ExplainCounts {
  const count = (problem: ExplanationRecord['problem']): number =>
    records.filter((record) => record.problem === problem).length
  return { explained: count(null), callsFailed: count('callFailed'), unreadable: count('unreadable') }
}

function describe({ explained, callsFailed, unreadable }: ExplainCounts): string {
  return [
    `${explained.toLocaleString('en')} explained`,
    callsFailed > 0 ? `${callsFailed} without a reply` : null,
    unreadable > 0 ? `${unreadable} unreadable` : null,
  ]
    .filter((part) => part !== null)
    .join(', ')
}
