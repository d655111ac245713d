import {
  examplesWanted,
  type Slice,
  type SliceMix,
  type SlicesProtocol,
  type Use,
  usesOf,
} from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import { type DistinctFiringWindows, type FiringWindows, strongestFirst } from './firing-windows.ts'
import { activationAt, type FeatureFirings } from './firings.ts'
import { LOOKS, type StratumCounts, spreadOverIntervals } from './looks.ts'
import { drawOrdinals, pickUsable } from './pick.ts'
import type { DocumentSplit } from './split.ts'
import { WindowSet } from './window-set.ts'
import type { WindowIndex } from './windows.ts'

/** A window as drawn: its slice and its nominal token. */
export interface DrawnWindow {
  readonly slice: Slice
  readonly token: number
}

/** Draws the slices of one feature, side by side, so that no window is drawn twice or equals another. */
export class SideDrawer {
  readonly #windows: WindowIndex
  readonly #firings: FeatureFirings
  readonly #protocol: SlicesProtocol
  readonly #seed: number
  readonly #split: DocumentSplit
  readonly #distinct: DistinctFiringWindows
  readonly #drawn: WindowSet
  /** Places of each side's firing windows that were drawn. */
  readonly #taken = new Map<Use, Set<number>>()
  /** Vocabulary entries of the explain side's top windows, strongest first. */
  #topEntries: readonly number[] = []

