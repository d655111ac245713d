import { type ContextPlan, contextOffset } from '../core/contexts.ts'
import {
  examplesWanted,
  firingWindowsWanted,
  type Slice,
  type SlicesProtocol,
  usesOf,
} from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import type { Example } from '../core/records.ts'
import { countByDocument, DistinctFiringWindows, type FiringWindows, windowsIn } from './firing-windows.ts'
import { activationAt, type FeatureFirings } from './firings.ts'
import { drawNominalIndex } from './nominal-index.ts'
import { Smallest } from './smallest.ts'
import { DocumentSplit } from './split.ts'
import { WindowSet } from './window-set.ts'
import type { WindowIndex } from './windows.ts'

/** Examples that scorers need beside those of a protocol, by feature: part of what decides a score. */
export const CONTRAST = { firing: 70, negative: 50, draws: 1 } as const

/** How often a uniform draw is tried before the candidates are listed instead. */
const REJECTIONS_BEFORE_LISTING = 2000

/** What was drawn for a feature. */
export interface ContrastSample {
  readonly feature: number
  readonly examples: readonly Example[]
  /** Share of all windows in which the feature fires on a token. */
  readonly firingShare: number
}

/**
 * Draws what tells right from wrong: more firing windows, evenly over the intervals of the protocol, and windows on
 * which the feature is silent from end to end. All come from documents of the feature's score side, and none equals
 * another window of the feature.
 */
export class ContrastSampler {
  readonly #windows: WindowIndex
  readonly #plan: ContextPlan
  readonly #documents: number
  readonly #protocol: SlicesProtocol
  readonly #seed: number
  readonly #distinct: DistinctFiringWindows
  readonly #contextOf: Uint32Array

  /** @param documents number of documents in the corpus */
  constructor(
    windows: WindowIndex,
    plan: ContextPlan,
    documents: number,
    protocol: SlicesProtocol,
    seed: number,
  ) {
    this.#windows = windows
    this.#plan = plan
    this.#documents = documents
    this.#protocol = protocol
    this.#seed = seed
    this.#distinct = new DistinctFiringWindows(windows)
    this.#contextOf = contextsByToken(plan, windows.ids.length)
  }

