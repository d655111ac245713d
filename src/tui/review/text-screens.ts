import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { featurePageLines, type PageView } from '../feature-page.ts'
import { pad, truncate } from '../text.ts'
import { ACTION_HELP, type Keymap, keyText } from './keymap.ts'
import type { Key } from './keys.ts'
import { fill, type Frame, type Hint, hintLine, rule, type Screen, type ScreenEffect } from './screen.ts'

/** Lines longer than the screen, to be scrolled through. */
abstract class TextScreen implements Screen {
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
        break
    }
    return null
  }

  /** Goes to the text beside this one, where there is one. */
  protected turn(_by: 1 | -1): void {}

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

/** A page with the largest level of its scale. */
export interface ScaledPage {
  readonly page: PageView
  readonly scale: number
}

/** One feature's page. */
export class PageScreen extends TextScreen {
  readonly #open: (feature: number) => ScaledPage
  readonly #step: (by: 1 | -1) => number | null
  #shown: ScaledPage

  constructor(
    feature: number,
    open: (feature: number) => ScaledPage,
    step: (by: 1 | -1) => number | null,
    keys: Keymap,
  ) {
    super(keys)
    this.#open = open
    this.#step = step
    this.#shown = open(feature)
  }

  readonly hints: readonly Hint[] = [
    { actions: ['down', 'up'], label: 'scroll' },
    { actions: ['next', 'previous'], label: 'next, previous feature' },
    { actions: ['back'], label: 'list' },
    { actions: ['quit'], label: 'quit' },
  ]

  protected override turn(by: 1 | -1): void {
    const feature = this.#step(by)
    if (feature === null) return
    this.#shown = this.#open(feature)
    this.toTop()
  }

  protected content({ columns, style }: Frame): string[] {
    const { page, scale } = this.#shown
    return featurePageLines(page, scale, columns, style)
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
