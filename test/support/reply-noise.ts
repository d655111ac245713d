import fc from 'fast-check'

/** Levels by example and token, as an answer means them. */
export type Levels = readonly (readonly number[])[]

/** An answer about to be written: examples by number, with what is said of which index. */
interface Said {
  readonly number: number
  readonly pairs: readonly (readonly [index: number, level: number])[]
}

const LABELS: readonly ((number: string, content: string) => string)[] = [
  (n, c) => `${n}: ${c}`,
  (n, c) => `${n}:${c}`,
  (n, c) => `${n}. ${c}`,
  (n, c) => `${n}) ${c}`,
  (n, c) => `(${n}) ${c}`,
  (n, c) => `[${n}]: ${c}`,
  (n, c) => `- ${n}: ${c}`,
  (n, c) => `* **${n}:** ${c}`,
  (n, c) => `**${n}**: ${c}`,
  (n, c) => `Example ${n}: ${c}`,
  (n, c) => `**Example ${n}:** ${c}`,
  (n, c) => `| ${n} | ${c} |`,
  (n, c) => `> ${n}: ${c}`,
  (n, c) => `${n}. Example ${n}: ${c}`,
  (n, c) => `### Example ${n}\n${c}`,
  (n, c) => `Example ${n}:\n${c}\n`,
  (n, c) => `#${n}: ${c}`,
  (n, c) => `\`${n}: ${c}\``,
  (n, c) => `"${n}": "${c}",`,
]
const SIGNS = ['=', ' = ', ':', '->', ' → ', '=>', '＝', '**=**']
const JOINS = [' ', ', ', '; ', '  ', '\u00A0', '\u2009', ',', ' | ', 'Â\u00A0', '\u200B ']
const NONES = ['none', 'None', 'none.', '(none)', 'NONE', '**none**', '`none`', 'silent', '"none"']
const BEFORE = [
  '',
  'Here are the answers.\n',
  '```\n',
  '```text\n',
  'Sure! I predict:\n\n',
  '<think>1: 1=9\n2: none 3: 2=8</think>\n',
  '<think>1: 1=9</think>',
  'Let me see. Example 1 has 2=9, maybe 3=5.\n</think>\n\n',
  '1. The description names a date.\n2. Dates are rare here.\n\nSo:\n',
  '1: 1=9\n2: 2=9\n\n**Final answer:**\n',
  '| Example | Tokens |\n|---|---|\n',
  '\uFEFF',
]
const AFTER = ['', '\n', '\n```', '\n\nTokens that I left out are silent.', '\n\n', '   ']

/** Prefaces that hold a draft: without the mark at its end a draft is an answer. */
const DRAFTS = new Set([5, 6, 7, 9])

/** A style without drafts, for replies that are damaged. */
export function withoutDrafts(style: Style): Style {
  return DRAFTS.has(style.before) ? { ...style, before: 0 } : style
}

/** How an answer is written. All of it leaves the meaning as it is. */
const styleArbitrary = fc.record({
  label: fc.nat(LABELS.length - 1),
  sign: fc.nat(SIGNS.length - 1),
  join: fc.nat(JOINS.length - 1),
  none: fc.nat(NONES.length - 1),
  before: fc.nat(BEFORE.length - 1),
  after: fc.nat(AFTER.length - 1),
  indices: fc.constantFrom('ascii', 'superscript', 'arabic', 'fullwidth', 'devanagari'),
  levels: fc.constantFrom('ascii', 'float', 'fullwidth', 'bengali'),
  layout: fc.constantFrom('lines', 'lines', 'lines', 'bullets', 'json', 'json of strings'),
  lineEnd: fc.constantFrom('\n', '\n\n', '\r\n', '  \n', '\u2028'),
  zeros: fc.boolean(),
  reverseLines: fc.boolean(),
  reversePairs: fc.boolean(),
  repeat: fc.boolean(),
})

export type Style = typeof styleArbitrary extends fc.Arbitrary<infer S> ? S : never

