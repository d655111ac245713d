/** Rows whose texts are kept together: making such a piece ready is some milliseconds of work. */
const PIECE = 4096
/** Words whose finds are kept: as many as a filter has while it is written. */
const MOST_KEPT = 12
/** Between texts: nothing that is typed holds it. */
const SEPARATOR = '\n'

/**
 * Finds words in the texts of many rows. Texts stand one behind the other in a few long strings, which the engine
 * searches at some gigabyte a second; string by string takes several times as long as a key may.
 */
export class BrowseSearch {
  readonly #rows: number
  readonly #textOf: (row: number) => string
  /** The texts of {@link PIECE} rows each, and where those of the rows begin. */
  readonly #pieces: ({ readonly text: string; readonly starts: Uint32Array } | undefined)[] = []
  /** By word: 1 for the rows that hold it. */
  readonly #finds = new Map<string, Uint8Array>()

  /** @param textOf the text of a row; read when it is first searched */
  constructor(rows: number, textOf: (row: number) => string) {
    this.#rows = rows
    this.#textOf = textOf
  }

  /** Texts have changed: makes them ready anew, piece by piece. */
  *prepare(): Generator<undefined> {
    this.forget()
    for (let piece = 0; piece * PIECE < this.#rows; piece++) {
      this.#pieceAt(piece)
      yield
    }
  }

  /** Texts have changed: they are read again when they are searched. */
  forget(): void {
    this.#pieces.length = 0
    this.#finds.clear()
  }

  /** 1 for every row whose text holds a word, capitals aside. @param word in small letters */
  rowsWith(word: string): Uint8Array {
    const known = this.#finds.get(word)
    if (known) return known
    const finds = new Uint8Array(this.#rows)
    for (let piece = 0; piece * PIECE < this.#rows; piece++) this.#search(piece, word, finds)
    if (this.#finds.size >= MOST_KEPT) this.#finds.delete(this.#finds.keys().next().value!)
    this.#finds.set(word, finds)
    return finds
  }

  #search(piece: number, word: string, finds: Uint8Array): void {
    const { text, starts } = this.#pieceAt(piece)
    let row = 0
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, starts[row])) {
      while (row < starts.length && starts[row]! <= at) row++
      finds[piece * PIECE + row - 1] = 1
      if (row === starts.length) break
    }
  }

  #pieceAt(piece: number): { readonly text: string; readonly starts: Uint32Array } {
    const known = this.#pieces[piece]
    if (known) return known
    const first = piece * PIECE
    const starts = new Uint32Array(Math.min(PIECE, this.#rows - first))
    const texts: string[] = []
    let length = 0
    for (let row = 0; row < starts.length; row++) {
      const text = this.#textOf(first + row)
        .toLowerCase()
        .replaceAll(SEPARATOR, ' ')
      starts[row] = length
      length += text.length + 1
      texts.push(text)
    }
    const made = { text: texts.join(SEPARATOR), starts }
    this.#pieces[piece] = made
    return made
  }
}
