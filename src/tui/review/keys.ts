/** A key press: a character, or a name such as `enter`, `shift+tab` or `ctrl+d`; a paste carries its text. */
export type Key = { readonly name: string } | { readonly name: 'paste'; readonly text: string }

const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  '[H': 'home',
  '[F': 'end',
  OH: 'home',
  OF: 'end',
  '[1~': 'home',
  '[4~': 'end',
  '[3~': 'delete',
  '[5~': 'pageup',
  '[6~': 'pagedown',
  '[Z': 'shift+tab',
}

const PASTE_BEGIN = '[200~'
const PASTE_END = '\u001b[201~'

/** Turns what a terminal sends into keys. Sequences may arrive in pieces. */
export class KeyDecoder {
  #rest = ''

  /** Whether an escape has arrived that may be a key of its own, or the beginning of a sequence. */
  get waits(): boolean {
    return this.#rest !== '' && !this.#rest.startsWith(`\u001b${PASTE_BEGIN}`)
  }

  /** The keys in a piece of input, together with what was left of the pieces before. */
  push(text: string): Key[] {
    let input = this.#rest + text
    this.#rest = ''
    const keys: Key[] = []
    while (input !== '') {
      if (!input.startsWith('\u001b')) {
        const character = String.fromCodePoint(input.codePointAt(0)!)
        keys.push({ name: nameOf(character) })
        input = input.slice(character.length)
        continue
      }
      const read = sequenceAt(input)
      if (read === null) {
        this.#rest = input
        break
      }
      if (read.key) keys.push(read.key)
      input = input.slice(read.length)
    }
    return keys
  }

  /** What waits is no sequence: an escape is the escape key. */
  flush(): Key[] {
    const rest = this.#rest
    this.#rest = ''
    return rest === ''
      ? []
      : [{ name: 'escape' }, ...Array.from(rest.slice(1), (character) => ({ name: nameOf(character) }))]
  }
}

/** The sequence that input begins with; null where it is not whole yet. */
function sequenceAt(input: string): { readonly key: Key | null; readonly length: number } | null {
  const body = input.slice(1)
  if (body.startsWith(PASTE_BEGIN)) {
    const end = input.indexOf(PASTE_END)
    if (end < 0) return null
    const text = input.slice(1 + PASTE_BEGIN.length, end)
    return { key: { name: 'paste', text }, length: end + PASTE_END.length }
  }
  // A second escape: the first one was the key.
  if (body.startsWith('\u001b')) return { key: { name: 'escape' }, length: 1 }
  const match = /^(?:\[[0-?]*[ -/]*[@-~]|O[A-Z])/.exec(body)
  if (match) return { key: keyOf(match[0]), length: 1 + match[0].length }
  if (body === '' || /^(?:\[[0-?]*[ -/]*|O)$/.test(body)) return null
  // Alt with a character: no key of ours.
  const character = String.fromCodePoint(body.codePointAt(0)!)
  return { key: null, length: 1 + character.length }
}

function keyOf(sequence: string): Key | null {
  const name = SEQUENCES[sequence]
  return name === undefined ? null : { name }
}

const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u007f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
}

function nameOf(character: string): string {
  const named = CONTROLS[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0)!
  return code < 0x20 ? `ctrl+${String.fromCharCode(0x60 + code)}` : character
}
