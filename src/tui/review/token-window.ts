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
 * A window on one line, cut so that its strongest token is seen. Without colours a firing token is `<<token>>⁷`; with
 * them, its background says it and the digit stays, so that no meaning rests on colour alone.
 */
export function windowLine({ tokens, levels }: WindowView, columns: number, style: Style): string {
  const pieces = tokens.map((token, index) => pieceOf(token, levels[index] ?? 0, columns, style))
  const first = firstShown(pieces, columns)
  let line = first > 0 ? '…' : ''
  let used = widthOf(line)
  for (const [index, { text, level, width }] of pieces.entries()) {
    if (index < first) continue
    const room = columns - used - (index === pieces.length - 1 ? 0 : 1)
    // A token that is longer than the screen is cut; of others, what does not fit is left out.
    const fits = width <= room
    const shown = fits ? text : index === first ? truncate(text, Math.max(1, columns - used)) : '…'
    line += level > 0 && shown !== '…' ? style.highlight(shown, (level - 1) / MOST) : shown
    if (!fits) break
    used += width
  }
  return line
}

interface Piece {
  readonly text: string
  readonly level: number
  readonly width: number
}

function pieceOf(token: string, level: number, columns: number, style: Style): Piece {
  // What is far beyond the screen is never laid out, however long the token.
  const plain = escapeForTerminal(token.slice(0, 4 * columns))
  const marked = style === PLAIN ? `<<${plain}>>${superscript(level)}` : plain + superscript(level)
  const text = level > 0 ? marked : plain
  return { text, level, width: widthOf(text) }
}

/** The token that a line begins with: the first, or as many later as it takes for the strongest to fit. */
function firstShown(pieces: readonly Piece[], columns: number): number {
  const most = Math.max(...pieces.map(({ level }) => level))
  if (most === 0) return 0
  const strongest = pieces.findIndex(({ level }) => level === most)
  let width = pieces.slice(0, strongest + 1).reduce((sum, piece) => sum + piece.width, 0)
  let first = 0
  while (first < strongest && width + Math.min(first, 1) > columns - 1) width -= pieces[first++]!.width
  return first
}
