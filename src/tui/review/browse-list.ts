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

/** Of the row with an index. */
type Test = (index: number) => boolean

const TEXTS_AT_ONCE = 2048

const COMPARISON = /^(score|gap|density|max|share|disagreement|feature)(<=|>=|<|>|=)(-?[\d.]+)(%?)$/

/** Features in an order, those that pass a filter. */
export class BrowseList {
  readonly #port: BrowsePort
  /** Lower-case explanation and tokens of each row, made when first searched. */
  #texts: (string | undefined)[] = []
  sort: Sort = 'score'
  descending = true
  filter = ''
  #order: Uint32Array = new Uint32Array()
  #shown: Uint32Array = new Uint32Array()
  /** Orders that were sorted before. */
  readonly #orders = new Map<string, Uint32Array>()
  /** The filter that `#shown` passed. */
  #passed: string | null = null

  constructor(port: BrowsePort) {
    this.#port = port
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
    const name = `${this.sort} ${this.descending}`
    this.#order = this.#orders.get(name) ?? this.#sorted()
    this.#orders.set(name, this.#order)
    this.#passed = null
    this.refilter()
  }

  #sorted(): Uint32Array {
    const { rows } = this.#port
    const keys = new Float64Array(rows.length)
    for (let index = 0; index < rows.length; index++) {
      const value = this.#valueOf(rows[index]!, this.sort)
      keys[index] = packedKey(value === null ? null : this.descending ? -value : value, index)
    }
    keys.sort()
    return Uint32Array.from(keys, (key) => key % INDEX_SPACE)
  }

  /** Filters anew, in the order that there is. */
  refilter(): void {
    const tests = testsOf(this.filter).map((test) => this.#testOf(test))
    // One more letter of a word leaves fewer of those that were there.
    const from = this.#passed !== null && narrows(this.#passed, this.filter) ? this.#shown : this.#order
    this.#shown =
      tests.length === 0 ? this.#order : from.filter((index) => tests.every((test) => test(index)))
    this.#passed = this.filter
  }

  /** Texts have come in: makes them ready for searching, piece by piece, then filters anew. */
  *takeTexts(): Generator<undefined> {
    this.#texts = []
    this.#orders.clear()
    for (let index = 0; index < this.#port.rows.length; index++) {
      this.#textOf(index)
      if (index % TEXTS_AT_ONCE === TEXTS_AT_ONCE - 1) yield
    }
    this.#passed = null
    this.refilter()
  }

  /** Words of the filter that are no number, such as `score>high`. */
  get problem(): string | null {
    const bad = this.filter.split(/\s+/).find((word) => /^\w+[<>=]/.test(word) && !COMPARISON.test(word))
    return bad === undefined
      ? null
      : `expected score, gap, density, max, share, disagreement or feature, a sign and a number, found ${bad}`
  }

  #valueOf(row: BrowseRowView, name: string): number | null {
    switch (name) {
      case 'score':
        return row.score
      case 'gap':
        return row.gain
      case 'density':
        return row.density
      case 'max':
        return row.max
      case 'share':
        return row.tokenShare
      case 'disagreement':
        return this.#port.ratings.get(row.feature)?.disagreement ?? null
      default:
        return row.feature
    }
  }

  #testOf(word: string): Test {
    const { rows, ratings } = this.#port
    const comparison = COMPARISON.exec(word)
    if (comparison) {
      const [, name, sign, digits, percent] = comparison
      const bound = Number(digits) / (percent ? 100 : 1)
      return (index) => {
        const value = this.#valueOf(rows[index]!, name!)
        return value !== null && compare(value, sign!, bound)
      }
    }
    switch (word) {
      case 'rated':
        return (index) => ratings.has(rows[index]!.feature)
      case 'unrated':
        return (index) => !ratings.has(rows[index]!.feature)
      case 'scored':
        return (index) => rows[index]!.score !== null
      case 'unscored':
        return (index) => rows[index]!.score === null
      case 'alive':
      case 'dead':
        return (index) => rows[index]!.state === word
      default:
        return (index) => this.#textOf(index).includes(word)
    }
  }

  #textOf(index: number): string {
    const known = this.#texts[index]
    if (known !== undefined) return known
    const { feature } = this.#port.rows[index]!
    const tokens = this.#port.topTokens.get(feature) ?? []
    const text = `${this.#port.explanations.get(feature) ?? ''} ${tokens.join(' ')}`.toLowerCase()
    this.#texts[index] = text
    return text
  }
}

const MEANINGFUL = new Set(['rated', 'unrated', 'scored', 'unscored', 'alive', 'dead'])

/** Whether whatever passes a filter passed another one: its last plain word only became longer. */
function narrows(before: string, after: string): boolean {
  const [was, is] = [before, after].map((filter) => testsOf(filter).at(-1))
  const plain = (word: string | undefined): boolean =>
    word !== undefined && !COMPARISON.test(word) && !MEANINGFUL.has(word)
  return after.startsWith(before) && plain(was) && plain(is) && !/\s$/.test(before)
}

function testsOf(filter: string): string[] {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

function compare(value: number, sign: string, bound: number): boolean {
  switch (sign) {
    case '<':
      return value < bound
    case '>':
      return value > bound
    case '<=':
      return value <= bound
    case '>=':
      return value >= bound
    default:
      return value === bound
  }
}

/** Room for the index beside 32 bits of a value in the 53 that a number holds exactly. */
const INDEX_SPACE = 2 ** 20
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/**
 * A number that sorts as a value and then as an index does. A hundred thousand numbers are sorted natively in ten
 * milliseconds; with a comparator it takes more than a key may.
 */
function packedKey(value: number | null, index: number): number {
  if (value === null) return 0xffff_ffff * INDEX_SPACE + index
  // Adding 0 makes −0 the 0 that it equals.
  float[0] = value + 0
  const raw = bits[0]!
  const ordered = raw >= 0x8000_0000 ? ~raw >>> 0 : (raw | 0x8000_0000) >>> 0
  return ordered * INDEX_SPACE + index
}
