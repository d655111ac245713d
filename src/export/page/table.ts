import type { ReportOverview as Overview } from '../report-data.ts'
import { button, make } from './elements.ts'
import { correlation, count, interval, percent, quantity, STANDINGS } from './text.ts'

const ROWS_PER_PAGE = 50

interface TableColumn {
  readonly name: string
  readonly label: string
  readonly class: string
  /** Less says which of two rows comes first. */
  readonly order: (a: number, b: number) => number
}

/** The searchable, sortable table of all features. */
export class FeatureTable {
  readonly element = make('section', { 'aria-labelledby': 'features-heading' })
  readonly search = make('input', {
    type: 'search',
    id: 'search',
    placeholder: 'explanation, token, number',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #table: Overview['table']
  readonly #haystacks: readonly string[]
  readonly #standing = make('select', { id: 'standing' })
  readonly #status = make('p', { role: 'status', class: 'aside' })
  readonly #head = make('tr')
  readonly #body = make('tbody')
  readonly #pager = make('nav', { class: 'pager', 'aria-label': 'Pages of the table' })
  #sorted = { column: 'score', descending: true }
  /** All rows in the order chosen, and those of them that fit the search. */
  #ordered: number[]
  #rows: number[] = []
  #page = 0

  constructor(table: Overview['table']) {
    this.#table = table
    this.#ordered = [...table.feature.keys()]
    this.#haystacks = table.feature.map((feature, row) =>
      `${feature} ${table.explanation[row]!} ${table.topTokens[row]!} ${table.register[row] ?? ''}`.toLowerCase(),
    )
    this.#standing.append(make('option', { value: '' }, 'all'))
    for (const standing of new Set(table.standing))
      this.#standing.append(make('option', { value: standing }, STANDINGS[standing] ?? standing))
    this.search.addEventListener('input', () => this.#select())
    this.#standing.addEventListener('change', () => this.#select())
    for (const column of this.#columns()) this.#head.append(this.#header(column))
    this.element.append(
      make('h2', { id: 'features-heading' }, 'All features'),
      make(
        'div',
        { class: 'controls', role: 'search' },
        make('label', { for: 'search' }, 'Search ', make('kbd', {}, '/')),
        this.search,
        make('label', { for: 'standing' }, 'Standing'),
        this.#standing,
      ),
      this.#status,
      make('table', { class: 'features' }, make('thead', {}, this.#head), this.#body),
      this.#pager,
    )
    this.#markSorted()
    this.#select()
  }

  /** The feature before or after one, in the order shown; null at the ends. */
  neighbour(feature: number, step: number): number | null {
    const row = this.#rows[this.#rows.findIndex((one) => this.#table.feature[one] === feature) + step]
    return row === undefined ? null : this.#table.feature[row]!
  }

  #columns(): TableColumn[] {
    const { feature, density, max, topTokens, explanation, score, shuffled } = this.#table
    const numbers = (of: readonly (number | null)[]) => (a: number, b: number) =>
      (of[a] ?? Number.NEGATIVE_INFINITY) - (of[b] ?? Number.NEGATIVE_INFINITY)
    const texts = (of: readonly string[]) => (a: number, b: number) =>
      of[a]! < of[b]! ? -1 : of[a]! > of[b]! ? 1 : 0
    return [
      { name: 'feature', label: 'feature', class: 'number', order: numbers(feature) },
      { name: 'density', label: 'density', class: 'number wide', order: numbers(density) },
      { name: 'max', label: 'max', class: 'number widest', order: numbers(max) },
      { name: 'top', label: 'top tokens', class: 'tops wide', order: texts(topTokens) },
      { name: 'explanation', label: 'explanation', class: 'text', order: texts(explanation) },
      { name: 'score', label: 'ρ [95 % interval]', class: 'number', order: numbers(score) },
      { name: 'shuffled', label: 'control', class: 'number wide', order: numbers(shuffled) },
    ]
  }

  #header(column: TableColumn): HTMLElement {
    const cell = make('th', { scope: 'col', class: column.class, 'data-column': column.name })
    cell.append(
      button(column.label, () => {
        const { column: before, descending } = this.#sorted
        const text =
          column.class.includes('text') || column.class.includes('tops') || column.name === 'feature'
        this.#sorted = { column: column.name, descending: before === column.name ? !descending : !text }
        this.#sort()
        this.#select()
      }),
    )
    return cell
  }

  #sort(): void {
    const { column, descending } = this.#sorted
    const { order } = this.#columns().find(({ name }) => name === column)!
    // Rows come in the order of their scores; equal ones keep it either way.
    this.#ordered.sort((a, b) => (descending ? order(b, a) : order(a, b)) || a - b)
    this.#markSorted()
  }

  #markSorted(): void {
    const { column, descending } = this.#sorted
    for (const cell of this.#head.children)
      if (cell.getAttribute('data-column') === column)
        cell.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
      else cell.removeAttribute('aria-sort')
  }

  #select(): void {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const standing = this.#standing.value
    this.#rows = this.#ordered.filter(
      (row) =>
        (standing === '' || this.#table.standing[row] === standing) &&
        words.every((word) => this.#haystacks[row]!.includes(word)),
    )
    this.#page = 0
    this.#show()
  }

  #show(): void {
    const first = this.#page * ROWS_PER_PAGE
    const shown = this.#rows.slice(first, first + ROWS_PER_PAGE)
    this.#body.replaceChildren(...shown.map((row) => this.#row(row)))
    const total = this.#rows.length
    this.#status.textContent =
      total === 0
        ? 'No feature fits; shorten the search.'
        : `${count(first + 1)} to ${count(first + shown.length)} of ${count(total)} features`
    const turn = (step: number) => () => {
      this.#page += step
      this.#show()
      this.element.scrollIntoView()
    }
    const last = Math.max(0, Math.ceil(total / ROWS_PER_PAGE) - 1)
    this.#pager.replaceChildren(
      ...(this.#page > 0 ? [button('← before', turn(-1))] : []),
      ...(this.#page < last ? [button('next →', turn(1))] : []),
    )
  }

  #row(row: number): HTMLElement {
    const table = this.#table
    const feature = String(table.feature[row])
    const score = table.score[row]!
    const standing = table.standing[row]!
    const control = table.shuffled[row]!
    return make(
      'tr',
      {},
      make('th', { scope: 'row', class: 'number' }, make('a', { href: `#feature-${feature}` }, feature)),
      make('td', { class: 'number wide' }, percent(table.density[row]!)),
      make('td', { class: 'number widest' }, quantity(table.max[row]!)),
      make('td', { class: 'tops wide' }, make('bdi', {}, table.topTokens[row]!)),
      make('td', { class: 'text' }, make('bdi', {}, table.explanation[row]!)),
      score === null
        ? make('td', { class: 'number' }, make('small', {}, STANDINGS[standing] ?? standing))
        : make(
            'td',
            { class: 'number' },
            make('b', {}, correlation(score)),
            make('small', {}, ` ${interval(table.low[row]!, table.high[row]!)}`),
          ),
      make(
        'td',
        { class: 'number wide' },
        table.aboveBaseline[row] === false
          ? make('span', { title: 'the interval of the gain reaches 0' }, '≈ ')
          : null,
        correlation(control),
      ),
    )
  }
}
