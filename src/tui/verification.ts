import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { wrap } from './text.ts'

/** A stored value that recomputing does not give, as it is shown. */
export interface DifferenceView {
  readonly score: string
  readonly feature: number
  readonly scorer: string
  readonly field: string
  readonly stored: unknown
  readonly recomputed: unknown
}

/** What verifying found, as it is shown. */
export interface VerificationView {
  readonly checked: number
  readonly equal: number
  readonly differences: readonly DifferenceView[]
  readonly notChecked: readonly { readonly reason: string; readonly count: number }[]
}

/** The counts, and a row for each difference. */
export function verificationLines(
  { checked, equal, differences, notChecked }: VerificationView,
  width: number,
  style: Style,
): string[] {
  const counts = [
    `${checked.toLocaleString('en')} score rows recomputed from stored replies and examples`,
    `${equal.toLocaleString('en')} equal in value, interval and controls`,
    ...notChecked.map(
      ({ reason, count }) => `${count.toLocaleString('en')} not: ${escapeForTerminal(reason)}`,
    ),
  ]
  const lines = wrap(counts.join(' · '), width - 2, ' · ', 2).map((line) => ` ${line}`)
  if (differences.length === 0) return lines
  const table = renderTable(
    [
      { header: 'feature', align: 'right', cell: ({ feature }) => String(feature) },
      { header: 'score', cell: ({ score }) => escapeForTerminal(score) },
      { header: 'scorer', weight: 2, cell: ({ scorer }) => escapeForTerminal(scorer) },
      { header: 'field', weight: 2, cell: ({ field }) => escapeForTerminal(field) },
      { header: 'stored', weight: 2, align: 'right', cell: ({ stored }) => valueText(stored) },
      { header: 'recomputed', weight: 2, align: 'right', cell: ({ recomputed }) => valueText(recomputed) },
    ],
    differences,
    width,
    style,
  )
  return [...lines, '', ...table]
}

function valueText(value: unknown): string {
  return escapeForTerminal(typeof value === 'string' ? value : JSON.stringify(value))
}
