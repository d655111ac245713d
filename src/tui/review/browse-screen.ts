import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { correlation, pad, percent, quantity, truncate, visibleToken, widthOf, wrap } from '../text.ts'
import { type BrowseList, type BrowsePort, type BrowseRowView, SORTS } from './browse-list.ts'
import type { Keymap } from './keymap.ts'
import type { Key } from './keys.ts'
import {
  ends,
  fill,
  type Frame,
  type Hint,
  hintLine,
  rule,
  type Screen,
  type ScreenEffect,
} from './screen.ts'
import { typeInto } from './text-field.ts'

interface ListColumn {
  readonly header: string
  readonly columns: number
  /** Shown from this width on. */
  readonly from: number
  readonly cell: (row: BrowseRowView, port: BrowsePort) => string
}

const number = (value: number | null): string => (value === null ? '·' : correlation(value))

const COLUMNS: readonly ListColumn[] = [
  { header: 'feature', columns: 7, from: 0, cell: ({ feature }) => String(feature) },
  { header: 'ρ', columns: 5, from: 0, cell: ({ score }) => number(score) },
  { header: 'gap', columns: 5, from: 60, cell: ({ gain }) => number(gain) },
  { header: 'density', columns: 9, from: 60, cell: ({ density }) => percent(density) },
  { header: 'max', columns: 6, from: 100, cell: ({ max }) => quantity(max) },
  {
    header: 'rated',
    columns: 5,
    from: 80,
    cell: ({ feature }, { ratings }) => String(ratings.get(feature)?.raters ?? '·'),
  },
  {
    header: 'differ',
    columns: 6,
    from: 100,
    cell: ({ feature }, { ratings }) => number(ratings.get(feature)?.disagreement ?? null),
  },
]
const TOKENS_FROM = 100
const TOKENS_COLUMNS = 22
const GAP = '  '
/** Lines kept for the next key. */
const MOST_LAID_OUT = 1000

/** All features of the study: sorted, filtered, searched. */
export class BrowseScreen implements Screen {
  readonly list: BrowseList
  readonly #port: BrowsePort
  readonly #keys: Keymap
  readonly #title: string
  #cursor = 0
  #top = 0
  #page = 1
  #writing: { readonly of: 'filter' | 'goTo'; readonly text: string; readonly before: string } | null = null
  #message = ''
  /** Lines that were laid out before, by feature, and what they were laid out for. */
  readonly #laidOut = new Map<number, string>()
  #laidOutFor = ''

  constructor(list: BrowseList, port: BrowsePort, keys: Keymap, title: string) {
    this.list = list
    this.#port = port
    this.#keys = keys
    this.#title = title
  }

  readonly hints: readonly Hint[] = [
    { actions: ['down', 'up'], label: 'move' },
    { actions: ['accept'], label: 'open' },
    { actions: ['filter'], label: 'filter' },
    { actions: ['sort', 'reverse'], label: 'sort' },
    { actions: ['goTo'], label: 'go to' },
    { actions: ['quit'], label: 'quit' },
  ]

  get writing(): boolean {
    return this.#writing !== null
  }

