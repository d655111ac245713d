import { type StudyEvent } from '../core/events.ts'
import { STAGES, type StageName } from '../core/stages.ts'
import type { Spending } from '../core/chat-model.ts'
import type { TrainingStep } from '../core/dictionary.ts'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { duration, pad, percent, short, truncate, widthOf, usd } from './text.ts'

/** What is shown of one stage. */
export interface StageView {
  readonly state: 'waiting' | 'running' | 'done' | 'skipped'
  readonly note: string
  readonly unit: string
  readonly done: number
  readonly total: number
  /** When this process began, by the clock of the caller, and what was done by then. */
  readonly startedAt: number
  readonly doneBefore: number
  readonly seconds: number | null
  /** Calls without a reply, and replies that do not answer all. */
  readonly problems: number
  readonly training: TrainingStep | null
  readonly spending: Spending | null
}

/** The view of every stage, in order. */
export type ProgressState = ReadonlyMap<StageName, StageView>

const WAITING: StageView = {
  state: 'waiting',
  note: '',
  unit: '',
  done: 0,
  total: 0,
  startedAt: 0,
  doneBefore: 0,
  seconds: null,
  problems: 0,
  training: null,
  spending: null,
}

/** Nothing has begun. @param stages the stages that the command goes through */
export function initialProgress(stages: readonly StageName[] = STAGES): ProgressState {
  return new Map(stages.map((stage) => [stage, WAITING]))
}

/** The state after an event. @param at seconds by the caller's clock */
export function reduceProgress(state: ProgressState, event: StudyEvent, at: number): ProgressState {
  const view = state.get(event.stage) ?? WAITING
  const updated = ((): StageView => {
    switch (event.type) {
      case 'stage-start':
        return {
          ...view,
          state: 'running',
          note: event.note,
          unit: event.unit,
          done: event.done,
          doneBefore: event.done,
          total: event.total,
          startedAt: at,
        }
      case 'stage-progress':
        return {
          ...view,
          done: event.done,
          total: event.total,
          training: event.training ?? view.training,
          spending: event.spending ?? view.spending,
        }
      case 'stage-end':
        return { ...view, state: 'done', note: event.note, seconds: event.seconds }
      case 'stage-skip':
        return { ...view, state: 'skipped', note: event.note }
      case 'item-failed':
        return { ...view, problems: view.problems + 1 }
      case 'llm-retry':
      case 'notice':
        return view
      default:
        return event satisfies never
    }
  })()
  return new Map(state).set(event.stage, updated)
}

const NAME_COLUMNS = 10
const MOST_BAR_COLUMNS = 18
const LEAST_BAR_COLUMNS = 8
/** What the numbers of a stage rarely exceed. */
const NUMBER_COLUMNS = 53

/** The whole state, a line or two a stage. @param at seconds by the caller's clock */
export function renderProgress(state: ProgressState, at: number, width: number, style: Style): string[] {
  return [...state].flatMap(([stage, view]) => {
    const name = `  ${pad(stage, NAME_COLUMNS)}`
    switch (view.state) {
      case 'waiting':
        return [style.dim(`${name}·`)]
      case 'running':
        return runningLines(name, view, at, width, style)
      case 'done':
      case 'skipped':
        return [finishedLine(name, view, width, style)]
      default:
        return view.state satisfies never
    }
  })
}

/** One stage in one line, for output that is no terminal. */
export function plainProgress(stage: StageName, view: StageView, at: number): string {
  const counts = `${short(view.done)} of ${short(view.total)} ${view.unit}`
  const pace = (paceOf(view, at) ?? []).join('   ')
  return `${stage}: ${joined([counts, pace, trainingText(view), spendingText(view), problemsText(view)], '  ')}`
}

/** The line that ends a stage, for output that is no terminal. */
export function plainEnd(stage: StageName, view: StageView): string {
  return `${stage}: ${escapeForTerminal(view.note)}  ${outcome(view)}`
}

function runningLines(name: string, view: StageView, at: number, width: number, style: Style): string[] {
  const room = width - widthOf(name) - 3
  // The bar's length depends on the screen alone, so that it stays where it is while numbers change.
  const columns = Math.max(LEAST_BAR_COLUMNS, Math.min(MOST_BAR_COLUMNS, room - NUMBER_COLUMNS))
  const text = numbersOf(view, at, room - columns)
  const share = view.total > 0 ? Math.min(1, view.done / view.total) : 0
  const full = Math.round(share * columns)
  const bar = style.accent('█'.repeat(full)) + style.dim('░'.repeat(columns - full))
  const details = trainingText(view) || spendingText(view) || escapeForTerminal(view.note)
  return [
    `${name}${bar}  ${text}`,
    style.dim(truncate(`${' '.repeat(NAME_COLUMNS + 2)}${details}`, width - 1)),
  ]
}

/** What stands beside the bar. Where room is short, the rate is left out, then the counts, which the bar shows too. */
function numbersOf(view: StageView, at: number, columns: number): string {
  const counts = `${short(view.done)} of ${short(view.total)} ${view.unit}`
  const [rate, rest] = paceOf(view, at) ?? ['', '']
  const problems = problemsText(view)
  const texts = [
    [counts, rate, rest, problems],
    [counts, rest, problems],
    [rest, problems],
  ].map((parts) => joined(parts, '   '))
  return texts.find((text) => widthOf(text) <= columns) ?? truncate(texts.at(-1)!, columns)
}

function joined(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== '').join(separator)
}

function finishedLine(name: string, view: StageView, width: number, style: Style): string {
  const end = outcome(view)
  const room = width - NAME_COLUMNS - 2 - end.length - 3
  return `${name}${pad(truncate(escapeForTerminal(view.note), room), room)}  ${style.dim(end)}`
}

function outcome(view: StageView): string {
  return view.state === 'skipped' ? 'already done' : `${duration(view.seconds ?? 0)}  done`
}

/** Rate since this process began the stage, and the time that the rest takes at that rate. */
function paceOf(view: StageView, at: number): readonly [rate: string, rest: string] | null {
  const elapsed = at - view.startedAt
  const rate = (view.done - view.doneBefore) / elapsed
  if (elapsed < 1 || !(rate > 0)) return null
  const unit = view.unit === 'tokens' ? 'tok/s' : `${view.unit}/s`
  const pace = rate >= 10 ? short(Math.round(rate)) : rate.toFixed(1)
  return [`${pace} ${unit}`, `ETA ${duration(Math.max(0, view.total - view.done) / rate)}`]
}

function trainingText({ training }: StageView): string {
  if (!training) return ''
  const { loss, l0, fvu, deadShare } = training
  return `loss ${loss.toFixed(1)}   L0 ${l0.toFixed(1)}   FVU ${fvu.toFixed(3)}   dead ${percent(deadShare)}`
}

/** What the LLM was asked in this run, and what that came to. */
function spendingText({ spending }: StageView): string {
  if (!spending) return ''
  const { requests, fromCache, retries, promptTokens, cachedTokens, completionTokens, inFlight, window } =
    spending
  const cached = cachedTokens > 0 ? ` (${percent(cachedTokens / promptTokens)} cached)` : ''
  return joined(
    [
      `${short(requests)} replies`,
      // Where room is short, the end is cut.
      spending.usd === null ? '' : usd(spending.usd),
      `${short(promptTokens + completionTokens)} tokens${cached}`,
      `${inFlight}/${window} under way`,
      fromCache > 0 ? `${short(fromCache)} stored` : '',
      retries > 0 ? `${short(retries)} retries` : '',
    ],
    '   ',
  )
}

function problemsText({ problems }: StageView): string {
  return problems === 0 ? '' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`
}
