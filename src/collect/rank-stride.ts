import { type ContextPlan, contextOffset } from '../core/contexts.ts'
import { type RankStrideProtocol, type Slice, type Use, usesOf } from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import type { Example } from '../core/records.ts'
import type { BlockIndex } from './blocks.ts'
import { activationAt, type FeatureFirings } from './firings.ts'
import { pickUsable } from './pick.ts'
import { type FeatureSample, isEnough, SINGLE_TOKEN_WINDOWS } from './sample.ts'

/** Which ranks, modulo {@link STRIDE}, are whose: as in Bills et al., whose fourth share is for a test of its own. */
const RANKS: Readonly<Record<Use, number>> = { explain: 0, choose: 1, score: 2 }
const STRIDE = 4

/** A document's strongest block. */
interface Ranked {
  readonly document: number
  readonly block: number
  /** The corpus token with the block's largest activation, the first of equals. */
  readonly nominal: number
  readonly activation: number
}

/**
 * Draws examples as Bills et al. (2023) do: of each document at most one block. Documents are ranked by the largest
 * activation of their strongest block (ties by hash of seed, feature and document); a block that equals a
 * stronger one, digits folded, leaves the ranking. Ranks 0, 4, 8 … are explained from, 2, 6, 10 … scored, and 1, 5,
 * 9 … serve to choose. Random blocks come from documents that none of these is of.
 */
export class RankStrideSampler {
  readonly #blocks: BlockIndex
  readonly #plan: ContextPlan
  readonly #protocol: RankStrideProtocol
  readonly #seed: number
  readonly #everyBlock: Uint32Array

  constructor(blocks: BlockIndex, plan: ContextPlan, protocol: RankStrideProtocol, seed: number) {
    this.#blocks = blocks
    this.#plan = plan
    this.#protocol = protocol
    this.#seed = seed
    this.#everyBlock = Uint32Array.from(blocks.starts.keys())
  }

  /** The sample of one feature. */
  sample(firings: FeatureFirings): FeatureSample {
    const { feature } = firings
    if (firings.tokens.length === 0) return { feature, state: 'dead', singleToken: null, examples: [] }
    const ranked = this.#rank(firings)
    const strongest = ranked.slice(0, SINGLE_TOKEN_WINDOWS).map(({ nominal }) => this.#blocks.ids[nominal]!)
    const singleToken = strongest.length === 0 ? null : strongest.every((id) => id === strongest[0])
    const examples = this.#examples(firings, ranked)
    return examples
      ? { feature, state: 'alive', singleToken, examples }
      : { feature, state: 'tooRare', singleToken, examples: [] }
  }

  #examples(firings: FeatureFirings, ranked: readonly Ranked[]): Example[] | null {
    const protocol = this.#protocol
    const uses = usesOf(protocol)
    const sides = uses.map((use) => ranked.filter((_, rank) => rank % STRIDE === RANKS[use]))
    if (sides.some(({ length }) => length < protocol.minimumFiringWindows)) return null
    const tops = uses.map((use, side) => sides[side]!.slice(0, protocol[use]!.top))
    const documents = new Set(tops.flat().map(({ document }) => document))
    const shown = new Set(tops.flat().map(({ block }) => this.#blocks.firstEqual[block]!))
    const examples = uses.flatMap((use, side) => [
      ...tops[side]!.map(({ block, nominal }) => this.#example(use, 'top', block, nominal, firings)),
      ...this.#drawRandom(use, firings, documents, shown),
    ])
    return isEnough(protocol, examples) ? examples : null
  }

  /** Every document that fires, the strongest first. */
  #rank({ feature, tokens, activations }: FeatureFirings): Ranked[] {
    const best: Ranked[] = []
    for (let place = 0; place < tokens.length; place++) {
      const nominal = tokens[place]!
      const activation = activations[place]!
      const block = this.#blocks.blockOf(nominal)
      if (block === null) continue
      const document = this.#blocks.documents[block]!
      const last = best.at(-1)
      if (last?.document === document) {
        if (activation > last.activation) best[best.length - 1] = { document, block, nominal, activation }
      } else best.push({ document, block, nominal, activation })
    }
    const hash = ({ document }: Ranked): number => hash32(this.#seed, feature, document)
    const shown = new Set<number>()
    return best
      .toSorted((a, b) => b.activation - a.activation || hash(a) - hash(b) || a.document - b.document)
      .filter(({ block }) => {
        const first = this.#blocks.firstEqual[block]!
        return shown.has(first) ? false : shown.add(first)
      })
  }

  /** Blocks of documents that are not drawn from yet, each with a drawn nominal token. */
  #drawRandom(use: Use, firings: FeatureFirings, documents: Set<number>, shown: Set<number>): Example[] {
    const random = new Random(this.#seed, 'random blocks', firings.feature, use)
    const drawn: Example[] = []
    while (drawn.length < this.#protocol[use]!.random) {
      const block = pickUsable(
        random,
        this.#everyBlock,
        (candidate) =>
          !documents.has(this.#blocks.documents[candidate]!) &&
          !shown.has(this.#blocks.firstEqual[candidate]!),
      )
      if (block === null) break
      documents.add(this.#blocks.documents[block]!)
      shown.add(this.#blocks.firstEqual[block]!)
      const nominal = this.#blocks.starts[block]! + random.below(this.#blocks.size)
      drawn.push(this.#example(use, 'random', block, nominal, firings))
    }
    return drawn
  }

  #example(use: Use, slice: Slice, block: number, nominal: number, firings: FeatureFirings): Example {
    const { size, ids } = this.#blocks
    const start = this.#blocks.starts[block]!
    const context = this.#blocks.contexts[block]!
    const tokens = Array.from({ length: size }, (_, index) => start + index)
    const activations = tokens.map((token) => activationAt(firings, token))
    return {
      use,
      slice,
      document: this.#blocks.documents[block]!,
      context,
      position: nominal - this.#plan.starts[context]! + contextOffset(this.#plan),
      nominal: nominal - start,
      silent: activations[nominal - start] === 0,
      tokens: tokens.map((token) => ids[token]!),
      activations,
    }
  }
}
