// The scripts of the report's page are put one after the other, text.ts first and main.ts last, into one function (see `pageAssets`).

type Overview = import('../report-data.ts').ReportOverview
type Feature = import('../report-data.ts').ReportFeature
type Example = import('../report-data.ts').ReportExample

/** A number of the page: `.87`, `−.02`, `1.00`; a dot for none. */
function correlation(value: number | null): string {
  if (value === null) return '·'
  const digits = Math.abs(value).toFixed(2)
  const sign = value < 0 && Number(digits) !== 0 ? '−' : ''
  return sign + (digits.startsWith('0') ? digits.slice(1) : digits)
}

function interval(low: number | null, high: number | null): string {
  return low === null || high === null ? '' : `[${correlation(low)} ${correlation(high)}]`
}

function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  if (value >= 9.95) return `${value.toFixed(0)} %`
  return value >= 1e-6
    ? `${Number(value.toPrecision(2))
        .toFixed(8)
        .replace(/\.?0+$/, '')} %`
    : '< 0.000001 %'
}

function quantity(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  const text = size >= 99.95 ? Math.round(size).toLocaleString('en') : size.toPrecision(3)
  return value < 0 ? `−${text}` : text
}

function count(value: number): string {
  return value.toLocaleString('en')
}

/** Standings as words. */
const STANDINGS: Readonly<Record<string, string>> = {
  scored: 'scored',
  undefined: 'undefined',
  failed: 'failed',
  pending: 'pending',
  tooRare: 'too rare',
  dead: 'dead',
}
