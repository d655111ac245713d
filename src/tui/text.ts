import stringWidth from 'string-width'
import { escapeForTerminal } from '../core/escape-terminal.ts'

/** Columns that a text takes; escape sequences of colours take none. */
export function widthOf(text: string): number {
  return stringWidth(text)
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** A text cut to a number of columns, with an ellipsis where something was cut. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    const next = width + widthOf(segment)
    if (next > columns - 1) break
    kept += segment
    width = next
  }
  return columns > 0 ? `${kept}…` : ''
}

/** A text filled with spaces to a number of columns. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - widthOf(text)))
  return align === 'left' ? text + space : space + text
}

/** A share in percent with two significant places: `0.41 %`, `12 %`. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  if (value >= 9.95) return `${value.toFixed(0)} %`
  if (value >= 0.995) return `${value.toFixed(1)} %`
  if (value >= 0.0095) return `${value.toFixed(2)} %`
  return value >= 1e-6
    ? `${Number(value.toPrecision(1)).toFixed(6).replace(/0+$/, '')} %`
    : `${value.toExponential(0)} %`
}

/** A correlation: `.87`, `−.02`, `1.00`. */
export function correlation(value: number): string {
  const digits = Math.abs(value).toFixed(2)
  const sign = value < 0 && Number(digits) !== 0 ? '−' : ''
  return sign + (digits.startsWith('0') ? digits.slice(1) : digits)
}

/** A number with about three significant places: `0`, `3.21`, `12.4`, `1,240`. */
export function quantity(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 99.95) return Math.round(value).toLocaleString('en')
  return size >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}

/** A large count in short: `950`, `12.3 k`, `3.04 M`. */
export function short(count: number): string {
  if (count >= 999.995e6) return `${(count / 1e9).toFixed(2)} G`
  if (count >= 999.95e3) return `${(count / 1e6).toFixed(2)} M`
  if (count >= 1e4) return `${(count / 1e3).toFixed(1)} k`
  return count.toLocaleString('en')
}

/** US dollars, to the cent from ten cents on: `$0.0042`, `$0.50`, `$1,204.10`. */
export function usd(amount: number): string {
  if (amount === 0) return '$0'
  if (amount >= 0.0995)
    return `$${amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
  return amount >= 0.0001 ? `$${Number(amount.toPrecision(2))}` : '< $0.0001'
}

/** A time: `6.0 s`, `17 s`, `1 min 40 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** A whole number in superscript digits. */
export function superscript(value: number): string {
  return Array.from(String(value), (digit) => SUPERSCRIPTS[Number(digit)]).join('')
}

/** A token in a list: escaped, without spaces around it; a token of spaces alone shows them. */
export function visibleToken(token: string): string {
  const trimmed = token.trim()
  return escapeForTerminal(trimmed === '' ? token.replaceAll(' ', '␣') : trimmed)
}

const BARS = '▁▂▃▄▅▆▇█'

/** Counts as bars, one column each; the tallest is the largest count, an empty bin is a space. */
export function bars(counts: readonly number[]): string {
  const largest = Math.max(...counts)
  return counts
    .map((count) =>
      count > 0 ? BARS[Math.min(BARS.length - 1, Math.floor((count / largest) * BARS.length))]! : ' ',
    )
    .join('')
}

/**
 * Pieces filled into lines of at most `columns`; a piece longer than a line is broken, for scripts without spaces.
 * @param indent spaces before every line but the first
 */
export function wrap(text: string, columns: number, separator = ' ', indent = 0): string[] {
  const lines: string[] = []
  const room = (): number => (lines.length === 0 ? columns : columns - indent)
  let line = ''
  for (const piece of text.split(separator)) {
    const next = line === '' ? piece : line + separator + piece
    if (widthOf(next) <= room()) {
      line = next
      continue
    }
    if (line !== '') lines.push(line)
    line = ''
    for (const { segment } of segmenter.segment(piece)) {
      if (line !== '' && widthOf(line + segment) > room()) {
        lines.push(line)
        line = ''
      }
      line += segment
    }
  }
  return [...lines, line].map((one, index) => (index === 0 ? one : ' '.repeat(indent) + one))
}
