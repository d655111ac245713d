import type { Style } from '../style.ts'
import { truncate, widthOf } from '../text.ts'
import type { Action, Keymap } from './keymap.ts'
import { keyText } from './keymap.ts'
import type { Key } from './keys.ts'

/** How much room there is, and how things look. */
export interface Frame {
  readonly columns: number
  /** Lines that may be drawn. */
  readonly rows: number
  readonly style: Style
  /** No rules, bars or columns: for screen readers. */
  readonly terse: boolean
}

/** What a screen asks of the application. */
export type ScreenEffect =
  | { readonly go: 'quit' | 'back' | 'suspend' | 'interrupt' | 'help' }
  | { readonly go: 'open'; readonly feature: number }

/** A screen: lines out, keys in. */
export interface Screen {
  /** At most `frame.rows` lines of at most `frame.columns` columns. */
  lines(frame: Frame): string[]
  press(key: Key): ScreenEffect | null
  /** What its keys do, for the hint line and the help: the most important first. */
  readonly hints: readonly Hint[]
  /** What keys do here, where that differs from elsewhere. */
  readonly keys?: Keymap
  /** Whether keys are text now. */
  readonly writing: boolean
}

/** Actions that belong together, and what a hint line calls them. */
export interface Hint {
  readonly actions: readonly Action[]
  readonly label: string
  /** Stands for keys that have no action, such as digits. */
  readonly keys?: string
  /** What the help says of such keys. */
  readonly help?: readonly [keys: string, text: string]
}

/** The line of key hints: as many as fit, and always how to see all. */
export function hintLine(hints: readonly Hint[], keys: Keymap, { columns, style }: Frame): string {
  const texts = hints.map(({ actions, label, keys: fixed }) => {
    const shown = fixed ?? actions.map((action) => keyText(keys.keysOf(action)[0] ?? '')).join('/')
    return { keys: shown, label }
  })
  const last = { keys: keyText(keys.keysOf('help')[0] ?? ''), label: 'all keys' }
  const widthOfHint = (hint: { keys: string; label: string }): number =>
    widthOf(hint.keys) + 1 + widthOf(hint.label) + 3
  let room = columns - 1 - widthOfHint(last) + 3
  const fitting = texts.filter((hint) => {
    room -= widthOfHint(hint)
    return room >= 0
  })
  const shown = [...fitting, last].map(({ keys: key, label }) => `${style.accent(key)} ${style.dim(label)}`)
  return ` ${shown.join('   ')}`
}

/** A rule across the screen; nothing where there are to be none. */
export function rule({ columns, style, terse }: Frame): string[] {
  return terse ? [] : [style.dim(` ${'─'.repeat(Math.max(0, columns - 2))}`)]
}

/** Two texts at the two ends of a line; the right one goes where there is no room. */
export function ends(left: string, right: string, columns: number): string {
  const space = columns - widthOf(left) - widthOf(right) - 1
  return space >= 2 ? left + ' '.repeat(space) + right : truncate(left, columns)
}

/** Exactly `rows` lines: cut, or filled up. */
export function fill(lines: readonly string[], rows: number): string[] {
  return Array.from({ length: rows }, (_, row) => lines[row] ?? '')
}
