import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { correlation, short, usd, wrap } from './text.ts'

/** A share with its interval. */
export interface ShareView {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** How a scorer ranks the explanations of puzzles, as it is shown. */
export interface PuzzlesView {
  readonly puzzles: number
  readonly rules: number
  /** Windows that each puzzle is simulated on; null where the scorer asks questions. */
  readonly examples: number | null
  readonly scorer: string
  readonly tier: string
  /** Examples of a call; questions, where the scorer asks those. */
  readonly examplesPerCall: number
  /** Whether a call asks about one example each of several puzzles. */
  readonly isolated: boolean
  readonly model: string
  readonly ranking: {
    readonly wins: ShareView
    readonly auc: ShareView
    readonly aucBy: Readonly<Record<'near' | 'sibling' | 'topic' | 'unrelated', number>>
    readonly ranked: number
    readonly unranked: number
  } | null
  readonly failedCalls: number
  readonly unreadableCalls: number
  /** Rules and how often the true explanation wins, worst first. */
  readonly hardest: readonly { readonly rule: string; readonly wins: number }[]
  readonly spending: {
    readonly requests: number
    readonly fromCache: number
    readonly promptTokens: number
    readonly completionTokens: number
    readonly usd: number | null
  }
}

/** The result of `gloss puzzles`. */
export function puzzleLines(view: PuzzlesView, width: number, style: Style): string[] {
  const { ranking, spending } = view
  const asked = `${view.examples === null ? 'question' : 'example'}${view.examplesPerCall === 1 ? '' : 's'}`
  const windows = view.examples === null ? '' : ` of ${view.examples} windows`
  const calls = `${view.examplesPerCall} ${asked} a call${view.isolated ? ', of as many puzzles' : ''}`
  const lines = [
    ` ${view.puzzles} puzzles${windows} from ${view.rules} rules`,
    ...wrap(`${view.scorer} · ${view.tier} · ${calls} · ${escapeForTerminal(view.model)}`, width - 1).map(
      (line) => ` ${line}`,
    ),
    '',
  ]
  if (ranking === null) lines.push(' No puzzle has scores for all five explanations.')
  else
    lines.push(
      ` the true explanation wins     ${interval(ranking.wins)}   chance .20`,
      ` it beats a false one (AUC)    ${interval(ranking.auc)}   chance .50`,
      ` against each kind             ${Object.entries(ranking.aucBy)
        .map(([kind, auc]) => `${kind} ${correlation(auc)}`)
        .join('   ')}`,
      ...(view.hardest.length === 0
        ? []
        : wrap(
            `wins least at: ${view.hardest.map(({ rule, wins }) => `${rule} ${correlation(wins)}`).join(', ')}`,
            width - 2,
          ).map((line) => ` ${style.dim(line)}`)),
    )
  if (ranking !== null && ranking.unranked > 0)
    lines.push(` ${ranking.unranked} puzzles lack a score and are not ranked`)
  if (view.failedCalls > 0) lines.push(` ${view.failedCalls} calls without a reply; run again to repeat them`)
  if (view.unreadableCalls > 0) lines.push(` ${view.unreadableCalls} replies with missing answers`)
  const cost = spending.usd === null ? 'cost not known' : usd(spending.usd)
  lines.push(
    '',
    style.dim(
      ` ${spending.requests.toLocaleString('en')} requests, ${spending.fromCache.toLocaleString('en')} from memory   ${short(spending.promptTokens)} prompt + ${short(spending.completionTokens)} completion tokens   ${cost}`,
    ),
  )
  return lines
}

function interval({ value, low, high }: ShareView): string {
  return `${correlation(value).padStart(4)} [${correlation(low)} ${correlation(high)}]`
}
