import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { bars, correlation, pad, percent, quantity, superscript, truncate, widthOf, wrap } from './text.ts'

/** What a page shows of a feature. Texts are as stored; this is where they are escaped. */
export interface PageView {
  readonly feature: number
  readonly set: { readonly id: string; readonly kind: string; readonly hook: string }
  readonly state: string
  readonly density: number
  readonly max: number
  readonly firings: number
  readonly tokenShare: number | null
  readonly singleToken: boolean | null
  readonly histogram: readonly number[]
  readonly logits: { readonly top: readonly EffectView[]; readonly bottom: readonly EffectView[] } | null
  readonly explanations: readonly ExplanationView[]
  readonly examples: readonly ExampleView[]
}

interface EffectView {
  readonly token: string
}

interface ExplanationView {
  readonly text: string | null
  readonly problem: string | null
  readonly explainer: string
  readonly llm: string | null
  readonly candidates?: readonly CandidateView[]
  readonly scores: readonly ScoreView[]
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
  readonly controls: Readonly<Record<string, number | null>>
  readonly gain: Readonly<Record<string, { readonly low: number | null }>>
}

interface ExampleView {
  readonly use: string
  readonly slice: string
  readonly register: string | null
  readonly nominal: number
  readonly tokens: readonly string[]
  readonly activations: readonly number[]
  readonly levels: readonly number[]
}

const LABEL_COLUMNS = 12
/** Examples shown of each slice. */
const SHOWN: Readonly<Record<string, number>> = { top: 6, interval: 1, random: 3, other: 5 }
const LOGITS_SHOWN = 10

/** One feature's page as lines. @param scale the protocol's largest level */
export function featurePageLines(page: PageView, scale: number, width: number, style: Style): string[] {
  return [
    ...headerLines(page, width, style),
    style.dim(` ${'─'.repeat(width - 2)}`),
    ...page.explanations.flatMap((explanation) => explanationLines(explanation, width, style)),
    ...(page.explanations.length === 0
      ? [...wrap(withoutExplanation(page.state), width - 2).map((line) => ` ${line}`), '']
      : []),
    ...exampleLines(page.examples, scale, width, style),
    ...distributionLines(page, width, style),
  ]
}

function headerLines(page: PageView, width: number, style: Style): string[] {
  const { feature, set, density, max, firings, tokenShare, singleToken } = page
  const title = `feature ${feature}`
  const facts = [
    `density ${percent(density)}`,
    `max ${quantity(max)}`,
    `${firings.toLocaleString('en')} firings`,
  ]
  if (tokenShare !== null) facts.push(`token share η² ${correlation(tokenShare)}`)
  if (singleToken) facts.push('single token')
  return [
    ` ${style.bold(title)}   ${truncate(escapeForTerminal(`${set.kind} ${set.id} @ ${set.hook}`), width - title.length - 5)}`,
    ` ${truncate(facts.join('   '), width - 2)}`,
  ]
}

