import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { ControlName } from '../core/scores.ts'
import type { StudyStatus } from '../pipeline/status.ts'
import type { Style } from '../tui/style.ts'
import { correlation, duration, percent, short, usd, wrap } from '../tui/text.ts'

const TIERS: Readonly<Record<NonNullable<StudyStatus['tier']>, string>> = {
  promptLogprobs: 'prompt log-probabilities',
  chatLogprobs: 'chat log-probabilities',
  integersDense: 'integers, dense',
  integersSparse: 'integers, sparse',
  table: 'table',
  mixed: 'several, mixed',
}

/** A study's numbers in a few lines. */
export function summaryLines(status: StudyStatus, width: number, style: Style): string[] {
  const counts = [
    `${style.bold(`${status.features.toLocaleString('en')} features`)}: ${status.scored.toLocaleString('en')} scored`,
    countOf(status.undefined, 'undefined'),
    countOf(status.failed, 'failed'),
    countOf(status.tooRare, 'too rare'),
    countOf(status.dead, 'dead'),
    countOf(status.pending, 'pending'),
  ]
  const lines = filled(counts, width)
  if (status.score !== null) {
    const { median, q1, q3, n, medianMissingAsZero, protocol } = status.score
    const spread = [
      style.bold(`median ρ ${correlation(median)}`),
      `quartiles ${correlation(q1)} ${correlation(q3)}`,
      `n ${n.toLocaleString('en')}`,
      `missing as 0: ${correlation(medianMissingAsZero)}`,
      `(${protocol})`,
      status.tier === null ? null : `tier: ${TIERS[status.tier]}`,
    ]
    const controls = [
      controlOf(status, 'shuffled'),
      controlOf(status, 'tokenTable', 'token table'),
      controlOf(status, 'bigram'),
      controlOf(status, 'blank'),
      controlOf(status, 'composition'),
      `position ${signed(status.controlMeans.position)} (mean)`,
    ].filter((part) => part !== null)
    const gains = [
      `median gain over shuffled ${signed(status.gain.shuffled)}`,
      status.gain.tokenTable === null ? null : `over the token table ${signed(status.gain.tokenTable)}`,
      status.gain.bigram === null ? null : `over bigrams ${signed(status.gain.bigram)}`,
      status.aboveBaseline === null ? null : `above baseline ${percent(status.aboveBaseline)}`,
      discovered(status),
    ]
    lines.push(
      ...filled(spread, width, '  '),
      ...filled([`controls: ${controls[0]}`, ...controls.slice(1)], width),
      ...filled(gains, width),
    )
  }
  if (status.singleTokenShare !== null)
    lines.push(
      ...filled(
        [
          `single-token ${percent(status.singleTokenShare)}`,
          `token share η² ${signed(status.tokenShare)} (median)`,
        ],
        width,
      ),
    )
  lines.push(
    ...status.byTokenShare.filter(({ n }) => n > 0).flatMap((stratum) => stratumLines(stratum, width)),
    ...statisticLines(status, width),
  )
  lines.push(...filled(trainingPhrases(status), width))
  const registers = Object.entries(status.registers).map(
    ([register, count]) => `${escapeForTerminal(register)} ${count}`,
  )
  if (registers.length > 0)
    lines.push(...filled([`features of one register: ${registers[0]}`, ...registers.slice(1)], width))
  if (status.otherTiers > 0)
    lines.push(
      ...filled(
        [
          `${status.otherTiers.toLocaleString('en')} features have a score of another tier`,
          'not counted here: --mixed does',
        ],
        width,
      ),
    )
  return [...lines, ...status.ledger.flatMap((line) => ledgerLines(line, width))]
}

function ledgerLines(line: StudyStatus['ledger'][number], width: number): string[] {
  const { stage, model, requests, lost, promptTokens, cachedTokens, completionTokens, reasoningTokens } = line
  const cached = promptTokens > 0 ? ` (${percent(cachedTokens / promptTokens)} cached)` : ''
  const reasoning = reasoningTokens > 0 ? ` (${short(reasoningTokens)} reasoning)` : ''
  const price = line.priceIds.length > 0 ? ` (${line.priceIds.map(escapeForTerminal).join(', ')})` : ''
  return filled(
    [
      `LLM: ${stage} by ${escapeForTerminal(model)}`,
      `${short(requests)} replies`,
      countOf(lost, 'lost, counted at their most'),
      countOf(line.unknownUsage, 'without usage'),
      `${short(promptTokens)} prompt tokens${cached}`,
      `${short(completionTokens)} completion tokens${reasoning}`,
      line.usd === null ? 'cost unknown' : `${usd(line.usd)}${price}`,
    ],
    width,
  )
}

