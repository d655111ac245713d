import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { renderTable } from './table.ts'
import { pad, wrap } from './text.ts'

/** Everything that one score was made of, as it is shown. Texts are as stored; this is where they are escaped. */
export interface ScorePageView {
  readonly feature: number
  readonly score: {
    readonly id: string
    readonly scorer: string
    readonly protocol: string
    readonly tier: string
    readonly value: number | null
    readonly low: number | null
    readonly high: number | null
    readonly n: number
    readonly undefined: string | null
    readonly flag: string | null
    readonly ceiling: number | null
  }
  readonly formula: string
  readonly controls: readonly {
    readonly name: string
    readonly value: number | null
    readonly gain: number | null
    readonly gainLow: number | null
    readonly gainHigh: number | null
    readonly p: number | null
    readonly partner: number | null
  }[]
  readonly explanation: {
    readonly text: string | null
    readonly explainer: string
    readonly llm: string | null
  }
  readonly provenance: Readonly<Record<string, string | number | null | undefined>> | object
  readonly requests: readonly {
    readonly purpose: string
    readonly hash: string
    readonly body: string | null
    readonly response: string | null
  }[]
  readonly max: number
  readonly examples: readonly {
    readonly id: number
    readonly slice: string
    readonly document: number
    readonly position: number
    readonly nominal: number
    readonly tokens: readonly string[]
    readonly tokenIds: readonly number[]
    readonly activations: readonly number[]
    readonly levels: readonly number[]
    readonly predicted: Readonly<Record<string, readonly number[] | null>>
  }[]
  readonly questions: readonly QuestionView[]
  readonly notRepeatable: string | null
}

interface QuestionView {
  readonly group: string
  readonly windows: readonly { readonly shown: string }[]
  readonly truth: string
  readonly answers: Readonly<Record<string, string | null>>
  readonly beliefs: Readonly<Record<string, number | null>>
}

/** A score with all that it takes to compute it again by hand. Numbers are printed whole. */
export function scorePageLines(page: ScorePageView, width: number, style: Style): string[] {
  const { feature, score, explanation } = page
  const by =
    explanation.llm === null ? explanation.explainer : `${explanation.llm} (${explanation.explainer})`
  const facts = [
    `${score.scorer} ${exact(score.value)}${score.undefined === null ? '' : ` (${score.undefined})`}`,
    score.low === null ? null : `[${exact(score.low)} ${exact(score.high)}]`,
    `n ${score.n}`,
    score.flag,
    score.ceiling === null ? null : `ceiling ${exact(score.ceiling)}`,
    score.protocol,
    `tier ${score.tier}`,
  ].filter((fact) => fact !== null)
  const paragraph = (text: string): string[] => wrap(text, width - 2).map((line) => ` ${line}`)
  return [
    ` ${style.bold(`feature ${feature}`)}   score ${escapeForTerminal(score.id)}`,
    ...paragraph(escapeForTerminal(facts.join('   '))),
    ...paragraph(page.formula),
    '',
    ...heading('explanation', style),
    ...paragraph(escapeForTerminal(explanation.text ?? 'none')),
    ...paragraph(escapeForTerminal(`by ${by}`)),
    '',
    ...heading('controls', style),
    ...controlLines(page, width, style),
    '',
    ...heading('provenance', style),
    ...Object.entries(page.provenance)
      .filter(([, value]) => value !== null && value !== undefined)
      .flatMap(([name, value]) => wrapped(pad(name, 15), escapeForTerminal(String(value)), width)),
    ...(page.notRepeatable === null
      ? []
      : [
          '',
          ...paragraph(`requests and predictions cannot be shown: ${escapeForTerminal(page.notRepeatable)}`),
        ]),
    '',
    ...(page.questions.length > 0 ? heading('questions', style) : []),
    ...page.questions.flatMap((question, index) => questionLines(question, index + 1, width, style)),
    ...(page.examples.length > 0 ? heading(`score examples, M ${exact(page.max)}`, style) : []),
    ...page.examples.flatMap((example) => exampleLines(example, width, style)),
    ...page.requests.flatMap((request) => requestLines(request, width, style)),
  ]
}

