import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { correlation, percent, quantity, superscript, visibleToken } from './text.ts'

/** A feature as the table shows it. Texts are as stored; this is where they are escaped. */
export interface FeatureTableRow {
  readonly feature: number
  readonly standing: string
  readonly density: number
  readonly max: number
  readonly topTokens: readonly string[]
  readonly register: string | null
  readonly explanation: string | null
  readonly table: readonly (readonly [token: string, level: number])[] | null
  readonly score: number | null
  readonly low: number | null
  readonly high: number | null
  readonly undefined: string | null
  readonly shuffled: number | null
  readonly aboveBaseline: boolean | null
}

/** From this width on there is room for the register that a feature's examples come from. */
const ROOMY = 110

const COLUMNS: readonly Column<FeatureTableRow>[] = [
  { header: 'feature', align: 'right', cell: ({ feature }) => String(feature) },
  { header: 'density', align: 'right', dispensable: 3, cell: ({ density }) => percent(density) },
  { header: 'max', align: 'right', dispensable: 4, cell: ({ max }) => quantity(max) },
  {
    header: 'top tokens',
    weight: 4,
    dispensable: 2,
    cell: ({ topTokens }) => topTokens.map((token) => visibleToken(token)).join(' '),
  },
  { header: 'explanation', weight: 5, cell: explanationCell },
  {
    header: 'ρ [95 % CI]',
    align: 'right',
    cell: scoreCell,
    style: (text, { score }, style) => (score === null ? style.dim(text) : style.bold(text)),
  },
  {
    header: 'control',
    align: 'right',
    dispensable: 1,
    cell: ({ shuffled, aboveBaseline }) => controlCell(shuffled, aboveBaseline),
  },
]

const REGISTER: Column<FeatureTableRow> = {
  header: 'only in',
  weight: 2,
  cell: ({ register }) => (register === null ? '' : escapeForTerminal(register)),
}

/** The table of features as lines. */
export function featureTableLines(rows: readonly FeatureTableRow[], width: number, style: Style): string[] {
  const columns = width >= ROOMY ? COLUMNS.toSpliced(4, 0, REGISTER) : COLUMNS
  return renderTable(columns, rows, width, style)
}

function explanationCell({ explanation, table, undefined: reason }: FeatureTableRow): string {
  if (explanation === null) return reason === null ? '' : 'none could be read'
  if (table === null) return escapeForTerminal(explanation)
  return `baseline: ${table.map(([token, level]) => visibleToken(token) + superscript(level)).join(' ')}`
}

function scoreCell({ score, low, high, standing, undefined: reason }: FeatureTableRow): string {
  if (score === null) return reason ?? STANDINGS[standing] ?? standing
  const interval = low === null || high === null ? '' : ` [${correlation(low)} ${correlation(high)}]`
  return correlation(score) + interval
}

const STANDINGS: Readonly<Record<string, string>> = { tooRare: 'too rare' }

/** The shuffled control; a sign says where the score is not above its baselines. */
function controlCell(shuffled: number | null, aboveBaseline: boolean | null): string {
  if (shuffled === null) return '·'
  return `${aboveBaseline === false ? '≈ ' : ''}${correlation(shuffled)}`
}