/** Above both controls at a false discovery rate over all features. */
function discovered({ discoveries }: StudyStatus): string | null {
  if (discoveries === null) return null
  const { both, tested, rate } = discoveries
  return `${both.toLocaleString('en')} of ${tested.toLocaleString('en')} at a false discovery rate of ${percent(rate)}`
}

function stratumLines(stratum: StudyStatus['byTokenShare'][number], width: number): string[] {
  const { from, to, n, median, medianMissingAsZero, gain, aboveBaseline } = stratum
  return filled(
    [
      `η² ${from === 0 ? `< ${correlation(to)}` : `≥ ${correlation(from)}`}: median ρ ${signed(median)}`,
      `missing as 0: ${signed(medianMissingAsZero)}`,
      `n ${n.toLocaleString('en')}`,
      gain.shuffled === null ? null : `gain over shuffled ${signed(gain.shuffled)}`,
      gain.tokenTable === null ? null : `over the token table ${signed(gain.tokenTable)}`,
      aboveBaseline === null ? null : `above baseline ${percent(aboveBaseline)}`,
    ],
    width,
  )
}

const STATISTICS: Readonly<Record<string, string>> = {
  'simulation.pearson': 'Pearson',
  'simulation.fire_only': 'ρ where it fires',
  'simulation.weighted': 'ρ by importance',
  'simulation.raw': 'ρ unrounded',
}

function statisticLines({ statistics }: StudyStatus, width: number): string[] {
  if (statistics.length === 0) return []
  const [first, ...others] = statistics.map(
    ({ scorer, median, n }) =>
      `${STATISTICS[scorer] ?? scorer} ${correlation(median)} (n ${n.toLocaleString('en')})`,
  )
  return filled([`other medians: ${first}`, ...others], width)
}

/** The time that each stage took. */
export function stageLines(status: StudyStatus, width: number, style: Style): string[] {
  const total = status.stages.reduce((sum, { seconds }) => sum + seconds, 0)
  const [first, ...parts] = status.stages.map(
    ({ name, seconds, state }) => `${name} ${duration(seconds)}${state === 'done' ? '' : ` (${state})`}`,
  )
  if (first === undefined) return []
  return filled([`time: ${first}`, ...parts, `in all ${duration(total)}`], width).map((line) =>
    style.dim(line),
  )
}

/** The parts that are there, on as many lines as they need. */
function filled(parts: readonly (string | null)[], width: number, separator = ' · '): string[] {
  const there = parts.filter((part) => part !== null)
  return wrap(there.join(separator), width - 2, separator, 2).map((line) => ` ${line}`)
}

function countOf(count: number, what: string): string | null {
  return count > 0 ? `${count.toLocaleString('en')} ${what}` : null
}

function controlOf(status: StudyStatus, name: ControlName, label: string = name): string | null {
  const value = status.controls[name]
  return value === null ? null : `${label} ${correlation(value)}`
}

function signed(value: number | null): string {
  return value === null ? '·' : correlation(value)
}

/** What was measured of the feature set itself; of an imported one nothing was. */
function trainingPhrases({ kind, training }: StudyStatus): string[] {
  if (training === null) return ['feature set: imported']
  const { l0, fvu, deadShare, crossEntropyRecovered } = training
  const untrained = kind === 'neurons' || kind === 'random'
  return [
    `feature set: ${kind === 'sae' ? '' : `${kind}, `}L0 ${l0.toFixed(1)}`,
    `FVU ${fvu.toFixed(3)}`,
    `${untrained ? 'silent where measured' : 'dead in training'} ${percent(deadShare)}`,
    `CE recovered ${percent(crossEntropyRecovered)}`,
  ]
}
