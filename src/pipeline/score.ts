import { StoppedError, UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { scoringName } from '../core/protocol.ts'
import type { ScorerName } from '../core/scores.ts'
import type { Selection } from '../core/selection.ts'
import type { FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { type AdaptiveCounts, adaptiveCounts, checkPrecision, describeAdaptive } from './adaptive.ts'
import { chatEvents } from './chat-events.ts'
import { explainerName, rememberExplainer } from './explain-plan.ts'
import { currentSet } from './feature-set.ts'
import { isolationOf, planIsolation, rememberBlocks } from './isolate.ts'
import { runPool } from './pool.ts'
import { eventLoopTurn } from './sample.ts'
import { sampleMore } from './sample-more.ts'
import { NOTHING_EXPLAINED, planScores, type ScorePlan, scoreItems } from './score-plan.ts'
import { scoreId, type ScoreItem, type Scorer } from './scorer.ts'
import { makeScorer } from './scorers.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Llm, Study } from './study.ts'

/** How one run of scoring ended. */
export interface ScoreCounts {
  readonly scored: number
  /** Scores without a value, by reason. */
  readonly undefined: Readonly<Record<string, number>>
  readonly failedCalls: number
  readonly unreadableCalls: number
  /** What adaptive scoring took; null without it. */
  readonly adaptive: AdaptiveCounts | null
}

/** Scores explanations by one scorer on held-out examples, with controls. */
export async function* score(
  study: Study,
  llm: Llm | null,
  selection: Selection,
  scorer: ScorerName = 'simulation',
): AsyncGenerator<StudyEvent, ScoreCounts> {
  if (study.precision != null) checkAdaptive(study, llm, scorer)
  const set = currentSet(study)
  const plan = planScores(study, llm, selection, scorer)
  const { selected, planned } = plan
  if (planned.length === 0) {
    if (selected.length > 0) remember(study, llm, plan)
    const counts = countScores(study, llm, set, plan)
    yield {
      type: 'stage-skip',
      stage: 'score',
      note: selected.length === 0 ? NOTHING_EXPLAINED : describe(counts),
    }
    return counts
  }

  const recorder = new StageRecorder(study, 'score', selected.length - planned.length, selected.length)
  yield recorder.start(
    'features',
    `${scorer}, ${study.protocol.name}, ${llm ? llm.chat.model : `${explainerName(study, llm)} baseline`}`,
  )
  if (study.precision != null) await sampleMore(study, set, planned)
  const planItems = await scoreItems(study, set, plan)
  const isolated = llm?.simulate.isolate && scorer === 'simulation'
  const { items, blocks } = isolated
    ? planIsolation(study, set, llm, plan, planItems)
    : { items: planItems, blocks: null }
  if (llm && blocks) rememberBlocks(study, set, llm, blocks)
  const isolation = blocks && isolationOf(study, set, blocks, plan.planned, plan.explanationOf)
  const asking = makeScorer(scorer, study, set, llm, { isolation })
  yield* recorder.watch(asking.prepare(plan.planned, true))
  yield* recorder.watch(
    llm
      ? scoreByLlm(study, llm, plan, asking, items, recorder)
      : scoreByTable(study, plan, asking, items, recorder),
  )
  if (study.signal.aborted && recorder.done < selected.length) {
    recorder.stop()
    throw new StoppedError('stopped', 'stopped while scoring; run the same command again to go on')
  }
  const counts = countScores(study, llm, set, plan)
  yield recorder.end(describe(counts))
  return counts
}

/** @throws {UsageError} `precision-protocol`, `precision-isolate`, `precision-scorer` */
function checkAdaptive({ protocol }: Study, llm: Llm | null, scorer: string): void {
  checkPrecision(protocol)
  // Features that share calls would have to stop at the same look.
  if (llm?.simulate.isolate)
    throw new UsageError(
      'precision-isolate',
      'expected --precision without --isolate, found both; leave one of them out',
    )
  if (scorer !== 'simulation')
    throw new UsageError(
      'precision-scorer',
      `expected --precision with the scorer simulation, found ${scorer}; leave --precision out`,
    )
}

/** Features whose token tables are scored in one transaction. */
const FEATURES_PER_COMMIT = 64

async function* scoreByTable(
  study: Study,
  plan: ScorePlan,
  scorer: Scorer,
  items: readonly ScoreItem[],
  recorder: StageRecorder,
): AsyncGenerator<StudyEvent> {
  for (let first = 0; first < items.length && !study.signal.aborted; first += FEATURES_PER_COMMIT) {
    const outcomes = await Promise.all(
      items.slice(first, first + FEATURES_PER_COMMIT).map((item, i) => scorer.score(item, first + i)),
    )
    study.store.transaction(() => {
      remember(study, null, plan)
      for (const outcome of outcomes) study.store.scores.put(outcome.scores, outcome.controls)
      recorder.record(recorder.done + outcomes.length)
    })
    yield recorder.progress()
    await eventLoopTurn()
  }
}

async function* scoreByLlm(
  study: Study,
  llm: Llm,
  plan: ScorePlan,
  scorer: Scorer,
  items: readonly ScoreItem[],
  recorder: StageRecorder,
): AsyncGenerator<StudyEvent> {
  const scoreOne = async (item: ScoreItem, priority: number): Promise<StudyEvent[]> => {
    const { scores, controls, reasons } = await scorer.score(item, priority)
    study.store.transaction(() => {
      remember(study, llm, plan)
      study.store.scores.put(scores, controls)
      recorder.record(recorder.done + 1)
    })
    return reasons.map((reason) => ({
      type: 'item-failed',
      stage: 'score',
      feature: item.explanation.featureId,
      reason,
    }))
  }
  yield* chatEvents(llm.chat, 'score')
  for await (const failures of runPool(items, llm.chat.mostInFlight, study.signal, scoreOne)) {
    yield* chatEvents(llm.chat, 'score')
    yield* failures
    yield recorder.progress({ spending: llm.chat.spending() })
  }
}

/** Status and show are about the tier, precision and seed of the last simulations. */
function remember(study: Study, llm: Llm | null, { scorer, tier }: ScorePlan): void {
  rememberExplainer(study, llm)
  if (scorer !== 'simulation') return
  const { store, protocol, precision, config } = study
  store.study.put('tier', tier)
  store.study.put('seed', String(config.seed))
  store.study.put('prompt', llm?.simulate.hash ?? '')
  store.study.put('scoring', scoringName(protocol.name, precision ?? null))
}

function countScores(
  study: Study,
  llm: Llm | null,
  set: FeatureSetRecord,
  { scorer, tier, selected, explanationOf }: ScorePlan,
): ScoreCounts {
  const rows = new Map(study.store.scores.all(set.id, scorer).map((record) => [record.id, record]))
  const found = selected.flatMap(
    (feature) => rows.get(scoreId(study, llm, explanationOf(feature), scorer, tier)) ?? [],
  )
  const reasons: Record<string, number> = {}
  for (const { undefined: reason } of found) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1
  const sum = (of: (record: ScoreRecord) => number): number =>
    found.reduce((total, record) => total + of(record), 0)
  return {
    scored: found.filter(({ value }) => value !== null).length,
    undefined: reasons,
    failedCalls: sum(({ failedCalls, failedControlCalls }) => failedCalls + failedControlCalls),
    unreadableCalls: sum(({ unreadableCalls }) => unreadableCalls),
    adaptive:
      study.precision == null
        ? null
        : adaptiveCounts(study.protocol, study.precision, found, llm?.simulate.examplesPerCall ?? null),
  }
}

function describe({
  scored,
  undefined: reasons,
  failedCalls,
  unreadableCalls,
  adaptive,
}: ScoreCounts): string {
  return [
    `${scored.toLocaleString('en')} scored`,
    ...Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`),
    failedCalls > 0 ? `${failedCalls} calls without a reply` : null,
    unreadableCalls > 0 ? `${unreadableCalls} replies with missing answers` : null,
    adaptive && describeAdaptive(adaptive),
  ]
    .filter((part) => part !== null)
    .join(', ')
}