  /** The feature beside the one at the cursor, which moves there; null at the ends. */
  step(by: 1 | -1): number | null {
    const row = this.list.at(this.#cursor + by)
    if (row) this.#cursor += by
    return row?.feature ?? null
  }

  press(key: Key): ScreenEffect | null {
    this.#message = ''
    if (key.name === 'ctrl+c') return { go: 'interrupt' }
    if (this.#writing) {
      this.#write(key)
      return null
    }
    const action = this.#keys.actionOf(key.name)
    switch (action) {
      case 'quit':
      case 'suspend':
      case 'help':
        return { go: action }
      case 'accept': {
        const row = this.list.at(this.#cursor)
        return row ? { go: 'open', feature: row.feature } : null
      }
      case 'down':
      case 'up':
        this.#move(action === 'down' ? 1 : -1)
        break
      case 'pageDown':
      case 'pageUp':
        this.#move((action === 'pageDown' ? 1 : -1) * this.#page)
        break
      case 'first':
      case 'last':
        this.#move(action === 'first' ? -this.list.length : this.list.length)
        break
      case 'filter':
        this.#writing = { of: 'filter', text: this.list.filter, before: this.list.filter }
        break
      case 'goTo':
        this.#writing = { of: 'goTo', text: '', before: '' }
        break
      case 'back':
        this.#filterBy('')
        break
      case 'sort':
        this.list.sort = SORTS[(SORTS.indexOf(this.list.sort) + 1) % SORTS.length]!
        this.list.descending = this.list.sort !== 'feature'
        this.#rearrange()
        break
      case 'reverse':
        this.list.descending = !this.list.descending
        this.#rearrange()
        break
      default:
        break
    }
    return null
  }

  #move(by: number): void {
    this.#cursor = Math.max(0, Math.min(this.#cursor + by, this.list.length - 1))
  }

  #rearrange(): void {
    this.list.arrange()
    this.#cursor = 0
  }

