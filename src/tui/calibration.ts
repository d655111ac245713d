import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { type Column, renderTable } from './table.ts'
import { percent, wrap } from './text.ts'

/** What was true where one level was predicted, as it is shown. */
export interface CalibrationRowView {
  readonly predicted: number
  readonly tokens: number
  readonly firing: number
  readonly activation: number
  readonly level: number
}

/** A calibration table, as it is shown. */
export interface CalibrationView {
  readonly tier: string
  readonly features: number
  readonly rows: readonly CalibrationRowView[]
}

const COLUMNS: readonly Column<CalibrationRowView>[] = [
  { header: 'predicted', align: 'right', cell: ({ predicted }) => String(predicted) },
  { header: 'tokens', align: 'right', cell: ({ tokens }) => tokens.toLocaleString('en') },
  { header: 'firing', align: 'right', cell: ({ firing }) => percent(firing) },
  { header: 'true level', align: 'right', cell: ({ level }) => level.toFixed(2) },
  { header: 'activation / M', align: 'right', cell: ({ activation }) => activation.toFixed(3) },
]

/** Tables of true activation by predicted level, one a tier. */
export function calibrationLines(tables: readonly CalibrationView[], width: number, style: Style): string[] {
  if (tables.length === 0) return [' no score has predictions that can be read again']
  return tables.flatMap(({ tier, features, rows }) => [
    ...wrap(
      `true activation by predicted level, ${features.toLocaleString('en')} features, tier: ${escapeForTerminal(tier)}`,
      width - 2,
    ).map((line) => ` ${line}`),
    ...renderTable(COLUMNS, rows, width, style),
  ])
}