  /** @param split has a side for each use, in their order @param distinct holds the feature's distinct firing windows */
  constructor(
    windows: WindowIndex,
    firings: FeatureFirings,
    protocol: SlicesProtocol,
    seed: number,
    split: DocumentSplit,
    distinct: DistinctFiringWindows,
  ) {
    this.#windows = windows
    this.#firings = firings
    this.#protocol = protocol
    this.#seed = seed
    this.#split = split
    this.#distinct = distinct
    const wanted = usesOf(protocol).map((use) => examplesWanted(protocol[use]!, protocol.intervals))
    this.#drawn = new WindowSet(
      windows,
      wanted.reduce((sum, count) => sum + count, LOOKS.at(-1)!),
    )
  }

  /** Draws the examples of one use. The explain side comes first: it decides which tokens `other` is about. */
  draw(use: Use, mix: SliceMix, firing: FiringWindows): DrawnWindow[] {
    const { intervals } = this.#protocol
    const perInterval = Array.from({ length: intervals }, () => mix.perInterval)
    const top = strongestFirst(firing, mix.top)
    this.#taken.set(use, new Set(top))
    if (use === 'explain')
      this.#topEntries = [...new Set(top.map((place) => this.#windows.ids[firing.tokens[place]!]!))]
    return this.#drawSlices([use], use, top, { ...mix, perInterval }, firing)
  }

  /** Draws more of a use that was drawn before: the next strongest as `top`, and fresh ones of every other slice. */
  drawMore(use: Use, counts: StratumCounts, firing: FiringWindows, round: number): DrawnWindow[] {
    const { intervals } = this.#protocol
    const taken = this.#taken.get(use)!
    // Firing windows may have been drawn as random or other ones.
    for (let place = 0; place < firing.tokens.length; place++)
      if (this.#drawn.find(firing.tokens[place]!) !== null) taken.add(place)
    const top = strongestFirst(firing, counts.top + taken.size)
      .filter((place) => !taken.has(place))
      .slice(0, counts.top)
    for (const place of top) taken.add(place)
    const spread = new Random(this.#seed, 'more intervals', this.#firings.feature, use, round)
    const perInterval = spreadOverIntervals(counts.interval, intervals, spread)
    return this.#drawSlices([use, round], use, top, { ...counts, perInterval }, firing)
  }

  #drawSlices(
    stream: readonly (number | string)[],
    use: Use,
    top: readonly number[],
    mix: { perInterval: readonly number[]; random: number; other: number },
    firing: FiringWindows,
  ): DrawnWindow[] {
    const side = usesOf(this.#protocol).indexOf(use)
    const intervals = this.#drawIntervals(stream, mix.perInterval, firing, this.#taken.get(use)!)
    for (const place of [...top, ...intervals.flat()]) this.#drawn.add(firing.tokens[place]!, 0)
    return [
      ...top.map((place) => ({ slice: 'top' as const, token: firing.tokens[place]! })),
      ...intervals.flatMap((places, index) =>
        places.map((place) => ({ slice: `interval ${index + 1}` as const, token: firing.tokens[place]! })),
      ),
      ...this.#drawRandom(stream, mix.random, side),
      ...this.#drawOther(stream, mix.other, side),
    ]
  }

  /**
   * Places of windows for each interval: first for all intervals those whose activation lies in it, then, where there
   * are too few, the nearest to its middle. What is drawn is added to `taken`.
   */
  #drawIntervals(
    stream: readonly (number | string)[],
    perInterval: readonly number[],
    firing: FiringWindows,
    taken: Set<number>,
  ): number[][] {
    const { intervals } = this.#protocol
    const max = firing.activations.reduce((largest, activation) => Math.max(largest, activation), 0)
    const chosen = this.#drawNative(stream, perInterval, firing, max, taken)
    for (const place of chosen.flat()) taken.add(place)
    for (const [index, places] of chosen.entries()) {
      const target = ((index + 0.5) / intervals) * max
      while (places.length < perInterval[index]!) {
        const nearest = this.#nearest(firing, target, taken)
        if (nearest === null) break
        places.push(nearest)
        taken.add(nearest)
      }
    }
    return chosen
  }

  /** For each interval, windows drawn uniformly among the untaken ones whose activation lies in it. */
  #drawNative(
    stream: readonly (number | string)[],
    perInterval: readonly number[],
    { activations }: FiringWindows,
    max: number,
    taken: ReadonlySet<number>,
  ): number[][] {
    const { intervals } = this.#protocol
    const scale = intervals / max
    const counts = new Uint32Array(intervals)
    for (let place = 0; place < activations.length; place++)
      counts[intervalOf(activations[place]!, scale, intervals)]!++
    for (const place of taken) counts[intervalOf(activations[place]!, scale, intervals)]!--
    // Which of an interval's candidates, counted in ascending order, are drawn.
    const ordinals = Array.from(counts, (count, interval) =>
      drawOrdinals(
        new Random(this.#seed, 'interval', this.#firings.feature, ...stream, interval),
        count,
        perInterval[interval]!,
      ),
    )
    const chosen = ordinals.map((): number[] => [])
    const seen = new Uint32Array(intervals)
    for (let place = 0; place < activations.length; place++) {
      const interval = intervalOf(activations[place]!, scale, intervals)
      if (chosen[interval]!.length === ordinals[interval]!.length || taken.has(place)) continue
      if (ordinals[interval]!.includes(seen[interval]!++)) chosen[interval]!.push(place)
    }
    return chosen
  }

  /** The untaken window whose activation is nearest to a target; ties by hash. */
  #nearest(
    { tokens, activations }: FiringWindows,
    target: number,
    taken: ReadonlySet<number>,
  ): number | null {
    const rank = (place: number): number => hash32(this.#seed, this.#firings.feature, tokens[place]!)
    let nearest: number | null = null
    let distance = Number.POSITIVE_INFINITY
    for (let place = 0; place < activations.length; place++) {
      const away = Math.abs(activations[place]! - target)
      if (away > distance || taken.has(place)) continue
      if (away < distance || rank(place) < rank(nearest!)) {
        nearest = place
        distance = away
      }
    }
    return nearest
  }

  #drawRandom(stream: readonly (number | string)[], count: number, side: number): DrawnWindow[] {
    const random = new Random(this.#seed, 'random', this.#firings.feature, ...stream)
    const drawn: DrawnWindow[] = []
    while (drawn.length < count) {
      const token = this.#drawUniformly(random, this.#windows.nominalTokens, side, () => true)
      if (token === null) break
      drawn.push({ slice: 'random', token })
    }
    return drawn
  }

  /** Round robin over the top entries: first occurrences on which the feature is silent, then any. */
  #drawOther(stream: readonly (number | string)[], count: number, side: number): DrawnWindow[] {
    const random = new Random(this.#seed, 'other', this.#firings.feature, ...stream)
    const { entryStarts, byEntry } = this.#windows
    const drawn: DrawnWindow[] = []
    for (const accept of this.#otherPasses()) {
      let entries = this.#topEntries
      while (entries.length > 0 && drawn.length < count) {
        const remaining: number[] = []
        for (const entry of entries) {
          if (drawn.length === count) break
          const occurrences = byEntry.subarray(entryStarts[entry], entryStarts[entry + 1])
          const token = this.#drawUniformly(random, occurrences, side, accept)
          if (token === null) continue
          drawn.push({ slice: 'other', token })
          remaining.push(entry)
        }
        entries = remaining
      }
    }
    return drawn
  }

  #otherPasses(): ((token: number) => boolean)[] {
    if (this.#protocol.other === 'any') return [() => true]
    return [
      (token) => activationAt(this.#firings, token) === 0,
      (token) => activationAt(this.#firings, token) > 0,
    ]
  }

  /**
   * Takes one of the acceptable candidates on a side, uniformly among those that equal no window of the feature; null
   * if there is none.
   */
  #drawUniformly(
    random: Random,
    candidates: Uint32Array,
    side: number,
    accept: (token: number) => boolean,
  ): number | null {
    const usable = (token: number): boolean =>
      this.#split.sideOf(this.#windows.documentOf[token]!) === side && accept(token) && this.#isFresh(token)
    const token = pickUsable(random, candidates, usable)
    if (token !== null) this.#drawn.add(token, 0)
    return token
  }

  /** Whether a window may still be drawn: no equal one was, and it is not a copy of a distinct firing window. */
  #isFresh(token: number): boolean {
    const standing = this.#distinct.standsFor(token)
    return (standing === null || standing === token) && this.#drawn.find(token) === null
  }
}

/** The interval, from 0, of an activation: (k − 1, k] twelfths of the maximum for interval k. */
function intervalOf(activation: number, scale: number, intervals: number): number {
  return Math.min(intervals, Math.ceil(activation * scale)) - 1
}
