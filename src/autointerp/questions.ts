import type { Random } from '../core/random.ts'
import type { Example } from '../core/records.ts'
import type { TablePredictor } from './baseline-table.ts'
import type { QuestionWindow } from './question-prompt.ts'

/** A window in a question: its tokens and the indices of those that are highlighted. */
export interface ShownWindow {
  readonly tokens: readonly number[]
  readonly highlighted: readonly number[]
}

/** A question about an explanation, with its right answer, an index into the prompt's options. */
export interface Question {
  readonly windows: readonly ShownWindow[]
  readonly answer: number
  /** The class that it stands for: a name in the coverage of a score. */
  readonly group: string
}

/** The answers to questions with a yes. */
export const NO = 0
/** The other one. */
export const YES = 1

/** The answers by name, in the order of {@link NO} and {@link YES}. */
export const NO_YES = ['no', 'yes'] as const

/** Windows of an intruder question. */
export const INTRUDER_WINDOWS = 5

/** Windows of each class that detection asks about. */
export const DETECTION_WINDOWS = 50

type Windowed = Pick<Example, 'tokens' | 'activations'>

/** The indices at which a window fires. */
export function firingIndices({ activations }: Pick<Example, 'activations'>): number[] {
  return activations.flatMap((activation, index) => (activation > 0 ? [index] : []))
}

/** Does the feature fire in the window? As many firing windows as silent ones, as far as they go. */
export function detectionQuestions(
  firing: readonly Windowed[],
  silent: readonly Windowed[],
  each: number,
  random: Random,
): Question[] {
  const shown = ({ tokens }: Windowed): ShownWindow[] => [{ tokens, highlighted: [] }]
  const count = Math.min(each, firing.length, silent.length)
  return random.shuffle([
    ...random
      .shuffle([...firing])
      .slice(0, count)
      .map((window) => ({ windows: shown(window), answer: YES, group: 'firing' })),
    ...random
      .shuffle([...silent])
      .slice(0, count)
      .map((window) => ({ windows: shown(window), answer: NO, group: 'silent' })),
  ])
}

/**
 * Are the highlighted tokens those on which the feature fires? Firing windows are paired so that neither fires where
 * the other does; a coin decides which of a pair shows its own firing tokens, and the other shows the same indices.
 * Both classes then have exactly the same patterns.
 */
export function fuzzingQuestions(firing: readonly Windowed[], random: Random): Question[] {
  const shown = random
    .shuffle([...firing])
    .map((window) => ({ tokens: window.tokens, indices: firingIndices(window) }))
  const questions = pairApart(shown).flatMap((pair): Question[] => {
    const [own, other] = random.below(2) === 0 ? pair : [pair[1], pair[0]]
    return [
      { windows: [{ tokens: own.tokens, highlighted: own.indices }], answer: YES, group: 'true' },
      { windows: [{ tokens: other.tokens, highlighted: own.indices }], answer: NO, group: 'false' },
    ]
  })
  return random.shuffle(questions)
}

/** Pairs of windows that fire on no common index: nearly as many as there can be, each window in one at most. */
function pairApart<W extends { readonly indices: readonly number[] }>(windows: readonly W[]): [W, W][] {
  const fit = (a: W, b: W): boolean => !a.indices.some((index) => b.indices.includes(index))
  const pairs: [W, W][] = []
  const single: W[] = []
  // Windows that fire often have the fewest partners, so they choose first and take each other.
  const waiting = windows.toSorted((a, b) => b.indices.length - a.indices.length)
  while (waiting.length > 0) {
    const first = waiting.shift()!
    const at = waiting.findIndex((other) => fit(first, other))
    if (at < 0) single.push(first)
    else pairs.push([first, ...(waiting.splice(at, 1) as [W])])
  }
  // Two that are left over can share out a pair between them.
  while (single.length > 1) {
    const [first, second] = single.splice(0, 2) as [W, W]
    const at = pairs.findIndex(
      ([a, b]) => (fit(first, a) && fit(second, b)) || (fit(first, b) && fit(second, a)),
    )
    if (at < 0) {
      single.unshift(second)
      continue
    }
    const [[a, b]] = pairs.splice(at, 1) as [[W, W]]
    if (fit(first, a) && fit(second, b)) pairs.push([first, a], [second, b])
    else pairs.push([first, b], [second, a])
  }
  return pairs
}