/** The plainest way to write an answer. */
export const PLAIN: Style = {
  label: 0,
  sign: 0,
  join: 0,
  none: 0,
  before: 0,
  after: 0,
  indices: 'ascii',
  levels: 'ascii',
  layout: 'lines',
  lineEnd: '\n',
  zeros: false,
  reverseLines: false,
  reversePairs: false,
  repeat: false,
}

/** Few departures from the plain way at a time, so that most replies stay readable, and now and then all at once. */
export const styles: fc.Arbitrary<Style> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(styleArbitrary, fc.subarray(Object.keys(PLAIN) as (keyof Style)[], { maxLength: 3 }))
      .map(([style, kept]) => ({ ...PLAIN, ...Object.fromEntries(kept.map((key) => [key, style[key]])) })),
  },
  { weight: 1, arbitrary: styleArbitrary },
)

/** What makes an answer wrong or unclear. */
export const harms = fc.record({
  kind: fc.constantFrom(
    'omit',
    'contradict',
    'out of scale',
    'no such token',
    'twice in an answer',
    'count from 0',
    'count from 2',
    'fraction',
    'negative',
    'word',
    'no label',
  ),
  example: fc.nat(1000),
  where: fc.nat(1000),
})
export type Harm = typeof harms extends fc.Arbitrary<infer H> ? H : never

/** Damage to a text that was written. It can only take something away from what is said. */
export const damages = fc.record({
  kind: fc.constantFrom('delete', 'delete', 'junk', 'cut', 'join'),
  where: fc.nat(100_000),
  junk: fc.constantFrom('x', 'â€“', 'Ã©', '\u0000', '=', '?', '(', '"', ';;', '\uD83D\uDE00', '…'),
})
export type Damage = typeof damages extends fc.Arbitrary<infer D> ? D : never

/** An answer in some style. */
export function write(levels: Levels, style: Style): string {
  return writeSaid(saidOf(levels, style), style)
}

/** A harmed answer, and which examples it says nothing of that could be read. */
export function writeHarmed(
  levels: Levels,
  style: Style,
  { kind, example, where }: Harm,
): { readonly reply: string; readonly missing: readonly number[] } {
  const said = saidOf(levels, style)
  const at = said.findIndex(({ number }) => number === 1 + (example % levels.length))
  const chosen = said[at]!
  const number = chosen.number
  const length = levels[number - 1]!.length
  const pair = chosen.pairs[where % Math.max(1, chosen.pairs.length)]
  const index = pair?.[0] ?? 1 + (where % length)
  const level = pair?.[1] ?? 0
  const rest = chosen.pairs.filter(([other]) => other !== index)
  const withPairs = (pairs: Said['pairs']) => said.with(at, { number, pairs })
  const all = levels.map((_, i) => i)
  const only = [number - 1]
  const spoiled = (text: string) => ({
    reply: writeSaid(said, style, (line) => (line === chosen ? text : null)),
    missing: only,
  })
  switch (kind) {
    case 'omit':
      return { reply: writeSaid(said.toSpliced(at, 1), style), missing: only }
    case 'contradict':
      return {
        reply: writeSaid([...said, { number, pairs: [...rest, [index, (level + 1) % 10]] }], style),
        missing: only,
      }
    case 'out of scale':
      return { reply: writeSaid(withPairs([...rest, [index, 10 + (where % 90)]]), style), missing: only }
    case 'no such token':
      return {
        reply: writeSaid(withPairs([...chosen.pairs, [where % 2 === 0 ? 0 : length + 1, 5]]), style),
        missing: only,
      }
    case 'twice in an answer':
      return {
        reply: writeSaid(withPairs([...rest, [index, level], [index, (level + 1) % 10]]), style),
        missing: only,
      }
    case 'count from 0':
      return {
        reply: writeSaid(
          said.map((one) => ({ ...one, number: one.number - 1 })),
          style,
        ),
        missing: all,
      }
    case 'count from 2':
      return {
        reply: writeSaid(
          said.map((one) => ({ ...one, number: one.number + 1 })),
          style,
        ),
        missing: all,
      }
    case 'fraction':
      return spoiled(`${index}=${level}.5`)
    case 'negative':
      return spoiled(`${index}=-${1 + level}`)
    case 'word':
      return spoiled(`${index}=${level} the`)
    case 'no label': {
      const lines = writeSaid(said, { ...PLAIN, zeros: style.zeros }).split('\n')
      lines[at] = lines[at]!.replace(/^\d+: /, '')
      return { reply: lines.join('\n'), missing: at > 0 ? [number - 1, said[at - 1]!.number - 1] : only }
    }
    default:
      return kind satisfies never
  }
}

