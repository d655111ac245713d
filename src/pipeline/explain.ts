import { needsChoice } from '../autointerp/explain-prompt.ts'
import { StoppedError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Selection } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord } from '../core/store.ts'
import { chatEvents } from './chat-events.ts'
import { planExplanations, rememberExplainer } from './explain-plan.ts'
import { type Ask, baselineExplainer, type Explained, type Explainer } from './explainer.ts'
import { currentSet, provenanceOf } from './feature-set.ts'
import { llmExplainer } from './llm-explainer.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'

/** Features that a baseline explains in one transaction. */
const FEATURES_PER_COMMIT = 128

/** How one run of explaining ended. */
export interface ExplainCounts {
  readonly explained: number
  readonly callsFailed: number
  readonly unreadable: number
  /** Calls without a reply on the way to explanations that were written all the same; the next run asks again. */
  readonly failedSteps: number
}

/** Writes an explanation of every selected feature: with an LLM where there is one, else one of a baseline. */
export async function* explain(
  study: Study,
  llm: Llm | null,
  selection: Selection,
): AsyncGenerator<StudyEvent, ExplainCounts> {
  const set = currentSet(study)
  const { explainer, selected, planned, idOf } = planExplanations(study, llm, selection)
  const count = (): ExplainCounts => countOutcomes(study, set, selected.map(idOf))
  if (planned.length === 0) {
    rememberExplainer(study, llm)
    const counts = count()
    yield { type: 'stage-skip', stage: 'explain', note: describe(counts) }
    return counts
  }

  const recorder = new StageRecorder(study, 'explain', selected.length - planned.length, selected.length)
  yield recorder.start(
    'features',
    llm ? `${explainer}, ${llm.chat.model}` : `${explainer === 'table' ? 'token-table' : explainer} baseline`,
  )
  const writing = new Writing(study, set, llm, idOf, recorder)
  yield* recorder.watch(
    llm
      ? explainByLlm(study, llmExplainer(study, set, llm), llm, planned, writing)
      : explainByBaseline(study, baselineExplainer(study, set), planned, writing),
  )
  const counts = count()
  if (study.signal.aborted && counts.explained + counts.callsFailed + counts.unreadable < selected.length) {
    recorder.stop()
    throw new StoppedError('stopped', 'stopped while explaining; run the same command again to go on')
  }
  yield recorder.end(describe(counts))
  return counts
}

async function* explainByBaseline(
  { signal }: Study,
  explainer: Explainer,
  planned: readonly number[],
  writing: Writing,
): AsyncGenerator<StudyEvent> {
  const never: Ask = () => Promise.reject(new Error('a baseline asks nothing'))
  for (let first = 0; first < planned.length && !signal.aborted; first += FEATURES_PER_COMMIT) {
    const block = planned.slice(first, first + FEATURES_PER_COMMIT)
    const made = await Promise.all(
      block.map(async (feature) => [feature, await explainer.explain(feature, never)] as const),
    )
    writing.commit(explainer, made)
    yield writing.recorder.progress()
    await eventLoopTurn()
  }
}

async function* explainByLlm(
  { signal }: Study,
  explainer: Explainer,
  { chat, reask }: Llm,
  planned: readonly number[],
  writing: Writing,
): AsyncGenerator<StudyEvent> {
  const explainOne = async (feature: number, priority: number): Promise<StudyEvent[]> => {
    const ask: Ask = ({ request, isUnreadable }) =>
      chat.ask(request, {
        stage: 'explain',
        priority,
        again: (stored) => reask && isUnreadable(stored),
      })
    const explained = await explainer.explain(feature, ask)
    writing.commit(explainer, [[feature, explained]])
    return explained.reasons.map((reason) => ({ type: 'item-failed', stage: 'explain', feature, reason }))
  }
  yield* chatEvents(chat, 'explain')
  for await (const failures of runPool(planned, chat.mostInFlight, signal, explainOne)) {
    yield* chatEvents(chat, 'explain')
    yield* failures
    yield writing.recorder.progress({ spending: chat.spending() })
  }
}

/** Puts explanations into the store, with all that belongs to them. */
class Writing {
  readonly recorder: StageRecorder
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #idOf: (feature: number) => string
  readonly #provenanceId: string
  readonly #choiceProvenanceId: string | null

  constructor(
    study: Study,
    set: FeatureSetRecord,
    llm: Llm | null,
    idOf: (feature: number) => string,
    recorder: StageRecorder,
  ) {
    this.recorder = recorder
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#idOf = idOf
    const provenance = {
      ...provenanceOf(study, set),
      protocol: study.protocol.name,
      protocolHash: study.protocol.hash,
      llm: llm?.chat.model ?? null,
    }
    const withPrompt = (prompt: { name: string; hash: string } | null): string =>
      study.store.provenance.put({
        ...provenance,
        prompt: prompt?.name ?? null,
        promptHash: prompt?.hash ?? null,
      })
    this.#provenanceId = withPrompt(llm?.explain ?? null)
    this.#choiceProvenanceId = llm && needsChoice(llm.explain) ? withPrompt(llm.choose) : null
  }

  commit(explainer: Explainer, made: readonly (readonly [feature: number, Explained])[]): void {
    const { store, now } = this.#study
    store.transaction(() => {
      for (const [featureId, { text, problem, requestHash, candidates }] of made) {
        const id = this.#idOf(featureId)
        store.explanations.put(
          {
            id,
            setId: this.#set.id,
            featureId,
            explainer: explainer.name,
            llm: this.#llm?.chat.model ?? null,
            text,
            problem,
            requestHash,
            provenanceId: this.#provenanceId,
          },
          now(),
        )
        if (candidates.length > 0)
          store.candidates.put(
            id,
            candidates.map((candidate) => ({
              ...candidate,
              explanationId: id,
              provenanceId: candidate.simulations.length > 0 ? this.#choiceProvenanceId : null,
            })),
          )
      }
      this.recorder.record(this.recorder.done + made.length)
      // From its first answer on, an explainer is what status and show are about.
      rememberExplainer(this.#study, this.#llm)
    })
  }
}

function countOutcomes({ store }: Study, set: FeatureSetRecord, ids: readonly string[]): ExplainCounts {
  const wanted = new Set(ids)
  const records = store.explanations.all(set.id).filter(({ id }) => wanted.has(id))
  const count = (problem: ExplanationRecord['problem']): number =>
    records.filter((record) => record.problem === problem).length
  const written = new Set(records.filter(({ text }) => text !== null).map(({ id }) => id))
  const failedSteps = store.candidates
    .all(set.id)
    .filter(({ explanationId: id }) => written.has(id))
    .reduce((sum, { problem, failedCalls }) => sum + failedCalls + Number(problem === 'callFailed'), 0)
  return {
    explained: count(null),
    callsFailed: count('callFailed'),
    unreadable: count('unreadable'),
    failedSteps,
  }
}

function describe({ explained, callsFailed, unreadable, failedSteps }: ExplainCounts): string {
  return [
    `${explained.toLocaleString('en')} explained`,
    callsFailed > 0 ? `${callsFailed} without a reply` : null,
    unreadable > 0 ? `${unreadable} unreadable` : null,
    failedSteps > 0 ? `${failedSteps} steps without a reply` : null,
  ]
    .filter((part) => part !== null)
    .join(', ')
}
