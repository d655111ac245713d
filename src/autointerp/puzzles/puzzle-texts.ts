import type { Random } from '../../core/random.ts'
import type { Concept } from './concepts.ts'
import type { Variant } from './rules-of-words.ts'
import { BACKGROUND, KINDS } from './vocabulary.ts'

/** A window of a puzzle: the texts of its tokens and the planted feature's levels there, 0–9. */
export interface PuzzleWindow {
  readonly tokens: readonly string[]
  readonly levels: readonly number[]
}

const WINDOW = 9

/**
 * Nine tokens of a text around one, which stands at a drawn place among those where what decides about each token is in
 * the window; null where there is none.
 */
export function cut(
  tokens: readonly string[],
  levels: readonly number[],
  index: number,
  truth: Concept,
  random: Random,
): PuzzleWindow | null {
  const windows = Array.from({ length: WINDOW }, (_, place) => index - place)
    .filter((start) => start >= 0 && start + WINDOW <= tokens.length)
    .map((start) => ({
      tokens: tokens.slice(start, start + WINDOW),
      levels: levels.slice(start, start + WINDOW),
    }))
    .filter((window) => window.levels.every((level, place) => truth.level(window.tokens, place) === level))
  return windows.length === 0 ? null : random.pick(windows)
}

/** A text of sentences on which a rule's feature fires, of those that tempt, and of plain ones. */
export function writeDocument({ firing, silent }: Variant, random: Random): string {
  const sentences = [
    random.pick(firing),
    random.pick(silent),
    random.pick(random.below(2) === 0 ? firing : silent),
    random.pick(BACKGROUND),
    random.pick(BACKGROUND),
  ]
  const written = random.shuffle(sentences).map((sentence) => writeSentence(sentence, random))
  return `${random.pick(['Well', 'So', 'Then', 'Now'])} ${written.join(' ')} ${random.pick(['End', 'So', 'Yes'])}`
}

const KIND_NAMES = new Set<string>(Object.keys(KINDS))

function writeSentence(sentence: string, random: Random): string {
  const bound = new Map<string, string>()
  return sentence
    .replace(/\{([a-z]+)(#\d)?\}/g, (whole, kind: string, name: string | undefined) => {
      if (name !== undefined && bound.has(whole)) return bound.get(whole)!
      const word = writeSlot(kind, random)
      bound.set(whole, word)
      return word
    })
    .replace('{{', '{')
}

function writeSlot(kind: string, random: Random): string {
  if (kind === 'digit') return String(random.below(10))
  if (kind === 'day') return String(1 + random.below(28))
  if (kind === 'number') return String(1 + random.below(10 ** (1 + random.below(3))))
  return KIND_NAMES.has(kind) ? random.pick(KINDS[kind as keyof typeof KINDS]) : `{${kind}}`
}