  /**
   * @param firings with the windows' hashes as labels
   * @param sampled the feature's examples of the protocol, of all uses
   * @param candidates nominal tokens that negatives are drawn from; all of the corpus where there are none
   */
  sample(
    firings: FeatureFirings,
    sampled: readonly Example[],
    candidates: Uint32Array | null = null,
  ): ContrastSample {
    const { feature } = firings
    const { documentOf } = this.#windows
    const distinct = this.#distinct.of(firings, (token) =>
      hash32(this.#seed, feature, documentOf[token]!, this.#positionOf(token)),
    )
    const onScoreSide = this.#scoreSide(feature, distinct, sampled)
    const used = new WindowSet(this.#windows, sampled.length + CONTRAST.firing + CONTRAST.negative)
    const shown = new Set<string>()
    for (const example of sampled) {
      const token = this.#nominalToken(example)
      used.add(token, 0)
      shown.add(this.#windows.keyFrom(token - example.nominal))
    }
    const firing =
      candidates === null ? this.#drawFiring(feature, windowsIn(distinct, onScoreSide), used, shown) : []
    const negative = this.#drawNegative(firings, candidates, onScoreSide, used, shown)
    return {
      feature,
      examples: [...firing, ...negative].map((drawn) => this.#example(drawn, firings)),
      firingShare: this.#firingShare(firings),
    }
  }

  /** Documents of the score side, but for any that holds an example of another use. */
  #scoreSide(
    feature: number,
    distinct: FiringWindows,
    sampled: readonly Example[],
  ): (document: number) => boolean {
    const uses = usesOf(this.#protocol)
    const wanted = uses.map((use) => firingWindowsWanted(this.#protocol[use]!, this.#protocol.intervals))
    const split = new DocumentSplit(this.#documents, countByDocument(distinct), wanted, this.#seed, feature)
    const taken = new Set(sampled.filter(({ use }) => use !== 'score').map(({ document }) => document))
    return (document) => split.sideOf(document) === uses.indexOf('score') && !taken.has(document)
  }

  /** Round robin over the intervals, in an order drawn within each, as long as any has a window left. */
  #drawFiring(feature: number, side: FiringWindows, used: WindowSet, shown: Set<string>): DrawnContrast[] {
    const { intervals } = this.#protocol
    const max = side.activations.reduce((largest, activation) => Math.max(largest, activation), 0)
    // Enough to go on where what was drawn for the protocol is met again.
    const kept = CONTRAST.firing + examplesWanted(this.#protocol.score, intervals)
    const byInterval = Array.from({ length: intervals }, () => new Smallest(kept))
    for (let place = 0; place < side.tokens.length; place++) {
      const interval = Math.min(intervals, Math.ceil((side.activations[place]! * intervals) / max))
      const token = side.tokens[place]!
      byInterval[interval - 1]!.offer(token, hash32(this.#seed, feature, token, CONTRAST.draws))
    }
    const waiting = byInterval.map(({ items }) => items)
    const drawn: DrawnContrast[] = []
    while (drawn.length < CONTRAST.firing && waiting.some(({ length }) => length > 0))
      for (const [index, tokens] of waiting.entries()) {
        if (drawn.length === CONTRAST.firing) break
        while (tokens.length > 0) {
          const token = tokens.shift()!
          if (used.find(token) !== null) continue
          const nominal = this.#nominalIndex('contrast', feature, token, shown)
          if (nominal === null) continue
          used.add(token, 0)
          shown.add(this.#windows.keyFrom(token - nominal))
          drawn.push({ slice: `interval ${index + 1}`, token, nominal })
          break
        }
      }
    return drawn
  }

  #drawNegative(
    firings: FeatureFirings,
    candidates: Uint32Array | null,
    onScoreSide: (document: number) => boolean,
    used: WindowSet,
    shown: Set<string>,
  ): DrawnContrast[] {
    const { feature } = firings
    const random = new Random(this.#seed, 'negative', feature, candidates === null ? 0 : 1)
    const drawn: DrawnContrast[] = []
    const take = (token: number): boolean => {
      if (!onScoreSide(this.#windows.documentOf[token]!) || this.#windows.hashes[token] === 0) return false
      const nominal = this.#nominalIndex('negative index', feature, token, shown)
      if (nominal === null || !this.#isSilent(firings, token - nominal)) return false
      // A repeat of a window on which it fires elsewhere would be right and wrong at once.
      if (this.#distinct.standsFor(token) !== null || used.add(token, 0) !== null) return false
      shown.add(this.#windows.keyFrom(token - nominal))
      drawn.push({ slice: 'negative', token, nominal })
      return true
    }
    const pool = candidates ?? this.#windows.nominalTokens
    if (candidates === null)
      for (
        let attempt = 0;
        attempt < REJECTIONS_BEFORE_LISTING && drawn.length < CONTRAST.negative;
        attempt++
      )
        take(pool[random.below(pool.length)]!)
    if (drawn.length < CONTRAST.negative)
      for (const token of random.shuffle(pool.slice())) {
        if (drawn.length === CONTRAST.negative) break
        take(token)
      }
    return drawn
  }

  #isSilent(firings: FeatureFirings, first: number): boolean {
    for (let token = first; token < first + this.#windows.size; token++)
      if (activationAt(firings, token) > 0) return false
    return true
  }

  /** Windows that hold a firing token, over all windows: each firing token reaches half a window to both sides. */
  #firingShare({ tokens }: FeatureFirings): number {
    const { hashes, nominalTokens, size } = this.#windows
    const half = size >> 1
    let reached = 0
    let next = 0
    for (const token of tokens) {
      const context = this.#contextOf[token]!
      const end = Math.min(this.#plan.starts[context + 1]!, token + half + 1)
      next = Math.max(next, token - half, this.#plan.starts[context]!)
      for (; next < end; next++) if (hashes[next] !== 0) reached++
    }
    return nominalTokens.length === 0 ? 0 : reached / nominalTokens.length
  }

  #nominalIndex(stream: string, feature: number, token: number, shown: ReadonlySet<string>): number | null {
    if (this.#protocol.centre === 'fixed') return this.#windows.size >> 1
    return drawNominalIndex(this.#windows, token, shown, new Random(this.#seed, stream, feature, token))
  }

  #example({ slice, token, nominal }: DrawnContrast, firings: FeatureFirings): Example {
    const tokens = Array.from({ length: this.#windows.size }, (_, index) => token - nominal + index)
    const activations = tokens.map((each) => activationAt(firings, each))
    return {
      use: 'score',
      slice,
      document: this.#windows.documentOf[token]!,
      context: this.#contextOf[token]!,
      position: this.#positionOf(token),
      nominal,
      silent: activations[nominal] === 0,
      tokens: tokens.map((each) => this.#windows.ids[each]!),
      activations,
    }
  }

  #positionOf(token: number): number {
    return token - this.#plan.starts[this.#contextOf[token]!]! + contextOffset(this.#plan)
  }

  #nominalToken({ context, position }: Example): number {
    return this.#plan.starts[context]! + position - contextOffset(this.#plan)
  }
}

interface DrawnContrast {
  readonly slice: Slice
  readonly token: number
  readonly nominal: number
}

/** The context of every corpus token. */
export function contextsByToken(plan: ContextPlan, tokens: number): Uint32Array {
  const contextOf = new Uint32Array(tokens)
  for (let context = 0; context < plan.documents.length; context++)
    contextOf.fill(context, plan.starts[context], plan.starts[context + 1])
  return contextOf
}
