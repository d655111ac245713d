import { escapeForTerminal } from '../core/escape-terminal.ts'
import { explanationLines, type ExplanationView } from './explanation-lines.ts'
import {
  neighboursPart,
  type PageDetailsView,
  provenancePart,
  type ProvenanceView,
  simulationPart,
} from './page-details.ts'
import type { Style } from './style.ts'
import { bars, correlation, pad, percent, quantity, superscript, truncate, widthOf, wrap } from './text.ts'
import { visibleCells } from './visible-cells.ts'

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
  readonly provenance: { readonly set: ProvenanceView; readonly [id: string]: ProvenanceView }
}

/** What a page shows beside what is stored of a feature. */
export interface PageExtras {
  /** Null while they are being found. */
  readonly details: PageDetailsView | null
  /** The place of the neighbour at which the cursor is; null without a cursor. */
  readonly chosen: number | null
  /** In words, for screen readers. */
  readonly terse: boolean
}

interface EffectView {
  readonly token: string
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
export function featurePageLines(
  page: PageView,
  scale: number,
  width: number,
  style: Style,
  { details, chosen, terse }: PageExtras,
): string[] {
  return [
    ...headerLines(page, width, style),
    ...(terse ? [] : [style.dim(` ${'─'.repeat(width - 2)}`)]),
    ...page.explanations.flatMap((explanation) => explanationLines(explanation, width, style)),
    ...(page.explanations.length === 0
      ? [...wrap(withoutExplanation(page.state), width - 2).map((line) => ` ${line}`), '']
      : []),
    ...exampleLines(page.examples, scale, width, style, terse),
    ...(page.explanations.length === 0 ? [] : simulationPart(details, width, style, LABEL_COLUMNS, terse)),
    ...distributionLines(page, width, style, terse),
    ...neighboursPart(details, chosen, width, style),
    ...provenancePart(page.provenance, page.explanations, width, style),
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

function exampleLines(
  examples: readonly ExampleView[],
  scale: number,
  width: number,
  style: Style,
  terse: boolean,
): string[] {
  const counts = new Map<string, number>()
  const shown: { example: ExampleView; label: string }[] = []
  for (const example of examples.filter(({ use }) => use === 'explain')) {
    const count = counts.get(example.slice) ?? 0
    if (count === (SHOWN[example.slice.split(' ')[0]!] ?? 0)) continue
    counts.set(example.slice, count + 1)
    const label = example.slice.replace(/^interval (\d+)$/, '$1/12')
    shown.push({ example, label: count === 0 || terse ? label : '' })
  }
  if (terse) return [...shown.map(({ example, label }) => ` ${spoken(example, label, width - 2)}`), '']
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
  const facts = `${activation}  ${registerText(example, width)}`.trimEnd()
  const room = width - LABEL_COLUMNS - widthOf(activation) - registerColumns - 6
  const cells = tokens.map((token, index) => {
    const level = levels[index]!
    // What is far beyond the screen is never laid out, however long the token.
    const plain = escapeForTerminal(token.slice(0, 4 * width))
    const cell = truncate(level > 0 ? `[${plain}]${superscript(level)}` : plain, room - 2)
    return { text: cell, level, strength: level, columns: widthOf(cell) }
  })
  const [first, end] = visibleCells(cells, room)
  let text = first > 0 ? '…' : ''
  for (const cell of cells.slice(first, end))
    text += cell.level > 0 ? style.highlight(cell.text, cell.level / (scale + 1)) : cell.text
  if (end < cells.length) text += '…'
  const columns = widthOf(text)
  return ` ${style.dim(pad(label, LABEL_COLUMNS))}${text}${' '.repeat(room - columns)}  ${style.dim(facts)}`
}

/** An example in one sentence: slice, activation, register, and the window with levels as words. */
function spoken(
  { register, nominal, tokens, activations, levels }: ExampleView,
  label: string,
  columns: number,
): string {
  const facts = [
    label,
    quantity(activations[nominal]!),
    ...(register === null ? [] : [escapeForTerminal(register)]),
  ]
  // What is far beyond the screen is never laid out, however long the token.
  const texts = tokens.map((token, index) => {
    const text = escapeForTerminal(token.slice(0, 4 * columns))
    return levels[index]! > 0 ? `[${text} ${levels[index]}]` : text
  })
  return truncate(`${facts.join(', ')}: ${texts.join('')}`, columns)
}

function distributionLines(
  { histogram, max, logits, state }: PageView,
  width: number,
  style: Style,
  terse: boolean,
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
  const lines = terse
    ? [` activations up to ${quantity(max)}`]
    : [` ${label('activations')}${bars(bins)}`, ` ${label('')}${style.dim(axis(bins.length, max))}`]
  if (logits === null) return [...lines, '']
  return [
    ...lines,
    ` ${label('logits +')}${effects(logits.top)}`,
    ` ${label('logits −')}${effects(logits.bottom)}`,
    '',
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
