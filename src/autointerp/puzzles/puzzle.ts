import type { Slice } from '../../core/protocol.ts'
import { Random } from '../../core/random.ts'
import { spearman } from '../correlation.ts'
import { type Concept, tokensOf } from './concepts.ts'
import { cut, type PuzzleWindow, writeDocument } from './puzzle-texts.ts'
import { RULES_OF_CONTEXTS } from './rules-of-contexts.ts'
import { RULES_OF_MARKS } from './rules-of-marks.ts'
import { type Rule, RULES_OF_WORDS, type Variant } from './rules-of-words.ts'

/** One example of a puzzle. */
export interface PuzzleExample extends PuzzleWindow {
  readonly slice: Slice
}

/** How plausible a description is. Of the false ones `near` is hardest to tell from the truth. */
export const PLAUSIBILITIES = ['true', 'near', 'sibling', 'topic', 'unrelated'] as const
/** One of {@link PLAUSIBILITIES}. */
export type Plausibility = (typeof PLAUSIBILITIES)[number]

/** A planted feature with one true and four false explanations. */
export interface Puzzle {
  /** The rule's name and the variant's number. */
  readonly name: string
  readonly rule: string
  readonly explanations: Readonly<Record<Plausibility, Concept>>
  readonly examples: readonly PuzzleExample[]
}

const RULES: readonly Rule[] = [...RULES_OF_WORDS, ...RULES_OF_CONTEXTS, ...RULES_OF_MARKS]
/** Windows of a puzzle, as many as the protocol `monosemanticity` scores on. */
export const PUZZLE_EXAMPLES = 60
/** Shares of the slices there: 6 top ones, 24 of intervals, 10 random ones, the rest other ones. */
const MIX = { top: 1 / 10, interval: 4 / 10, random: 1 / 6 } as const
const MOST_DOCUMENTS = 2000
/** An explanation is unrelated where its own perfect simulation reaches no more than this. */
const UNRELATED = 0.15

/**
 * All puzzles: every variant of every rule, with windows written by a grammar. The same seed gives the same puzzles.
 *
 * @param count windows of a puzzle
 */
export function makePuzzles(seed: number, count: number = PUZZLE_EXAMPLES): Puzzle[] {
  return RULES.flatMap((rule) =>
    rule.variants.map((variant, number): Puzzle => {
      const name = nameOf(rule, number)
      const random = new Random(seed, 'puzzle', name)
      const examples = drawExamples(variant, count, random)
      const { truth, near, sibling, topic } = variant
      const unrelated = drawUnrelated(rule, examples, random)
      return {
        name,
        rule: rule.name,
        explanations: { true: truth, near, sibling, topic, unrelated },
        examples,
      }
    }),
  )
}

/** The variant of a rule that a puzzle is made of. */
export function variantOf({ name }: Pick<Puzzle, 'name'>): Variant {
  return RULES.flatMap((rule) => rule.variants.filter((_, number) => nameOf(rule, number) === name))[0]!
}

function nameOf(rule: Rule, number: number): string {
  return `${rule.name} ${number + 1}`
}

/** What a concept's perfect simulation of a puzzle's windows is: it sees no more than they hold. */
export function simulateConcept({ level }: Concept, { examples }: Pick<Puzzle, 'examples'>): number[][] {
  return examples.map(({ tokens }) => tokens.map((_, index) => level(tokens, index)))
}

/** Spearman's correlation of predicted levels and the planted feature; 0 where the prediction is constant. */
export function scorePuzzle(
  { examples }: Pick<Puzzle, 'examples'>,
  predicted: readonly (readonly number[])[],
): number {
  return (
    spearman(
      examples.flatMap(({ levels }) => levels),
      predicted.flat().map(Math.round),
    ) ?? 0
  )
}

function drawExamples(variant: Variant, count: number, random: Random): PuzzleExample[] {
  const most = {
    top: Math.round(MIX.top * count),
    interval: Math.round(MIX.interval * count),
    random: Math.round(MIX.random * count),
  }
  const { truth, near, sibling, topic } = variant
  const firing: PuzzleExample[] = []
  const tempting: PuzzleExample[] = []
  const any: PuzzleExample[] = []
  const wanted = most.top + most.interval
  const others = count - wanted - most.random
  const seen = new Set<string>()
  for (let document = 0; document < MOST_DOCUMENTS; document++) {
    if (firing.length === wanted && tempting.length === others && any.length === most.random) break
    const tokens = tokensOf(writeDocument(variant, random))
    const levels = tokens.map((_, index) => truth.level(tokens, index))
    // At most one window of a document.
    const take = (
      into: PuzzleExample[],
      enough: number,
      slice: Slice,
      test: (index: number) => boolean,
    ): void => {
      const places = [...tokens.keys()].filter((index) => index > 0 && test(index))
      if (places.length === 0 || into.length >= enough) return
      const window = cut(tokens, levels, random.pick(places), truth, random)
      const key = window?.tokens.join('|') ?? ''
      if (window === null || seen.has(key)) return
      seen.add(key)
      into.push({ slice, ...window })
    }
    const kind = document % 3
    if (kind === 0) take(firing, wanted, 'top', (index) => levels[index]! > 0)
    else if (kind === 1) {
      const tempts = (concept: Concept) => (index: number) =>
        levels[index] === 0 && concept.level(tokens, index) > 0
      const tempter = [near, sibling, topic].find((concept) =>
        tokens.some((_, index) => index > 0 && tempts(concept)(index)),
      )
      if (tempter) take(tempting, others, 'other', tempts(tempter))
    } else take(any, most.random, 'random', () => true)
  }
  const strongest = firing.toSorted((a, b) => Math.max(...b.levels) - Math.max(...a.levels))
  return [
    ...strongest.map((one, place) =>
      place < most.top ? one : { ...one, slice: `interval ${1 + ((place - most.top) >> 1)}` as const },
    ),
    ...any,
    ...tempting,
  ]
}

function drawUnrelated(rule: Rule, examples: readonly PuzzleExample[], random: Random): Concept {
  const others = random.shuffle(
    RULES.filter((other) => other !== rule).flatMap((other) => other.variants.map(({ truth }) => truth)),
  )
  return others.find(
    (concept) => scorePuzzle({ examples }, simulateConcept(concept, { examples })) <= UNRELATED,
  )!
}
