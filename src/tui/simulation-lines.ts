import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { pad, superscript, truncate, widthOf } from './text.ts'
import { visibleCells } from './visible-cells.ts'

/** What an explanation predicts for held-out examples. Tokens are as stored. */
export interface SimulationView {
  readonly scale: number
  readonly examples: readonly SimulatedExampleView[]
}

interface SimulatedExampleView {
  readonly slice: string
  readonly tokens: readonly string[]
  readonly levels: readonly number[]
  /** Null where no answer could be read. */
  readonly predicted: readonly number[] | null
}

/** Examples that are shown, at equal steps through all slices. */
const SHOWN = 12
const PREDICTED = 'predicted'

/**
 * Truth and prediction token by token: the true level behind each firing token, the predicted one below it. With
 * `terse`, as words on one line each, for screen readers.
 */
export function simulationLines(
  { scale, examples }: SimulationView,
  width: number,
  style: Style,
  labelColumns: number,
  terse = false,
): string[] {
  const step = Math.max(1, examples.length / SHOWN)
  const shown = Array.from(
    { length: Math.min(SHOWN, examples.length) },
    (_, place) => examples[Math.floor(place * step)]!,
  )
  const heading = `${shown.length} of ${examples.length} held-out examples: true levels 0–${scale}, predicted ones below`
  return [
    ` ${style.bold('simulation')}  ${style.dim(truncate(heading, width - 14))}`,
    ...shown.flatMap((example, index) => {
      const label = example.slice === shown[index - 1]?.slice ? '' : sliceLabel(example.slice)
      return terse
        ? [` ${truncate(spoken(example), width - 2)}`]
        : exampleLines(example, pad(label, labelColumns), scale, width, style)
    }),
    '',
  ]
}

function sliceLabel(slice: string): string {
  return slice.replace(/^interval (\d+)$/, '$1/12')
}

interface Cell {
  readonly text: string
  readonly level: number
  /** The predicted level, rounded as the score has it; null where it is missing. */
  readonly predicted: number | null
  /** Of truth and prediction, the larger. */
  readonly strength: number
  readonly columns: number
}

function exampleLines(
  { tokens, levels, predicted }: SimulatedExampleView,
  label: string,
  scale: number,
  width: number,
  style: Style,
): string[] {
  const room = width - 2 - widthOf(label)
  const cells = tokens.map((token, index): Cell => {
    const level = levels[index] ?? 0
    const value = predicted === null ? null : rounded(predicted[index])
    // What is far beyond the screen is never laid out, however long the token.
    const plain = escapeForTerminal(token.slice(0, 4 * width))
    // Beside even the widest token there is room for a sign at either end that something was left out.
    const text = truncate(level > 0 ? `[${plain}]${superscript(level)}` : plain, room - 2)
    const strength = Math.max(level, value ?? 0)
    return { text, level, predicted: value, strength, columns: Math.max(1, widthOf(text)) }
  })
  const [first, last] = visibleCells(cells, room)
  let [above, below] = first > 0 ? ['…', ' '] : ['', '']
  for (const { text, level, predicted: value, columns } of cells.slice(first, last)) {
    const token = pad(text, columns)
    // The true level stands at the end of its token.
    const digit = pad(value === null ? '' : value === 0 ? '·' : String(value), columns, 'right')
    above += level > 0 ? style.highlight(token, level / (scale + 1)) : token
    below += value !== null && value > 0 ? style.highlight(digit, value / (scale + 1)) : style.dim(digit)
  }
  if (last < cells.length) above += '…'
  const prediction = predicted === null ? style.dim('no answer could be read') : below
  return [` ${style.dim(label)}${above}`, ` ${style.dim(pad(`  ${PREDICTED}`, widthOf(label)))}${prediction}`]
}

/** The tokens of which anything is said: `river true 9 predicted 8, tree predicted 2`. */
function spoken({ slice, tokens, levels, predicted }: SimulatedExampleView): string {
  if (predicted === null) return `${slice}: no answer could be read`
  const said = tokens.flatMap((token, index) => {
    const [level, value] = [levels[index] ?? 0, rounded(predicted[index]) ?? 0]
    if (level === 0 && value === 0) return []
    return [`${escapeForTerminal(token.trim())} true ${level} predicted ${value}`]
  })
  return `${slice}: ${said.length > 0 ? said.join(', ') : 'silent, as predicted'}`
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.floor(value + 0.5)
}
