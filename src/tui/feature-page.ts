import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { bars, correlation, pad, percent, quantity, truncate, widthOf } from './text.ts'

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
  readonly logits: { readonly top: readonly PageEffect[]; readonly bottom: readonly PageEffect[] } | null
  readonly explanations: readonly PageExplanationView[]
  readonly examples: readonly PageExampleView[]
}

interface PageEffect {
  readonly token: string
}

interface PageExplanationView {
  readonly text: string | null
  readonly problem: string | null
  readonly explainer: string
  readonly llm: string | null
  readonly scores: readonly {
    readonly scorer: string
    readonly protocol: string
    readonly tier: string
    readonly value: number | null
    readonly low: number | null
    readonly high: number | null
    readonly n: number
    readonly undefined: string | null
    readonly controls: Readonly<Record<string, number | null>>
  }[]
}

interface PageExampleView {
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
  const rule = style.dim('─'.repeat(width - 1))
  return [
    ...headerLines(page, width, style),
    rule,
    ...page.explanations.flatMap((explanation) => explanationLines(explanation, width, style)),
    ...(page.explanations.length === 0 ? [` ${noExplanation(page.state)}`, ''] : []),
    ...exampleLines(page.examples, scale, width, style),
    ...distributionLines(page, width, style),
  ]
}

function headerLines(
  { feature, set, density, max, firings, tokenShare, singleToken }: PageView,
  width: number,
  style: Style,
): string[] {
  const facts = [
    `density ${percent(density)}`,
    `max ${quantity(max)}`,
    `${firings.toLocaleString('en')} firings`,
  ]
  if (tokenShare !== null) facts.push(`token share η² ${correlation(tokenShare)}`)
  if (singleToken) facts.push('single token')
  return [
    ` ${style.bold(`feature ${feature}`)}   ${truncate(`${set.kind} ${set.id} @ ${set.hook}`, width - 20)}`,
    ` ${truncate(facts.join('   '), width - 2)}`,
  ]
}

function noExplanation(state: string): string {
  if (state === 'dead') return 'It never fires on this corpus.'
  return state === 'tooRare'
    ? 'It fires too rarely to be explained and scored on different documents.'
    : 'Not explained yet: run gloss explain.'
}

function explanationLines(
  { text, problem, explainer, llm, scores }: PageExplanationView,
  width: number,
  style: Style,
): string[] {
  const by = llm === null ? `${explainer} baseline` : `${escapeForTerminal(llm)} · ${explainer}`
  const body =
    text === null
      ? `no explanation: ${problem === 'callFailed' ? 'the call got no reply' : 'the reply could not be read'}`
      : escapeForTerminal(text)
  const lines = [...wrap(body, width - 2).map((line) => ` ${style.bold(line)}`), ` ${style.dim(by)}`]
  for (const { scorer, protocol, tier, value, low, high, n, undefined: reason, controls } of scores) {
    const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
    const beside = Object.entries(controls).map(
      ([name, control]) => `${CONTROL_NAMES[name] ?? name} ${control === null ? '·' : correlation(control)}`,
    )
    const parts = [
      value === null ? `undefined: ${reason}` : `ρ ${correlation(value)}${interval}`,
      ...beside,
      `n ${n}`,
    ]
    lines.push(...wrap(` ${style === undefined ? '' : ''}${pad(scorer, 22)} ${parts.join('   ')}`, width - 1))
    if (scorer === scores.at(-1)?.scorer)
      lines.push(style.dim(` ${protocol}, tier ${TIER_NAMES[tier] ?? tier}`))
  }
  return [...lines, '']
}

const CONTROL_NAMES: Readonly<Record<string, string>> = { tokenTable: 'token table' }
const TIER_NAMES: Readonly<Record<string, string>> = {
  integersSparse: 'integers, sparse',
  table: 'token table',
}

function exampleLines(
  examples: readonly PageExampleView[],
  scale: number,
  width: number,
  style: Style,
): string[] {
  const shown = new Map<string, number>()
  const lines: string[] = []
  for (const example of examples.filter(({ use }) => use === 'explain')) {
    const kind = example.slice.split(' ')[0]!
    const count = shown.get(example.slice) ?? 0
    if (count === (SHOWN[kind] ?? 0)) continue
    shown.set(example.slice, count + 1)
    lines.push(exampleLine(example, count === 0, scale, width, style))
  }
  return lines.length > 0 ? [...lines, ''] : []
}

function exampleLine(
  { slice, register, tokens, activations, levels, nominal }: PageExampleView,
  first: boolean,
  scale: number,
  width: number,
  style: Style,
): string {
  const label = first ? slice.replace(/^interval (\d+)$/, '$1/12') : ''
  const end =
    `${quantity(activations[nominal]!)}  ${register === null ? '' : escapeForTerminal(register)}`.trimEnd()
  const room = width - LABEL_COLUMNS - widthOf(end) - 5
  let text = ''
  let plain = 0
  for (const [index, token] of tokens.entries()) {
    const level = levels[index]!
    const shownText = escapeForTerminal(token)
    const marked = level > 0 ? `[${shownText}]${SUPERSCRIPTS[level] ?? level}` : shownText
    if (plain + widthOf(marked) > room) {
      text += '…'
      plain++
      break
    }
    text += level > 0 ? style.highlight(marked, level / (scale + 1)) : marked
    plain += widthOf(marked)
  }
  return ` ${style.dim(pad(label, LABEL_COLUMNS))}${text}${' '.repeat(Math.max(1, room + 1 - plain))}  ${style.dim(end)}`
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function distributionLines(
  { histogram, max, logits, state }: PageView,
  width: number,
  style: Style,
): string[] {
  if (state === 'dead') return []
  const lines = [
    ` ${style.dim(pad('activations', LABEL_COLUMNS))}${bars(histogram)}`,
    ` ${' '.repeat(LABEL_COLUMNS)}${style.dim(axis(histogram.length, max))}`,
  ]
  if (logits !== null)
    for (const [label, effects] of [
      ['logits +', logits.top],
      ['logits −', logits.bottom],
    ] as const)
      lines.push(
        ` ${style.dim(pad(label, LABEL_COLUMNS))}${truncate(
          effects
            .slice(0, LOGITS_SHOWN)
            .map(({ token }) => escapeForTerminal(token.replaceAll(' ', '␣')))
            .join('  '),
          width - LABEL_COLUMNS - 2,
        )}`,
      )
  return lines
}

function axis(columns: number, max: number): string {
  const end = quantity(max)
  return `0 ${'─'.repeat(Math.max(1, columns - end.length - 3))} ${end}`
}

/** Words filled into lines; a word longer than a line is cut. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const next = line === '' ? word : `${line} ${word}`
    if (widthOf(next) <= columns) line = next
    else {
      if (line !== '') lines.push(line)
      line = truncate(word, columns)
    }
  }
  return [...lines, line]
}
