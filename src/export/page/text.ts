/** A correlation: `.87`, `−.02`, `1.00`; a dot for none. */
export function correlation(value: number | null): string {
  if (value === null) return '·'
  const digits = Math.abs(value).toFixed(2)
  const sign = value < 0 && Number(digits) !== 0 ? '−' : ''
  return sign + (digits.startsWith('0') ? digits.slice(1) : digits)
}

/** An interval of correlations; nothing where there is none. */
export function interval(low: number | null, high: number | null): string {
  return low === null || high === null ? '' : `[${correlation(low)} ${correlation(high)}]`
}

/** A share in percent with two significant places. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  if (value >= 9.95) return `${value.toFixed(0)} %`
  return value >= 1e-6
    ? `${Number(value.toPrecision(2))
        .toFixed(8)
        .replace(/\.?0+$/, '')} %`
    : '< 0.000001 %'
}

/** A number with three significant places. */
export function quantity(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  const text = size >= 99.95 ? Math.round(size).toLocaleString('en') : size.toPrecision(3)
  return value < 0 ? `−${text}` : text
}

/** A whole number with separators. */
export function count(value: number): string {
  return value.toLocaleString('en')
}

/** Standings as words. */
export const STANDINGS: Readonly<Record<string, string>> = {
  scored: 'scored',
  undefined: 'undefined',
  failed: 'failed',
  pending: 'pending',
  tooRare: 'too rare',
  dead: 'dead',
}
