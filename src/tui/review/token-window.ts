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

/**
 * A window over as many lines as it takes: nothing is left out up to `most` lines, since whoever answers a question has to
 * see all that it is about. Tokens with a level are marked `<<token>>`, whatever the level.
 */
export function markedLines(
  { tokens, levels }: WindowView,
  columns: number,
  most: number,
  style: Style,
): string[] {
  const lines = ['']
  let used = 0
  // One column is kept for the mark of what is left out.
  const room = columns - 1
  for (const [index, token] of tokens.entries()) {
    const marked = (levels[index] ?? 0) > 0
    // What is far beyond the screen is never laid out, however long the token.
    const plain = escapeForTerminal(token.slice(0, 4 * most * columns))
    for (const piece of broken(marked ? `<<${plain}>>` : plain, room)) {
      const width = widthOf(piece)
      if (used + width > room && used > 0) {
        if (lines.length === most) return [...lines.slice(0, -1), `${lines.at(-1)!}…`]
        lines.push('')
        used = 0
      }
      lines[lines.length - 1] += marked ? style.highlight(piece, MARK_SHARE) : piece
      used += width
    }
  }
  return lines
}

/** Where in the ramp of levels a mark without a level stands. */
const MARK_SHARE = 0.6

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** A text in pieces of at most so many columns. */
function broken(text: string, columns: number): string[] {
  if (widthOf(text) <= columns) return [text]
  const pieces = ['']
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    const width = widthOf(segment)
    if (used + width > columns) {
      pieces.push('')
      used = 0
    }
    pieces[pieces.length - 1] += segment
    used += width
  }
  return pieces
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