/** A damaged reply, and whether it ends at a limit. */
export function damage(
  reply: string,
  { kind, where, junk }: Damage,
): { readonly reply: string; readonly cut: boolean } {
  const characters = Array.from(reply)
  const at = where % Math.max(1, characters.length)
  switch (kind) {
    case 'cut':
      return { reply: characters.slice(0, at).join(''), cut: true }
    case 'delete':
      // Without one of its digits a number is another number.
      if (/\p{N}/u.test(characters[at] ?? '')) return { reply, cut: false }
      return { reply: characters.toSpliced(at, 1).join(''), cut: false }
    case 'junk':
      if (/\p{N}/u.test(characters[at] ?? '')) return { reply, cut: false }
      return { reply: characters.toSpliced(at, 1, junk).join(''), cut: false }
    case 'join': {
      const lines = reply.split('\n')
      const line = where % lines.length
      return {
        reply: [
          ...lines.slice(0, line),
          lines.slice(line, line + 2).join(where % 2 ? '' : ' '),
          ...lines.slice(line + 2),
        ].join('\n'),
        cut: false,
      }
    }
    default:
      return kind satisfies never
  }
}

function saidOf(levels: Levels, { zeros, reverseLines, reversePairs }: Style): Said[] {
  const said = levels.map((example, number): Said => {
    const pairs = example.flatMap((level, index): (readonly [number, number])[] =>
      level > 0 || zeros ? [[index + 1, level]] : [],
    )
    return { number: number + 1, pairs: reversePairs ? pairs.toReversed() : pairs }
  })
  return reverseLines ? said.toReversed() : said
}

function writeSaid(
  said: readonly Said[],
  style: Style,
  instead: (one: Said) => string | null = () => null,
): string {
  const json = style.layout.startsWith('json')
  // Names of members are plain digits, and texts need nothing escaped.
  const { before, after } = json
    ? { before: '', after: '' }
    : { before: BEFORE[style.before]!, after: AFTER[style.after]! }
  const lines = style.repeat && said.length > 0 && !json ? [...said, said[0]!] : said
  if (style.layout === 'json' && said.every((one) => instead(one) === null))
    return `{${lines.map(({ number, pairs }) => `"${number}": {${pairs.map(([i, l]) => `"${i}": ${l}`).join(', ')}}`).join(',\n ')}}`
  const texts = lines.map((one) => instead(one) ?? contentOf(one, style))
  if (json)
    return `{${lines.map(({ number }, i) => `"${number}": ${JSON.stringify(texts[i]!.replaceAll('"', ''))}`).join(', ')}}`
  const written = lines.map(({ number }, i) => {
    const label = LABELS[style.label]!
    return style.layout === 'bullets' && texts[i]!.includes('\n')
      ? `Example ${number}:${texts[i]!}`
      : label(String(number), texts[i]!)
  })
  return before + written.join(style.lineEnd) + after
}

function contentOf({ pairs }: Said, style: Style): string {
  if (pairs.length === 0) return NONES[style.none]!
  const parts = pairs.map(
    ([index, level]) => digits(index, style.indices) + SIGNS[style.sign]! + digits(level, style.levels),
  )
  return style.layout === 'bullets'
    ? parts.map((part) => `\n- ${part}`).join('')
    : parts.join(JOINS[style.join])
}

const ZEROS = { arabic: 0x660, fullwidth: 0xff10, devanagari: 0x966, bengali: 0x9e6 } as const

function digits(value: number, script: Style['indices'] | Style['levels']): string {
  if (script === 'ascii') return String(value)
  if (script === 'float') return `${value}.0`
  return String(value).replace(/\d/g, (digit) =>
    script === 'superscript'
      ? '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!
      : String.fromCharCode(ZEROS[script] + Number(digit)),
  )
}
