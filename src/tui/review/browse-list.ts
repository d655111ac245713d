import { BrowseSearch } from './browse-search.ts'

/** A feature as the list shows it. */
export interface BrowseRowView {
  readonly feature: number
  readonly density: number
  readonly max: number
  readonly state: string
  readonly tokenShare: number | null
  readonly score: number | null
  readonly gain: number | null
}

/** All features with what is known of them; texts, tokens and ratings may come in while the list is open. */
export interface BrowsePort {
  readonly rows: readonly BrowseRowView[]
  readonly explanations: ReadonlyMap<number, string>
  readonly topTokens: ReadonlyMap<number, readonly string[]>
  readonly ratings: ReadonlyMap<number, { readonly raters: number; readonly disagreement: number | null }>
}

/** What a list can be sorted by. */
export const SORTS = ['score', 'gap', 'density', 'max', 'disagreement', 'feature'] as const
/** One of {@link SORTS}. */
export type Sort = (typeof SORTS)[number]

const COMPARISON = /^(score|gap|density|max|share|disagreement|feature)(<=|>=|<|>|=)(-?[\d.]+)(%?)$/

/** Features in an order, those that pass a filter. What a key needs is computed in arrays over all rows. */
export class BrowseList {
  readonly #port: BrowsePort
  readonly #search: BrowseSearch
  sort: Sort = 'score'
  descending = true
  filter = ''
  #order: Uint32Array = new Uint32Array()
  #shown: Uint32Array = new Uint32Array()
  /** Orders that were sorted before. */
  readonly #orders = new Map<string, Uint32Array>()
  /** Numbers by name and row; NaN where there is none. */
  readonly #columns = new Map<string, Float64Array>()

  constructor(port: BrowsePort) {
    this.#port = port
    this.#search = new BrowseSearch(port.rows.length, (row) => this.#textOf(row))
    this.arrange()
  }

  /** Number of features shown. */
  get length(): number {
    return this.#shown.length
  }

  /** Number of features. */
  get total(): number {
    return this.#port.rows.length
  }

  /** The row at a place of the list. */
  at(place: number): BrowseRowView | undefined {
    const index = this.#shown[place]
    return index === undefined ? undefined : this.#port.rows[index]
  }

  /** The place of a feature, or −1. */
  placeOf(feature: number): number {
    return this.#shown.findIndex((index) => this.#port.rows[index]!.feature === feature)
  }

  /** Sorts and filters anew. Ties stay in the order of features; what is unknown comes last. */
  arrange(): void {
    this.#order = this.#orderBy(this.sort, this.descending)
    this.refilter()
  }

  #orderBy(sort: Sort, descending: boolean): Uint32Array {
    const name = `${sort} ${descending}`
    const known = this.#orders.get(name)
    if (known) return known
    const order = sortedRows(this.#column(sort), descending)
    this.#orders.set(name, order)
    return order
  }

