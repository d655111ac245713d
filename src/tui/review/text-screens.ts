import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { pad, truncate } from '../text.ts'
import { type Action, ACTION_HELP, type Keymap, keyText } from './keymap.ts'
import type { Key } from './keys.ts'
import { fill, type Frame, type Hint, hintLine, rule, type Screen, type ScreenEffect } from './screen.ts'

/** Lines longer than the screen, to be scrolled through. */
export abstract class TextScreen implements Screen {
  readonly #keys: Keymap
  #top = 0
  #page = 1
  #length = 0

  constructor(keys: Keymap) {
    this.#keys = keys
  }

  abstract readonly hints: readonly Hint[]
  readonly writing = false
  protected abstract content(frame: Frame): string[]

  protected toTop(): void {
    this.#top = 0
  }

  press(key: Key): ScreenEffect | null {
    if (key.name === 'ctrl+c') return { go: 'interrupt' }
    const action = this.#keys.actionOf(key.name)
    switch (action) {
      case 'quit':
      case 'suspend':
      case 'back':
      case 'help':
        return { go: action }
      case 'down':
      case 'up':
        this.#scroll(action === 'down' ? 1 : -1)
        break
      case 'pageDown':
      case 'pageUp':
        this.#scroll((action === 'pageDown' ? 1 : -1) * this.#page)
        break
      case 'first':
      case 'last':
        this.#scroll(action === 'first' ? -this.#length : this.#length)
        break
      case 'next':
      case 'previous':
        this.turn(action === 'next' ? 1 : -1)
        break
      default:
        return action === null ? null : this.act(action)
    }
    return null
  }

  /** What the screen's own keys do. */
  protected act(_action: Action): ScreenEffect | null {
    return null
  }

  /** Goes to the text beside this one, where there is one. */
  protected turn(_by: 1 | -1): void {}

  /** Scrolls as little as it takes to see a line of the content. */
  protected scrollTo(line: number): void {
    if (line < this.#top) this.#top = line
    // The last line may be taken by the note.
    else if (line > this.#top + this.#page - 2) this.#top = line - this.#page + 2
  }

  #scroll(by: number): void {
    this.#top = Math.max(0, Math.min(this.#top + by, this.#length - this.#page))
  }

  lines(frame: Frame): string[] {
    const content = this.content(frame)
    const below = [...rule(frame), hintLine(this.hints, this.#keys, frame)]
    this.#page = Math.max(1, frame.rows - below.length)
    this.#length = content.length
    this.#scroll(0)
    const shown = content.slice(this.#top, this.#top + this.#page)
    const hidden = content.length - this.#top - shown.length
    if (hidden > 0) shown[shown.length - 1] = frame.style.dim(` ↓ ${hidden + 1} more lines`)
    return [...fill(shown, this.#page), ...below]
  }
}

/** What all keys do. */
export class HelpScreen extends TextScreen {
  readonly #map: Keymap
  readonly #used: ReadonlySet<string>
  readonly #answers: readonly (readonly [keys: string, text: string])[]

  /** @param hints of the screen that asked: what they name comes with it, and what works everywhere */
  constructor(keys: Keymap, hints: readonly Hint[]) {
    super(keys)
    this.#map = keys
    this.#used = new Set(hints.flatMap(({ actions }) => actions))
    this.#answers = hints.flatMap(({ help }) => (help ? [help] : []))
  }

  readonly hints: readonly Hint[] = [
    { actions: ['down', 'up'], label: 'scroll' },
    { actions: ['back'], label: 'back' },
  ]

  protected content({ columns, style }: Frame): string[] {
    const line = (keys: string, help: string): string =>
      ` ${style.accent(pad(keys, 16))}${truncate(help, columns - 18)}`
    return [
      ` ${style.bold('keys')}   ${style.dim(truncate('review.keys in gloss.yaml changes them', columns - 9))}`,
      '',
      ...this.#answers.map(([used, text]) => line(escapeForTerminal(used), escapeForTerminal(text))),
      ...ACTION_HELP.filter(([action]) => this.#used.has(action) || EVERYWHERE.has(action)).map(
        ([action, help]) => line(escapeForTerminal(this.#map.keysOf(action).map(keyText).join(' ')), help),
      ),
    ]
  }
}

const EVERYWHERE: ReadonlySet<string> = new Set([
  'pageDown',
  'pageUp',
  'first',
  'last',
  'back',
  'clear',
  'help',
  'quit',
  'suspend',
])
