import { renderTokenTable, tokenTable } from '../autointerp/token-table.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Selection } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { chatEvents } from './chat-events.ts'
import {
  explainExamples,
  explainRequests,
  planExplanations,
  readExplanation,
  TABLE_EXPLAINER,
} from './explain-plan.ts'
import { currentSet, provenanceOf } from './feature-set.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'
import { vocabularyOf } from './token-texts.ts'

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
  const { store } = study
  const set = currentSet(study)
  const { explainer, selected, planned, idOf } = planExplanations(study, llm, selection)
  const written = new Map(store.explanations.all(set.id).map((record) => [record.id, record]))
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
  const { store } = study
  const provenanceId = store.provenance.put(explanationProvenance(study, set, llm))
  const requestOf = explainRequests(study, set, llm)
  let done = recorder.done

  const explainOne = async (feature: number, priority: number): Promise<StudyEvent | null> => {
    const answer = await llm.chat.ask(requestOf(feature), {
      stage: 'explain',
      priority,
      again: (stored) => llm.reask && 'problem' in readExplanation(stored),
    })
    const parsed = answer.kind === 'reply' ? readExplanation(answer) : { problem: answer.reason }
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
  yield* chatEvents(llm.chat, 'explain')
  for await (const failure of runPool(planned, llm.chat.mostInFlight, study.signal, explainOne)) {
    yield* chatEvents(llm.chat, 'explain')
    if (failure) yield failure
    yield recorder.progress({ spending: llm.chat.spending() })
  }
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
