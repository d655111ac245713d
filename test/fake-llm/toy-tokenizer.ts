/** Token ids above this are single code points that are not ASCII. */
const BEYOND_ASCII = 2 ** 28

const SPLITTING_DIGITS = /[A-Za-z]{1,4}| [A-Za-z]{1,3}| ?\d| [!-~]|[\s\S]/gu
const KEEPING_NUMBERS = /[A-Za-z]{1,4}| [A-Za-z]{1,3}| ?\d{1,3}| [!-~]|[\s\S]/gu

/**
 * A tokenizer without a vocabulary: a token's id is computed from its text (at most four ASCII characters, or one
 * other code point), so that ids mean the same after a restart. A space belongs to what follows it.
 */
export class ToyTokenizer {
  readonly #pieces: RegExp

  /** @param splitTenDigits whether "10" is the two tokens "1" and "0", as in Qwen, or one, as in Llama 3 */
  constructor(splitTenDigits: boolean) {
    this.#pieces = splitTenDigits ? SPLITTING_DIGITS : KEEPING_NUMBERS
  }

  /** @example new ToyTokenizer(true).encode(' 10').length // 2 */
  encode(text: string): number[] {
    return (text.match(this.#pieces) ?? []).map(idOf)
  }

  /** The text of one token. */
  decode(id: number): string {
    if (id >= BEYOND_ASCII) {
      const point = id - BEYOND_ASCII
      return point <= 0x10ffff ? String.fromCodePoint(point) : '\u{FFFD}'
    }
    let text = ''
    for (let rest = id; rest > 0; rest = Math.floor(rest / 128)) text = String.fromCharCode(rest % 128) + text
    return text
  }

  /** The text of a list of tokens. */
  decodeAll(ids: readonly number[]): string {
    return ids.map((id) => this.decode(id)).join('')
  }
}

function idOf(piece: string): number {
  const first = piece.codePointAt(0)!
  if (first === 0 || first > 127) return BEYOND_ASCII + first
  let id = 0
  for (let i = 0; i < piece.length; i++) id = id * 128 + piece.charCodeAt(i)
  return id
}
