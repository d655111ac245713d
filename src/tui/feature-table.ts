import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { correlation, percent, quantity } from './text.ts'

/** A feature as the table shows it. Texts are as stored; this is where they are escaped. */
export interface FeatureTableRow {
  readonly feature: number
  readonly standing: string
  readonly density: number
  readonly max: number
  readonly topTokens: readonly string[]
  readonly explanation: string | null
  readonly score: number | null
  readonly low: number | null
  readonly high: number | null
  readonly undefined: string | null
  readonly shuffled: number | null
  readonly aboveBaseline: boolean | null
}

const COLUMNS: readonly Column<FeatureTableRow>[] = [
  { header: 'feature', align: 'right', cell: ({ feature }) => String(feature) },
  { header: 'density', align: 'right', cell: ({ density }) => percent(density) },
  { header: 'max', align: 'right', cell: ({ max }) => quantity(max) },
  {
    header: 'top tokens',
    weight: 2,
    cell: ({ topTokens }) =>
      topTokens
        .map((token) => escapeForTerminal(token.trim() === '' ? visibleSpaces(token) : token.trim()))
        .join(' '),
  },
  {
    header: 'explanation',
    weight: 3,
    cell: ({ explanation, undefined: reason }) =>
      explanation === null ? (reason ?? '') : escapeForTerminal(explanation),
  },
  {
    header: 'ρ [95 % CI]',
    align: 'right',
    cell: scoreCell,
    style: (text, { score }, style) => (score === null ? style.dim(text) : style.bold(text)),
  },
  {
    header: 'control',
    align: 'right',
    cell: ({ shuffled, aboveBaseline }) => controlCell(shuffled, aboveBaseline),
  },
]

/** The table of features as lines. */
export function featureTableLines(rows: readonly FeatureTableRow[], width: number, style: Style): string[] {
  return renderTable(COLUMNS, rows, width, style)
}

function scoreCell({ score, low, high, standing }: FeatureTableRow): string {
  if (score === null) return standing
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return correlation(score) + interval
}

/** The shuffled control; a sign says where the score is not above its baselines. */
function controlCell(shuffled: number | null, aboveBaseline: boolean | null): string {
  if (shuffled === null) return '·'
  return `${aboveBaseline === false ? '≈ ' : ''}${correlation(shuffled)}`
}

function visibleSpaces(token: string): string {
  return token.replaceAll(' ', '␣')
}
