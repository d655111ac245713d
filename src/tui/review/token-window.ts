import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { PLAIN, type Style } from '../style.ts'
import { superscript, truncate, widthOf } from '../text.ts'

/** A window as raters see it: 0 for silent tokens, 1 to 9 for firing ones. */
export interface WindowView {
  readonly tokens: readonly string[]
  readonly levels: readonly number[]
}

const MOST = 9

/**
 * A window on one line. Without colours a firing token is `<<token>>⁷`; with them, its background says it and the
 * digit stays, so that no meaning rests on colour alone.
 */
export function windowLine({ tokens, levels }: WindowView, columns: number, style: Style): string {
  let line = ''
  let used = 0
  for (const [index, token] of tokens.entries()) {
    // What is far beyond the screen is never laid out, however long the token.
    const text = escapeForTerminal(token.slice(0, 4 * columns))
    const level = levels[index] ?? 0
    const marked = style === PLAIN ? `<<${text}>>${superscript(level)}` : text + superscript(level)
    const shown = level > 0 ? marked : text
    const width = widthOf(shown)
    const last = index === tokens.length - 1
    if (used + width > columns - (last ? 0 : 1)) {
      // A token that is longer than the screen is cut; no other one is.
      const cut = used === 0 ? truncate(shown, columns) : '…'
      return line + (level > 0 && used === 0 ? style.highlight(cut, (level - 1) / MOST) : cut)
    }
    line += level > 0 ? style.highlight(shown, (level - 1) / MOST) : shown
    used += width
  }
  return line
}
