import { Random } from '../../core/random.ts'
import { tokensOf } from './concepts.ts'
import { type Puzzle, variantOf } from './puzzle.ts'
import { cut, type PuzzleWindow, writeDocument } from './puzzle-texts.ts'

/** Windows of a puzzle that questions are made of. */
export interface QuestionWindows {
  /** Drawn for their firing, the puzzle's own first. */
  readonly firing: readonly PuzzleWindow[]
  /** No token of them fires; false descriptions fire in two thirds of them, as far as there are such windows. */
  readonly silent: readonly PuzzleWindow[]
}

/** As many as the scorers ask about where features are not planted. */
const FIRING = 100
const TEMPTING = 34
const SILENT = 50
const MOST_DOCUMENTS = 4000

/** Writes further texts for a puzzle. No window is twice among these and the puzzle's examples. */
export function questionWindows(puzzle: Puzzle, seed: number): QuestionWindows {
  const variant = variantOf(puzzle)
  const { truth, near, sibling, topic } = variant
  const random = new Random(seed, 'puzzle questions', puzzle.name)
  const firing: PuzzleWindow[] = puzzle.examples.filter(
    ({ slice, levels }) => (slice === 'top' || slice.startsWith('interval')) && levels.some((one) => one > 0),
  )
  const tempting: PuzzleWindow[] = []
  const plain: PuzzleWindow[] = []
  const seen = new Set(puzzle.examples.map(({ tokens }) => tokens.join('|')))
  const take = (
    into: PuzzleWindow[],
    most: number,
    tokens: readonly string[],
    places: number[],
    fires: boolean,
  ) => {
    if (into.length >= most || places.length === 0) return
    const levels = tokens.map((_, index) => truth.level(tokens, index))
    const window = cut(tokens, levels, random.pick(places), truth, random)
    const key = window?.tokens.join('|') ?? ''
    if (window === null || seen.has(key) || window.levels.some((level) => level > 0) !== fires) return
    seen.add(key)
    into.push(window)
  }
  for (let document = 0; document < MOST_DOCUMENTS; document++) {
    if (firing.length >= FIRING && tempting.length >= TEMPTING && plain.length >= SILENT) break
    const tokens = tokensOf(writeDocument(variant, random))
    const inside = [...tokens.keys()].slice(1)
    const kind = document % 3
    if (kind === 0)
      take(
        firing,
        FIRING,
        tokens,
        inside.filter((index) => truth.level(tokens, index) > 0),
        true,
      )
    else if (kind === 1) {
      const tempts = inside.filter(
        (index) =>
          truth.level(tokens, index) === 0 &&
          [near, sibling, topic].some((concept) => concept.level(tokens, index) > 0),
      )
      take(tempting, TEMPTING, tokens, tempts, false)
    } else take(plain, SILENT, tokens, inside, false)
  }
  return { firing, silent: [...tempting, ...plain.slice(0, SILENT - tempting.length)] }
}
