import {
  guessTokens,
  type MarkedWindow,
  type Question,
  readQuestion,
  type ShownWindow,
  unescapeShown,
} from './prompt-reading.ts'
import { type JsonObject, type LlmRequest, objectIn } from './request.ts'

/** What a planted feature fires on. */
export interface Rule {
  readonly name: string
  readonly description: string
  /** From 0, silent, to 9. */
  readonly level: (token: string) => number
  /** Whether a token is likely right after one on which the feature fires. */
  readonly likelyNext?: (token: string) => boolean
}

/** Whether the oracle names the rule that fits, or the next in the list; for all features or by the fitting rule's name. */
export type OracleMode = 'true' | 'false' | ((fitting: string) => 'true' | 'false')

const UNKNOWN = 'nothing that is known'
const MOST_TOKENS = 12

/**
 * A judge that knows what features fire on. It explains by the rule that fits the windows it is shown, or by a wrong
 * one, and predicts from the description alone, with the rule that has it. Without rules it plays fair by what it
 * sees: it reports the tokens that fire, with their mean levels, and predicts from such a report.
 */
export class Oracle {
  readonly #rules: readonly Rule[]
  readonly #mode: OracleMode
  readonly #byDescription: ReadonlyMap<string, Rule>

  constructor(rules: readonly Rule[], mode: OracleMode) {
    this.#rules = rules
    this.#mode = mode
    this.#byDescription = new Map(rules.map((rule) => [withSingleSpaces(rule.description), rule]))
  }

  answer({ messages, body }: LlmRequest): string {
    const asked = messages.at(-1)!.content
    const question = readQuestion(asked)
    if (question.task === 'explain') return `<explanation>${this.#explain(question.windows)}</explanation>`
    if (question.task === 'other') return replyWithNumber(asked, body)
    if (question.task === 'choose')
      return this.#choose(question, /plausible as the next token/.test(messages[0]!.content))
    if (question.task === 'isolate')
      return question.examples.map((example) => this.#answer(example, example.description, false)).join('\n')
    // The dense form wants every token named.
    const dense = /Leave no token out/.test(messages[0]!.content)
    return question.examples.map((example) => this.#answer(example, question.description, dense)).join('\n')
  }

  #explain(windows: readonly ShownWindow[]): string {
    if (this.#rules.length === 0) return reportTokens(windows)
    const samples = samplesOf(windows)
    const fits = this.#rules.map((rule) => fitOf(rule, samples))
    const best = fits.indexOf(Math.max(...fits))
    if (fits[best] === 0) return UNKNOWN
    const mode = typeof this.#mode === 'function' ? this.#mode(this.#rules[best]!.name) : this.#mode
    return this.#rules[mode === 'true' ? best : (best + 1) % this.#rules.length]!.description
  }

  #answer(
    { number, tokens }: { readonly number: number; readonly tokens: readonly string[] },
    description: string,
    dense: boolean,
  ): string {
    const level = this.#levelsBy(description)
    const named = tokens.flatMap((token, index) => {
      const predicted = Math.min(9, Math.round(level(token)))
      return predicted > 0 || dense ? [`${index + 1}=${predicted}`] : []
    })
    return `${number}: ${named.join(' ') || 'none'}`
  }

  /** Yes where a marked token fires, or any where none is marked; of several windows, the one that fires least. */
  #choose({ description, questions }: Question & { task: 'choose' }, ofNext: boolean): string {
    const rule = this.#ruleOf(description)
    const level = ofNext
      ? (shown: string): number => Number(rule?.likelyNext?.(unescapeShown(shown)) ?? false)
      : this.#levelsBy(description)
    const strongest = ({ text, marked }: MarkedWindow): number =>
      Math.max(0, ...(marked.length > 0 ? marked : guessTokens(text)).map(level))
    return questions
      .map((windows, index) => {
        const levels = windows.map(strongest)
        const answer =
          levels.length > 1 ? 'ABCDEFGH'[levels.indexOf(Math.min(...levels))]! : levels[0]! > 0 ? 'yes' : 'no'
        return `${index + 1}: ${answer}`
      })
      .join('\n')
  }

  #ruleOf(description: string): Rule | undefined {
    return this.#byDescription.get(withSingleSpaces(unescapeShown(description)))
  }

  #levelsBy(description: string): (shown: string) => number {
    const rule = this.#ruleOf(description)
    if (rule) return (shown) => rule.level(unescapeShown(shown))
    const reported = readReport(description)
    return (shown) => reported.get(shown) ?? 0
  }
}

/** A rule as a file has it: the levels of the tokens on which it fires. */
export function ruleOf(file: {
  readonly name: string
  readonly description: string
  readonly tokens: Readonly<Record<string, number>>
}): Rule {
  const levels = new Map(Object.entries(file.tokens))
  return { name: file.name, description: file.description, level: (token) => levels.get(token) ?? 0 }
}

interface Sample {
  readonly token: string
  readonly level: number
}

/** Tokens as shown where they fire; guesses of tokens, words with the space before them, where they do not. */
function samplesOf(windows: readonly ShownWindow[]): Sample[] {
  return windows
    .flat()
    .flatMap((part) =>
      typeof part === 'string'
        ? guessTokens(part).map((token) => ({ token, level: 0 }))
        : [{ token: unescapeShown(part.token), level: part.level }],
    )
}

/** The number that a question speaks of, in the form that a JSON schema asks for; `ok` where there is none. */
function replyWithNumber(asked: string, body: JsonObject): string {
  const number = /\b\d+\b/.exec(asked)?.[0] ?? 'ok'
  const names = Object.keys(
    objectIn(objectIn(objectIn(objectIn(body, 'response_format'), 'json_schema'), 'schema'), 'properties'),
  )
  return names.length === 0 ? number : `{${names.map((name) => `"${name}": ${number}`).join(', ')}}`
}

/** The squared cosine between levels shown and levels by the rule: 1 where they agree but for a factor. */
function fitOf(rule: Rule, samples: readonly Sample[]): number {
  let product = 0
  let shown = 0
  let ruled = 0
  for (const { token, level } of samples) {
    const expected = rule.level(token)
    product += level * expected
    shown += level * level
    ruled += expected * expected
  }
  return product === 0 ? 0 : (product * product) / (shown * ruled)
}

function reportTokens(windows: readonly ShownWindow[]): string {
  const levels = new Map<string, number[]>()
  for (const part of windows.flat())
    if (typeof part !== 'string') {
      const known = levels.get(part.token)
      if (known) known.push(part.level)
      else levels.set(part.token, [part.level])
    }
  const strongest = [...levels]
    .toSorted(([a, of], [b, others]) => others.length - of.length || (a < b ? -1 : 1))
    .slice(0, MOST_TOKENS)
    .map(([token, all]) => [token, Math.round(all.reduce((sum, one) => sum + one, 0) / all.length)])
  return `fires on ${Buffer.from(JSON.stringify(strongest)).toString('hex')}`
}

function readReport(description: string): Map<string, number> {
  const hex = /fires on ([0-9a-f]+)/.exec(description)?.[1] ?? ''
  try {
    return new Map(JSON.parse(Buffer.from(hex, 'hex').toString('utf8')) as [string, number][])
  } catch {
    return new Map()
  }
}

function withSingleSpaces(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