function withoutExplanation(state: string): string {
  if (state === 'dead') return 'It never fires on this corpus.'
  return state === 'tooRare'
    ? 'It fires too rarely to be explained and scored on different documents.'
    : 'Not explained yet: run gloss explain.'
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

function explanationLines(
  { text, problem, explainer, llm, candidates = [], scores }: ExplanationView,
  width: number,
  style: Style,
): string[] {
  const by = llm === null ? `${explainer} (baseline)` : `${escapeForTerminal(llm)} (${explainer})`
  const body = text === null ? `no explanation: ${PROBLEMS[problem ?? ''] ?? ''}` : escapeForTerminal(text)
  const lines = [
    ...wrap(body, width - 2).map((line) => ` ${style.bold(line)}`),
    ...choiceLines(candidates, width - 2).map((line) => ` ${style.dim(line)}`),
  ]
  if (scores.length === 0)
    return [...lines, ` ${style.dim(truncate(`by ${by}, not scored yet`, width - 2))}`, '']
  // Scores of different tiers are no ranking: each tier stands by itself.
  const tiers = [...new Set(scores.map(({ tier }) => tier))]
  // Simulations come first, then what the same tier says to other scorers.
  const scorers = [...new Set(scores.map(scorerOf))].toSorted(
    (a, b) => Number(b === SIMULATION) - Number(a === SIMULATION),
  )
  return [
    ...lines,
    ...tiers.flatMap((tier) =>
      scorers.flatMap((scorer) => {
        const these = scores.filter((score) => score.tier === tier && scorerOf(score) === scorer)
        return these.length === 0 ? [] : scoreLines(these, by, width, style)
      }),
    ),
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

/** Where the interval of the gain over shuffled, or over the token table, reaches 0. */
function isNotAboveBaseline({ gain }: ScoreView): boolean {
  return ['shuffled', 'tokenTable'].some((name) => {
    const low = gain[name]?.low
    return low != null && low <= 0
  })
}

function scoreText({ scorer, value, low, high, undefined: reason, flag }: ScoreView): string {
  const name = SCORERS[scorer] ?? scorer
  if (value === null) return `${name} undefined (${reason})`
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return `${name} ${correlation(value)}${interval}${flag === null ? '' : ` (${flag})`}`
}

function exampleLines(
  examples: readonly ExampleView[],
  scale: number,
  width: number,
  style: Style,
): string[] {
  const counts = new Map<string, number>()
  const shown: { example: ExampleView; label: string }[] = []
  for (const example of examples.filter(({ use }) => use === 'explain')) {
    const count = counts.get(example.slice) ?? 0
    if (count === (SHOWN[example.slice.split(' ')[0]!] ?? 0)) continue
    counts.set(example.slice, count + 1)
    shown.push({ example, label: count === 0 ? example.slice.replace(/^interval (\d+)$/, '$1/12') : '' })
  }
  const registerColumns = Math.max(0, ...shown.map(({ example }) => widthOf(registerText(example, width))))
  const lines = shown.map(({ example, label }) =>
    exampleLine(example, label, registerColumns, scale, width, style),
  )
  return lines.length > 0 ? [...lines, ''] : []
}

const MOST_REGISTER_COLUMNS = 16

function registerText({ register }: ExampleView, width: number): string {
  if (register === null) return ''
  return truncate(escapeForTerminal(register), Math.min(MOST_REGISTER_COLUMNS, Math.floor(width / 5)))
}

/** The window with firing tokens in brackets, their level behind, and how strongly the nominal token fires. */
function exampleLine(
  example: ExampleView,
  label: string,
  registerColumns: number,
  scale: number,
  width: number,
  style: Style,
): string {
  const { tokens, activations, levels, nominal } = example
  const activation = pad(quantity(activations[nominal]!), 6, 'right')
  const end = `${activation}  ${registerText(example, width)}`.trimEnd()
  const room = width - LABEL_COLUMNS - widthOf(activation) - registerColumns - 6
  let text = ''
  let columns = 0
  for (const [index, token] of tokens.entries()) {
    const level = levels[index]!
    const shown = level > 0 ? `[${escapeForTerminal(token)}]${superscript(level)}` : escapeForTerminal(token)
    if (columns + widthOf(shown) > room - 1) {
      text += '…'
      columns++
      break
    }
    text += level > 0 ? style.highlight(shown, level / (scale + 1)) : shown
    columns += widthOf(shown)
  }
  return ` ${style.dim(pad(label, LABEL_COLUMNS))}${text}${' '.repeat(room - columns)}  ${style.dim(end)}`
}

function distributionLines(
  { histogram, max, logits, state }: PageView,
  width: number,
  style: Style,
): string[] {
  if (state === 'dead') return []
  const label = (text: string): string => style.dim(pad(text, LABEL_COLUMNS))
  const effects = (list: readonly EffectView[]): string => {
    const tokens = list
      .slice(0, LOGITS_SHOWN)
      .map(({ token }) => escapeForTerminal(token.replaceAll(' ', '␣')))
    return truncate(tokens.join('  '), width - LABEL_COLUMNS - 2)
  }
  const bins = binsWithRoom(histogram, width - LABEL_COLUMNS - 2)
  const lines = [` ${label('activations')}${bars(bins)}`, ` ${label('')}${style.dim(axis(bins.length, max))}`]
  if (logits === null) return lines
  return [
    ...lines,
    ` ${label('logits +')}${effects(logits.top)}`,
    ` ${label('logits −')}${effects(logits.bottom)}`,
  ]
}

/** The histogram with as many neighbouring bins put together as it takes to fit. */
function binsWithRoom(histogram: readonly number[], columns: number): readonly number[] {
  if (histogram.length <= columns) return histogram
  const halved = Array.from(
    { length: Math.ceil(histogram.length / 2) },
    (_, bin) => histogram[2 * bin]! + (histogram[2 * bin + 1] ?? 0),
  )
  return binsWithRoom(halved, columns)
}

function axis(columns: number, max: number): string {
  const end = quantity(max)
  return `0 ${'─'.repeat(Math.max(1, columns - end.length - 3))} ${end}`
}