function heading(text: string, style: Style): string[] {
  return [` ${style.bold(text)}`]
}

/** A number with every digit that it takes to read it back. */
function exact(value: number | null): string {
  return value === null ? '·' : String(value)
}

function wrapped(label: string, text: string, width: number): string[] {
  return wrap(text, width - label.length - 3).map(
    (line, index) => ` ${index === 0 ? label : ' '.repeat(label.length)} ${line}`,
  )
}

function controlLines({ controls }: ScorePageView, width: number, style: Style): string[] {
  const rounded = (value: number | null): string => (value === null ? '·' : value.toFixed(6))
  return renderTable(
    [
      { header: 'control', cell: ({ name, partner }) => (partner === null ? name : `${name} (${partner})`) },
      { header: 'value', align: 'right', cell: ({ value }) => rounded(value) },
      { header: 'gain', align: 'right', cell: ({ gain }) => rounded(gain) },
      { header: 'low', align: 'right', cell: ({ gainLow }) => rounded(gainLow) },
      { header: 'high', align: 'right', cell: ({ gainHigh }) => rounded(gainHigh) },
      { header: 'p', align: 'right', dispensable: 1, cell: ({ p }) => rounded(p) },
    ],
    controls,
    width,
    style,
  )
}

function exampleLines(example: ScorePageView['examples'][number], width: number, style: Style): string[] {
  const { id, slice, document, position, nominal, tokens, tokenIds, activations, levels, predicted } = example
  const names = Object.keys(predicted)
  const columns = [
    {
      header: 'token',
      weight: 1,
      cell: (index: number) => escapeForTerminal(tokens[index]!.replaceAll(' ', '␣')),
    },
    { header: 'id', align: 'right' as const, cell: (index: number) => String(tokenIds[index]) },
    { header: 'activation', align: 'right' as const, cell: (index: number) => String(activations[index]) },
    { header: 'level', align: 'right' as const, cell: (index: number) => String(levels[index]) },
    ...names.map((name, place) => ({
      header: name,
      align: 'right' as const,
      dispensable: place + 1,
      cell: (index: number) => {
        const value = predicted[name]?.[index]
        return value === undefined ? '·' : String(Math.round(value * 1000) / 1000)
      },
    })),
  ]
  return [
    ` ${style.dim(`example ${id}: ${slice}, document ${document}, position ${position}, nominal token ${nominal + 1}`)}`,
    ...renderTable(
      columns,
      tokens.map((_, index) => index),
      width,
      style,
    ),
  ]
}

/** What was asked, then the truth and every answer: `score` is the explanation's own. */
function questionLines(
  { group, windows, truth, answers, beliefs }: QuestionView,
  number: number,
  width: number,
  style: Style,
): string[] {
  const said = Object.entries(answers).map(([name, answer]) => {
    const belief = beliefs[name]
    return `${name} ${answer ?? '·'}${belief === undefined ? '' : ` P(yes) ${exact(belief)}`}`
  })
  return [
    ` ${style.dim(`question ${number}: ${group}`)}`,
    ...windows.flatMap(({ shown }, index) =>
      wrapped(windows.length > 1 ? ` ${'ABCDE'[index]!}` : ' ', escapeForTerminal(shown), width),
    ),
    ...wrap([`truth ${truth}`, ...said].join('   '), width - 3, '   ').map((line) => `   ${line}`),
  ]
}

function requestLines(
  { purpose, hash, body, response }: ScorePageView['requests'][number],
  width: number,
  style: Style,
): string[] {
  return [
    '',
    ...heading(`request, ${purpose}`, style),
    ...wrapped('hash    ', escapeForTerminal(hash === '' ? 'none is stored' : hash), width),
    ...wrapped('sent    ', escapeForTerminal(body ?? 'nothing is stored'), width),
    ...wrapped('received', escapeForTerminal(response ?? 'no reply'), width),
  ]
}