/**
 * Which window does not fit? Four firing ones with their firing tokens highlighted, and a silent one that shows the
 * pattern of a firing window of another question. No window comes twice.
 */
export function intruderQuestions(
  firing: readonly Windowed[],
  silent: readonly Windowed[],
  random: Random,
): Question[] {
  const fitting = INTRUDER_WINDOWS - 1
  const windows = random.shuffle([...firing])
  const intruders = random.shuffle([...silent])
  const count = Math.min(intruders.length, Math.floor(windows.length / fitting))
  // One question has no other to take a pattern from.
  if (count < 2) return []
  const ofQuestion = (question: number): readonly Windowed[] =>
    windows.slice(question * fitting, (question + 1) * fitting)
  return Array.from({ length: count }, (_, question) => {
    const pattern = firingIndices(random.pick(ofQuestion((question + 1) % count)))
    const answer = random.below(INTRUDER_WINDOWS)
    const shown = ofQuestion(question).map((window): ShownWindow => ({
      tokens: window.tokens,
      highlighted: firingIndices(window),
    }))
    shown.splice(answer, 0, { tokens: intruders[question]!.tokens, highlighted: pattern })
    return { windows: shown, answer, group: 'question' }
  })
}

/** Ranks, from 0, of the positive logits that are asked about: the 11th to the 60th. */
const LOGIT_RANKS = { from: 10, to: 60 }
/** Positive logits that have to be known. */
export const LOGITS_NEEDED = LOGIT_RANKS.to

/**
 * Could the token plausibly come next? The 11th to 60th most positive logits against as many tokens drawn from outside
 * the list.
 *
 * @param list token ids of the most positive logits, strongest first
 * @param vocabulary token ids that may be drawn
 */
export function logitQuestions(
  list: readonly number[],
  vocabulary: readonly number[],
  random: Random,
): Question[] {
  const asked = list.slice(LOGIT_RANKS.from, LOGIT_RANKS.to)
  const listed = new Set(list)
  const outside = vocabulary.filter((token) => !listed.has(token))
  const count = Math.min(asked.length, outside.length)
  const shown = (token: number): ShownWindow[] => [{ tokens: [token], highlighted: [0] }]
  return random.shuffle([
    ...asked.slice(0, count).map((token) => ({ windows: shown(token), answer: YES, group: 'listed' })),
    ...random
      .shuffle(outside)
      .slice(0, count)
      .map((token) => ({ windows: shown(token), answer: NO, group: 'drawn' })),
  ])
}

/** Token texts and highlights, as prompts show them. */
export function renderable(
  { windows }: Question,
  textsOf: (tokens: readonly number[]) => readonly string[],
): QuestionWindow[] {
  return windows.map(({ tokens, highlighted }) =>
    textsOf(tokens).map((text, index): [string, boolean] => [text, highlighted.includes(index)]),
  )
}

/**
 * The answer of a baseline's table, which reads no text: yes where it predicts that one of the highlighted tokens (or
 * any, where none is) fires; the intruder is the window whose highlighted tokens have the smallest levels.
 */
export function tableAnswer(predict: TablePredictor, { windows }: Question): number {
  const strongest = windows.map(({ tokens, highlighted }) => {
    const levels = predict(tokens)
    return Math.max(...(highlighted.length > 0 ? highlighted.map((index) => levels[index]!) : levels))
  })
  if (windows.length > 1) return strongest.indexOf(Math.min(...strongest))
  return strongest[0]! > 0 ? YES : NO
}