  /** Filters anew, in the order that there is. */
  refilter(): void {
    const masks = wordsOf(this.filter).map((word) => this.#passing(word))
    const [first, ...others] = masks
    if (!first) {
      this.#shown = this.#order
      return
    }
    const passing = others.length === 0 ? first : first.slice()
    for (const mask of others) for (let row = 0; row < passing.length; row++) passing[row]! &= mask[row]!
    const shown = new Uint32Array(this.#order.length)
    let count = 0
    for (const row of this.#order) if (passing[row]) shown[count++] = row
    this.#shown = shown.subarray(0, count)
  }

  /**
   * Texts and ratings have come in: makes them ready for searching, and all orders for sorting, piece by piece, then
   * arranges anew.
   */
  *takeTexts(): Generator<undefined> {
    this.#orders.clear()
    this.#columns.clear()
    yield* this.#search.prepare()
    for (const sort of SORTS)
      for (const descending of [true, false]) {
        this.#orderBy(sort, descending)
        yield
      }
    this.arrange()
  }

  /** Words of the filter that are no number, such as `score>high`. */
  get problem(): string | null {
    const bad = this.filter.split(/\s+/).find((word) => /^\w+[<>=]/.test(word) && !COMPARISON.test(word))
    return bad === undefined
      ? null
      : `expected score, gap, density, max, share, disagreement or feature, a sign and a number, found ${bad}`
  }

  #column(name: string): Float64Array {
    const known = this.#columns.get(name)
    if (known) return known
    const { rows, ratings } = this.#port
    const valueOf: (row: BrowseRowView) => number | null =
      name === 'disagreement'
        ? ({ feature }) => ratings.get(feature)?.disagreement ?? null
        : COLUMNS[name as keyof typeof COLUMNS]
    const column = new Float64Array(rows.length)
    for (let row = 0; row < column.length; row++) column[row] = valueOf(rows[row]!) ?? Number.NaN
    this.#columns.set(name, column)
    return column
  }

  /** 1 for the rows that pass one word of a filter. */
  #passing(word: string): Uint8Array {
    const { rows, ratings } = this.#port
    const comparison = COMPARISON.exec(word)
    if (comparison) {
      const [, name, sign, digits, percent] = comparison
      return compared(this.#column(name!), sign!, Number(digits) / (percent ? 100 : 1))
    }
    const those = (test: (row: BrowseRowView) => boolean): Uint8Array => {
      const mask = new Uint8Array(rows.length)
      for (let row = 0; row < mask.length; row++) mask[row] = Number(test(rows[row]!))
      return mask
    }
    switch (word) {
      case 'rated':
        return those(({ feature }) => ratings.has(feature))
      case 'unrated':
        return those(({ feature }) => !ratings.has(feature))
      case 'scored':
        return those(({ score }) => score !== null)
      case 'unscored':
        return those(({ score }) => score === null)
      case 'alive':
      case 'dead':
        return those(({ state }) => state === word)
      default:
        return this.#search.rowsWith(word)
    }
  }

  #textOf(row: number): string {
    const { feature } = this.#port.rows[row]!
    const tokens = this.#port.topTokens.get(feature) ?? []
    return `${this.#port.explanations.get(feature) ?? ''} ${tokens.join(' ')}`
  }
}

const COLUMNS = {
  score: (row: BrowseRowView) => row.score,
  gap: (row: BrowseRowView) => row.gain,
  density: (row: BrowseRowView) => row.density,
  max: (row: BrowseRowView) => row.max,
  share: (row: BrowseRowView) => row.tokenShare,
  feature: (row: BrowseRowView) => row.feature,
}

function wordsOf(filter: string): string[] {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** 1 where a number is there and compares; what is not there compares with nothing. */
function compared(column: Float64Array, sign: string, bound: number): Uint8Array {
  const mask = new Uint8Array(column.length)
  for (let row = 0; row < mask.length; row++) {
    const value = column[row]!
    mask[row] = Number(
      sign === '<'
        ? value < bound
        : sign === '>'
          ? value > bound
          : sign === '<='
            ? value <= bound
            : sign === '>='
              ? value >= bound
              : value === bound,
    )
  }
  return mask
}

/** Room for the row beside 32 bits of a value in the 53 that a number holds exactly. */
const ROW_SPACE = 2 ** 21
/** Behind every value. */
const UNKNOWN = 0xffff_ffff

/**
 * Rows by a column, ties in their own order, unknown ones last. Value and row are packed into one number that sorts as
 * both do: a hundred thousand numbers are sorted natively in ten milliseconds; with a comparator it takes more than a
 * key may.
 */
function sortedRows(column: Float64Array, descending: boolean): Uint32Array {
  const values = new Float32Array(column.length)
  // Adding 0 makes −0 the 0 that it equals.
  for (let row = 0; row < values.length; row++) values[row] = (descending ? -column[row]! : column[row]!) + 0
  const bits = new Uint32Array(values.buffer)
  const keys = new Float64Array(column.length)
  for (let row = 0; row < keys.length; row++) {
    const raw = bits[row]!
    const ordered = raw >= 0x8000_0000 ? ~raw >>> 0 : (raw | 0x8000_0000) >>> 0
    keys[row] = (Number.isNaN(column[row]!) ? UNKNOWN : ordered) * ROW_SPACE + row
  }
  keys.sort()
  const rows = new Uint32Array(keys.length)
  for (let place = 0; place < rows.length; place++) rows[place] = keys[place]! % ROW_SPACE
  return rows
}
