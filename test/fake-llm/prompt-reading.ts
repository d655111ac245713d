/** Reads the questions that gloss asks, from the text of the prompt alone. */

/** A window of an explain prompt: tokens on which the feature fires, and the text between them. */
export type ShownWindow = readonly ({ readonly token: string; readonly level: number } | string)[]

/** What a prompt asks. */
export type Question =
  | { readonly task: 'explain'; readonly windows: readonly ShownWindow[] }
  | {
      readonly task: 'simulate'
      readonly description: string
      /** The tokens of each example, by its number. */
      readonly examples: readonly { readonly number: number; readonly tokens: readonly string[] }[]
    }
  | {
      readonly task: 'choose'
      readonly description: string
      /** The windows of each question: texts, with their marked tokens. */
      readonly questions: readonly (readonly MarkedWindow[])[]
    }
  | {
      readonly task: 'isolate'
      /** Examples by number, each with a description of its own. */
      readonly examples: readonly {
        readonly number: number
        readonly tokens: readonly string[]
        readonly description: string
      }[]
    }
  | { readonly task: 'other' }

/** A window as a question shows it: the line, all of its text without marks, and the marked tokens alone. */
export interface MarkedWindow {
  readonly shown: string
  readonly text: string
  readonly marked: readonly string[]
}

const EXAMPLE = /^(\d+): (.*)$/
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** Reads the last message of a prompt. Texts stay escaped as they are shown. */
export function readQuestion(message: string): Question {
  const lines = message.split('\n')
  if (message.startsWith('Description 1: ')) return { task: 'isolate', examples: readIsolated(lines) }
  const head = /^[^:]+: (.*)$/.exec(lines[0] ?? '')
  if (head && lines[1] === '' && isQuestion(lines[2] ?? ''))
    return { task: 'choose', description: head[1]!, questions: readChoices(lines.slice(2)) }
  if (head && lines[1] === '' && EXAMPLE.test(lines[2] ?? ''))
    return { task: 'simulate', description: head[1]!, examples: lines.slice(2).flatMap(readExample) }
  const shown = lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2))
  const marks = shown.flatMap((line) => line.match(/«[^«»]*»/g) ?? [])
  const withLevels = marks.every((mark) => /:\d+»$/.test(mark))
  const windows = shown.map(withLevels ? readWindow : readSpans)
  return windows.length > 0 ? { task: 'explain', windows } : { task: 'other' }
}

function readIsolated(lines: readonly string[]): (Question & { task: 'isolate' })['examples'] {
  return lines.flatMap((line, place) => {
    const description = /^Description \d+: (.*)$/.exec(line)?.[1]
    return description === undefined
      ? []
      : readExample(lines[place + 1] ?? '').map((example) => ({ ...example, description }))
  })
}

/** Undoes the escapes of prompts. */
export function unescapeShown(text: string): string {
  return text.replace(/\\(?:u\{([0-9A-F]+)\}|(.))/g, (_, point: string | undefined, named: string) =>
    point === undefined
      ? ({ n: '\n', r: '\r', t: '\t' }[named] ?? named)
      : String.fromCodePoint(Number.parseInt(point, 16)),
  )
}

/** A simulation numbers its tokens; a question does not. */
function isQuestion(line: string): boolean {
  return /^\d+:(?:$| )/.test(line) && !/[⁰¹²³⁴-⁹]/.test(line)
}

function readChoices(lines: readonly string[]): MarkedWindow[][] {
  const questions: MarkedWindow[][] = []
  for (const line of lines) {
    const [, number, lettered] = /^(?:(\d+):(?: (?=[\s\S]))?|[A-Z]: )([\s\S]*)$/.exec(line) ?? []
    if (number !== undefined) questions.push([])
    if (number === undefined || lettered !== '') questions.at(-1)?.push(readMarked(lettered ?? ''))
  }
  return questions
}

function readMarked(line: string): MarkedWindow {
  return {
    shown: line,
    text: line.replace(/[«»]/g, ''),
    marked: [...line.matchAll(/«([^«»]*)»/g)].map(([, token]) => token!),
  }
}

function readWindow(line: string): ShownWindow {
  const parts: ShownWindow[number][] = []
  let end = 0
  for (const match of line.matchAll(/«([^«»]*):(\d+)»/g)) {
    if (match.index > end) parts.push(line.slice(end, match.index))
    parts.push({ token: match[1]!, level: Number(match[2]) })
    end = match.index + match[0].length
  }
  if (end < line.length) parts.push(line.slice(end))
  return parts
}

/** Undoes the escapes of prompts, and cuts a text into what may be its tokens: words with the space before them. */
export function guessTokens(shown: string): string[] {
  return unescapeShown(shown).match(/ ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]|\s/gu) ?? []
}

/** Spans without numbers: every token in them fires. */
function readSpans(line: string): ShownWindow {
  return line.split(/[«»]/).flatMap((text, place): ShownWindow => {
    if (place % 2 === 0) return text === '' ? [] : [text]
    return guessTokens(text).map((token) => ({ token, level: 9 }))
  })
}

function readExample(line: string): { number: number; tokens: string[] }[] {
  const match = EXAMPLE.exec(line)
  if (!match) return []
  const tokens: string[] = []
  for (const [, text, marks] of match[2]!.matchAll(/([^⁰¹²³⁴-⁹]*)([⁰¹²³⁴-⁹]+)/g)) {
    tokens.push(text!)
    // Tokens without text leave their indices side by side: ⁵⁶ behind the fifth token is 5 and 6, not 56.
    let rest = digitsOf(marks!).slice(String(tokens.length).length)
    while (rest !== '') {
      tokens.push('')
      rest = rest.slice(String(tokens.length).length)
    }
  }
  return [{ number: Number(match[1]), tokens }]
}

function digitsOf(marks: string): string {
  return marks.replace(/./g, (mark) => String(SUPERSCRIPTS.indexOf(mark)))
}
