import { escapeForTerminal } from '../core/escape-terminal.ts'
import { isImported } from '../core/imported.ts'
import type { Style } from './style.ts'
import { correlation, truncate, wrap } from './text.ts'

/** What is shown of an explanation. Texts are as stored. */
export interface ExplanationView {
  readonly text: string | null
  readonly problem: string | null
  readonly explainer: string
  readonly llm: string | null
  readonly provenanceId: string
  readonly candidates?: readonly CandidateView[]
  readonly scores: readonly ScoreView[]
  readonly humanScores?: readonly HumanScoreView[]
}

/** What a person scored on a scorer's own questions. */
type HumanScoreView = Pick<ScoreView, 'scorer' | 'value' | 'low' | 'high' | 'n' | 'undefined' | 'flag'> & {
  readonly session: string
  readonly rater: string
  readonly chance: { readonly value: number | null } | null
}

interface CandidateView {
  readonly chosen: boolean
  readonly value: number | null
}

interface ScoreView {
  readonly id: string
  readonly scorer: string
  readonly protocol: string
  readonly tier: string
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
  readonly n: number
  readonly undefined: string | null
  readonly flag: string | null
  readonly provenanceId: string
  readonly controls: Readonly<Record<string, number | null>>
  readonly gain: Readonly<Record<string, { readonly low: number | null }>>
}

const PROBLEMS: Readonly<Record<string, string>> = {
  callFailed: 'the call got no reply; gloss explain asks again',
  unreadable: 'the reply could not be read',
}
const SCORERS: Readonly<Record<string, string>> = {
  simulation: 'ρ',
  'simulation.pearson': 'Pearson',
  'simulation.fire_only': 'ρ where it fires',
  'simulation.weighted': 'ρ by importance',
  'simulation.raw': 'ρ unrounded',
}
const CONTROLS: Readonly<Record<string, string>> = { tokenTable: 'token table' }
const TIERS: Readonly<Record<string, string>> = {
  promptLogprobs: 'prompt log-probabilities',
  chatLogprobs: 'chat log-probabilities',
  integersDense: 'integers, dense',
  integersSparse: 'integers, sparse',
  table: 'table',
}
/** What a constant answer scores by rule. For correlations that is 0, which tells a reader nothing. */
const CHANCE = 'constant'
/** Answers of yes or no have no area under a curve, which is no news. */
const NO_NEWS = 'hardAnswers'

/** An explanation with its scores, each with its controls, as lines. */
export function explanationLines(
  { text, problem, explainer, llm, candidates = [], scores, humanScores = [] }: ExplanationView,
  width: number,
  style: Style,
): string[] {
  const named = escapeForTerminal(explainer)
  const by =
    llm === null
      ? isImported(explainer)
        ? named
        : `${named} (baseline)`
      : `${escapeForTerminal(llm)} (${named})`
  const body = text === null ? `no explanation: ${PROBLEMS[problem ?? ''] ?? ''}` : escapeForTerminal(text)
  const lines = [
    ...wrap(body, width - 2).map((line) => ` ${style.bold(line)}`),
    ...choiceLines(candidates, width - 2).map((line) => ` ${style.dim(line)}`),
  ]
  const people = humanLines(humanScores, width, style)
  if (scores.length === 0)
    return [...lines, ` ${style.dim(truncate(`by ${by}, not scored yet`, width - 2))}`, ...people, '']
  // Scores of different tiers or protocols are no ranking: each stands by itself, and so do those made elsewhere.
  const kindOf = ({ tier, protocol }: ScoreView): string => `${tier} ${protocol}`
  const kinds = [...new Set(scores.map(kindOf))]
  // Simulations come first, then what the same tier says to other scorers.
  const scorers = [...new Set(scores.map(scorerOf))].toSorted(
    (a, b) => Number(b === SIMULATION) - Number(a === SIMULATION),
  )
  return [
    ...lines,
    ...kinds.flatMap((kind) =>
      scorers.flatMap((scorer) => {
        const these = scores.filter((score) => kindOf(score) === kind && scorerOf(score) === scorer)
        return these.length === 0 ? [] : scoreLines(these, by, width, style)
      }),
    ),
    ...people,
    '',
  ]
}

/** What an explanation was chosen by: no score, since the best of several is better by chance too. */
function choiceLines(candidates: readonly CandidateView[], width: number): string[] {
  if (candidates.length < 2) return []
  const values = candidates.map(
    ({ chosen, value }) => `${value === null ? '·' : correlation(value)}${chosen ? ' (this)' : ''}`,
  )
  return wrap(`chosen among ${candidates.length} by ρ on the choose examples: ${values.join(', ')}`, width)
}

const SIMULATION = 'simulation'

/** The scorer whose answers a statistic is of. */
function scorerOf({ scorer }: ScoreView): string {
  return scorer.split('.')[0]!
}

function scoreLines(scores: readonly ScoreView[], by: string, width: number, style: Style): string[] {
  const main = scores[0]!
  const others = scores.slice(1).filter((score) => score.undefined !== NO_NEWS)
  const beside = Object.entries(main.controls)
    .filter(([name]) => name !== CHANCE || scorerOf(main) !== SIMULATION)
    .map(
      ([name, value]) =>
        `${name === CHANCE ? 'chance' : (CONTROLS[name] ?? name)} ${value === null ? '·' : correlation(value)}`,
    )
  const numbers = [
    scoreText(main),
    ...(isNotAboveBaseline(main) ? ['≈ baseline'] : []),
    ...beside,
    ...others.map(scoreText),
    `n ${main.n}`,
  ]
  const origin = `by ${by} · ${main.protocol} · tier: ${TIERS[main.tier] ?? main.tier} · score ${main.id}`
  return [
    ...wrap(numbers.join('   '), width - 2, '   ').map((line) => ` ${line}`),
    ...wrap(origin, width - 2, ' · ', 2).map((line) => ` ${style.dim(line)}`),
  ]
}

/** Each person's score of a task with its other statistics, and who they are. */
function humanLines(scores: readonly HumanScoreView[], width: number, style: Style): string[] {
  const main = scores.filter(({ scorer }) => !scorer.includes('.'))
  return main.flatMap((score) => {
    const { scorer, session, rater, chance, n } = score
    const others = scores.filter(
      (other) => other.session === session && other.rater === rater && other.scorer.startsWith(`${scorer}.`),
    )
    const numbers = [
      scoreText(score),
      ...(chance?.value == null ? [] : [`chance ${correlation(chance.value)}`]),
      ...others.map(scoreText),
      `n ${n}`,
    ]
    const origin = `by a person: ${escapeForTerminal(rater)} · session ${escapeForTerminal(session)}`
    return [
      ...wrap(numbers.join('   '), width - 2, '   ').map((line) => ` ${line}`),
      ...wrap(origin, width - 2, ' · ', 2).map((line) => ` ${style.dim(line)}`),
    ]
  })
}

/** Where the interval of the gain over shuffled, or over the token table, reaches 0. */
function isNotAboveBaseline({ gain }: ScoreView): boolean {
  return ['shuffled', 'tokenTable'].some((name) => {
    const low = gain[name]?.low
    return low != null && low <= 0
  })
}

function scoreText({
  scorer,
  value,
  low,
  high,
  undefined: reason,
  flag,
}: Omit<HumanScoreView, 'session' | 'rater' | 'chance'>): string {
  const name = SCORERS[scorer] ?? scorer
  if (value === null) return `${name} undefined (${reason})`
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return `${name} ${correlation(value)}${interval}${flag === null ? '' : ` (${flag})`}`
}
