import type { StudyStatus } from '../pipeline/status.ts'
import type { Style } from '../tui/style.ts'
import { correlation, duration, percent, short, truncate, wrap } from '../tui/text.ts'

/** A study's numbers in a few lines. */
export function summaryLines(status: StudyStatus, width: number, style: Style): string[] {
  const counts = [
    `${status.scored.toLocaleString('en')} scored`,
    countOf(status.undefined, 'undefined'),
    countOf(status.failed, 'failed'),
    countOf(status.tooRare, 'too rare'),
    countOf(status.dead, 'dead'),
    countOf(status.pending, 'pending'),
  ]
  const lines = [
    ` ${style.bold(`${status.features.toLocaleString('en')} features`)}: ${joined(counts, ' · ')}`,
  ]
  if (status.score !== null) {
    const { median, q1, q3, n, medianMissingAsZero, protocol } = status.score
    lines.push(
      ` ${style.bold(`median ρ ${correlation(median)}`)}  quartiles ${correlation(q1)} ${correlation(q3)}  n ${n.toLocaleString('en')}  missing as 0: ${correlation(medianMissingAsZero)}  (${protocol})`,
      ` controls: ${joined(
        [
          controlOf(status, 'shuffled'),
          controlOf(status, 'tokenTable', 'token table'),
          `position ${signed(status.controlMeans.position)} (mean)`,
        ],
        ' · ',
      )}`,
      ` median gain over shuffled ${signed(status.gain.shuffled)}${status.gain.tokenTable === null ? '' : ` · over the token table ${signed(status.gain.tokenTable)}`}${status.aboveBaseline === null ? '' : ` · above baseline ${percent(status.aboveBaseline)}`}`,
    )
  }
  if (status.singleTokenShare !== null)
    lines.push(
      ` single-token ${percent(status.singleTokenShare)} · token share η² ${signed(status.tokenShare)} (median)`,
    )
  const { l0, fvu, deadShare, crossEntropyRecovered } = status.training
  lines.push(
    ` feature set: L0 ${l0.toFixed(1)} · FVU ${fvu.toFixed(3)} · dead in training ${percent(deadShare)} · CE recovered ${percent(crossEntropyRecovered)}`,
  )
  const registers = Object.entries(status.registers).map(([register, count]) => `${register} ${count}`)
  if (registers.length > 0)
    lines.push(...wrapped(`features of one register: ${registers[0]}`, registers.slice(1), width))
  const { requests, promptTokens, completionTokens, cached } = status.cost
  if (requests > 0)
    lines.push(
      ` LLM: ${short(requests)} replies · ${short(promptTokens)} prompt tokens (${short(cached)} cached) · ${short(completionTokens)} completion tokens`,
    )
  return lines.map((line) => truncateStyled(line, width))
}

/** The time that each stage took. */
export function stageLines(status: StudyStatus, width: number, style: Style): string[] {
  const total = status.stages.reduce((sum, { seconds }) => sum + seconds, 0)
  const parts = status.stages.map(
    ({ name, seconds, state }) => `${name} ${duration(seconds)}${state === 'done' ? '' : ` (${state})`}`,
  )
  return status.stages.length === 0
    ? []
    : wrapped(`time: ${parts[0]}`, [...parts.slice(1), `in all ${duration(total)}`], width).map((line) =>
        style.dim(line),
      )
}

/** Parts joined by dots, on as many lines as they need. */
function wrapped(first: string, more: readonly string[], width: number): string[] {
  return wrap([first, ...more].join(' · '), width - 5, ' · ').map((line, i) =>
    i === 0 ? ` ${line}` : `   ${line}`,
  )
}

function countOf(count: number, what: string): string | null {
  return count > 0 ? `${count.toLocaleString('en')} ${what}` : null
}

function controlOf(
  status: StudyStatus,
  name: 'shuffled' | 'tokenTable',
  label: string = name,
): string | null {
  const value = status.controls[name]
  return value === null ? null : `${label} ${correlation(value)}`
}

function signed(value: number | null): string {
  return value === null ? '·' : correlation(value)
}

function joined(parts: readonly (string | null)[], separator: string): string {
  return parts.filter((part) => part !== null).join(separator)
}

/** Lines with escape sequences are left as they are; plain ones are cut to the width. */
function truncateStyled(line: string, width: number): string {
  return line.includes('\u001b') ? line : truncate(line, width)
}