  #filterBy(filter: string): void {
    if (filter === this.list.filter) return
    this.list.filter = filter
    this.list.refilter()
    this.#cursor = 0
  }

  #write(key: Key): void {
    const writing = this.#writing!
    if (key.name === 'enter' || key.name === 'tab' || key.name === 'escape') {
      this.#writing = null
      if (key.name === 'escape') this.#filterBy(writing.before)
      else if (writing.of === 'filter') this.#message = this.list.problem ?? ''
      else this.#goTo(writing.text)
      return
    }
    const text = typeInto(writing.text, key)
    if (text === null) return
    this.#writing = { ...writing, text }
    if (writing.of === 'filter') this.#filterBy(text)
  }

  #goTo(text: string): void {
    const place = /^\s*\d+\s*$/.test(text) ? this.list.placeOf(Number(text)) : -1
    if (place < 0) this.#message = `no feature ${text.trim()} in this list`
    else this.#cursor = place
  }

  lines(frame: Frame): string[] {
    const { columns, rows, style } = frame
    const { list } = this
    if (frame.terse) return this.#spokenLines(frame)
    const direction = list.descending ? '↓' : '↑'
    const count = `${list.length.toLocaleString('en')} of ${list.total.toLocaleString('en')}`
    const order = columns < 80 ? '' : ` features   by ${list.sort} ${direction}`
    const header = [ends(` ${style.bold(escapeForTerminal(this.#title))}`, count + order, columns)]
    const below = [this.#bottom(columns, frame), hintLine(this.hints, this.#keys, frame)]
    const room = Math.max(1, rows - header.length - 2 * rule(frame).length - 1 - below.length)
    this.#page = room
    this.#cursor = Math.max(0, Math.min(this.#cursor, list.length - 1))
    this.#top = Math.max(Math.min(this.#top, this.#cursor), this.#cursor - room + 1)
    this.#top = Math.max(0, Math.min(this.#top, list.length - room))
    const body = Array.from({ length: room }, (_, offset) => {
      const row = list.at(this.#top + offset)
      return row ? this.#row(row, this.#top + offset === this.#cursor, frame) : ''
    })
    if (list.length === 0) body[0] = style.dim(' no feature passes the filter; esc takes it away')
    return fill(
      [...header, ...rule(frame), style.dim(headings(columns)), ...body, ...rule(frame), ...below],
      rows,
    )
  }

  /** The row at the cursor alone, in words: a screen reader says again what is drawn again. */
  #spokenLines(frame: Frame): string[] {
    const { list } = this
    this.#cursor = Math.max(0, Math.min(this.#cursor, list.length - 1))
    const row = list.at(this.#cursor)
    const place = `${(this.#cursor + 1).toLocaleString('en')} of ${list.length.toLocaleString('en')}`
    const body = row
      ? [
          `${place} by ${list.sort}: ${spokenNumbers(row, this.#port)}`,
          this.#explanationOf(row, 4 * frame.columns),
        ]
      : ['no feature passes the filter; esc takes it away']
    return [
      ...body.flatMap((text) => wrap(text, frame.columns - 2).map((line) => ` ${line}`)),
      this.#bottom(frame.columns, frame),
      hintLine(this.hints, this.#keys, frame),
    ]
  }

  /** A feature's explanation or why there is none; what is far beyond the screen is left out. */
  #explanationOf({ feature, state }: BrowseRowView, most: number): string {
    return escapeForTerminal((this.#port.explanations.get(feature) ?? standing(state)).slice(0, most))
  }

  #bottom(columns: number, { style }: Frame): string {
    if (this.#message !== '')
      return ` ${style.bold(truncate(`! ${escapeForTerminal(this.#message)}`, columns - 2))}`
    if (this.#writing) {
      const label = this.#writing.of === 'filter' ? 'filter' : 'go to feature'
      return ` ${style.accent(label)} ${truncate(`${escapeForTerminal(this.#writing.text)}_`, columns - label.length - 3)}`
    }
    const filter = this.list.filter
    return filter === ''
      ? ` ${style.dim(truncate('filter by score<.4 gap>.1 density>1% rated unrated disagreement>.3, and by words', columns - 2))}`
      : ` ${style.dim('filter')} ${truncate(escapeForTerminal(filter), columns - 9)}`
  }

  #row(row: BrowseRowView, atCursor: boolean, { columns, style }: Frame): string {
    const { explanations, topTokens, ratings } = this.#port
    const known = `${columns} ${explanations.size} ${topTokens.size} ${ratings.size}`
    if (known !== this.#laidOutFor || this.#laidOut.size > MOST_LAID_OUT) this.#laidOut.clear()
    this.#laidOutFor = known
    const text = this.#laidOut.get(row.feature) ?? this.#layOut(row, columns)
    this.#laidOut.set(row.feature, text)
    return atCursor ? style.bold(`›${text}`) : ` ${text}`
  }

  #layOut(row: BrowseRowView, columns: number): string {
    const cells = shownColumns(columns).map(({ columns: width, cell }) =>
      pad(truncate(cell(row, this.#port), width), width, 'right'),
    )
    const tokens = (this.#port.topTokens.get(row.feature) ?? []).map(visibleToken).join(' ')
    const shownTokens = columns >= TOKENS_FROM ? [pad(truncate(tokens, TOKENS_COLUMNS), TOKENS_COLUMNS)] : []
    const start = `${[...cells, ...shownTokens].join(GAP)}${GAP}`
    return start + truncate(this.#explanationOf(row, 4 * columns), columns - 1 - widthOf(start))
  }
}

function spokenNumbers({ feature, score, gain, density }: BrowseRowView, { ratings }: BrowsePort): string {
  const said = [
    `feature ${feature}`,
    score === null ? 'no score' : `ρ ${correlation(score)}`,
    ...(gain === null ? [] : [`gap ${correlation(gain)}`]),
    `density ${percent(density)}`,
  ]
  const raters = ratings.get(feature)?.raters ?? 0
  if (raters > 0) said.push(`rated by ${raters}`)
  return said.join(', ')
}

function shownColumns(columns: number): readonly ListColumn[] {
  return COLUMNS.filter(({ from }) => columns >= from)
}

function headings(columns: number): string {
  const cells = shownColumns(columns).map(({ header, columns: width }) => pad(header, width, 'right'))
  const tokens = columns >= TOKENS_FROM ? [pad('top tokens', TOKENS_COLUMNS)] : []
  return ` ${[...cells, ...tokens, 'explanation'].join(GAP)}`
}

function standing(state: string): string {
  return state === 'alive' ? '' : state === 'tooRare' ? '(too rare)' : `(${state})`
}
