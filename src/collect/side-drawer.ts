import { examplesWanted, type Protocol, type Slice, type SliceMix, type Use } from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import { type DocumentSplit, EXPLAIN_SIDE, SCORE_SIDE } from './split.ts'
import { WindowSet } from './window-set.ts'
import type { WindowIndex } from './windows.ts'

/** How often a uniform draw is tried before the candidates are listed instead. */
const REJECTIONS_BEFORE_LISTING = 200

/** A window as drawn: its slice and its nominal token. */
export interface DrawnWindow {
  readonly slice: Slice
  readonly token: number
}

/** Draws the slices of one feature, side by side, so that no window is drawn twice or equals another. */
export class SideDrawer {
  readonly #windows: WindowIndex
  readonly #activations: Float32Array
  readonly #protocol: Protocol
  readonly #seed: number
  readonly #feature: number
  readonly #split: DocumentSplit
  readonly #distinctFiring: WindowSet
  readonly #drawn: WindowSet
  /** Vocabulary entries of the explain side's top windows, strongest first. */
  #topEntries: readonly number[] = []

  constructor(
    windows: WindowIndex,
    activations: Float32Array,
    protocol: Protocol,
    seed: number,
    feature: number,
    split: DocumentSplit,
    distinctFiring: WindowSet,
  ) {
    this.#windows = windows
    this.#activations = activations
    this.#protocol = protocol
    this.#seed = seed
    this.#feature = feature
    this.#split = split
    this.#distinctFiring = distinctFiring
    const { explain, score, intervals } = protocol
    this.#drawn = new WindowSet(
      windows,
      examplesWanted(explain, intervals) + examplesWanted(score, intervals),
    )
  }

  /** @param firing the side's distinct firing windows, ascending */
  draw(use: Use, mix: SliceMix, firing: Uint32Array): DrawnWindow[] {
    const side = use === 'explain' ? EXPLAIN_SIDE : SCORE_SIDE
    const top = strongestFirst(firing, this.#activations, mix.top)
    for (const token of top) this.#drawn.put(token)
    if (use === 'explain') this.#topEntries = [...new Set(top.map((token) => this.#windows.ids[token]!))]
    return [
      ...top.map((token) => ({ slice: 'top' as const, token })),
      ...this.#drawIntervals(use, mix.perInterval, firing),
      ...this.#drawRandom(use, mix.random, side),
      ...this.#drawOther(use, mix.other, side),
    ]
  }

  #drawIntervals(use: Use, perInterval: number, firing: Uint32Array): DrawnWindow[] {
    const { intervals } = this.#protocol
    const max = firing.reduce((largest, token) => Math.max(largest, this.#activations[token]!), 0)
    const native = Array.from({ length: intervals }, (): number[] => [])
    for (const token of firing)
      if (!this.#isDrawn(token))
        native[Math.ceil((this.#activations[token]! / max) * intervals) - 1]!.push(token)

    const chosen = native.map((candidates, index) => {
      const random = new Random(this.#seed, 'interval', this.#feature, use, index)
      const picked: number[] = []
      while (picked.length < perInterval && candidates.length > 0) {
        const place = random.below(candidates.length)
        picked.push(candidates[place]!)
        candidates[place] = candidates.at(-1)!
        candidates.pop()
      }
      for (const token of picked) this.#drawn.put(token)
      return picked
    })
    for (const [index, picked] of chosen.entries()) {
      const target = ((index + 0.5) / intervals) * max
      while (picked.length < perInterval) {
        const nearest = this.#nearestUndrawn(firing, target)
        if (nearest === null) break
        picked.push(nearest)
        this.#drawn.put(nearest)
      }
    }
    return chosen.flatMap((picked, index) =>
      picked.map((token) => ({ slice: `interval ${index + 1}` as const, token })),
    )
  }

  #nearestUndrawn(firing: Uint32Array, target: number): number | null {
    let nearest: number | null = null
    let distance = Number.POSITIVE_INFINITY
    for (const token of firing) {
      const away = Math.abs(this.#activations[token]! - target)
      if (away > distance || this.#isDrawn(token)) continue
      if (away < distance || this.#rank(token) < this.#rank(nearest!)) {
        nearest = token
        distance = away
      }
    }
    return nearest
  }

  #drawRandom(use: Use, count: number, side: number): DrawnWindow[] {
    const random = new Random(this.#seed, 'random', this.#feature, use)
    const drawn: DrawnWindow[] = []
    while (drawn.length < count) {
      const token = this.#drawUniformly(random, this.#windows.nominalTokens, (candidate) =>
        this.#isOn(side, candidate),
      )
      if (token === null) break
      drawn.push({ slice: 'random', token })
      this.#drawn.put(token)
    }
    return drawn
  }

  /** Round robin over the top entries: first occurrences on which the feature is silent, then any. */
  #drawOther(use: Use, count: number, side: number): DrawnWindow[] {
    const random = new Random(this.#seed, 'other', this.#feature, use)
    const drawn: DrawnWindow[] = []
    const accepts =
      this.#protocol.other === 'any'
        ? [() => true]
        : [
            (token: number) => this.#activations[token] === 0,
            (token: number) => this.#activations[token]! > 0,
          ]
    for (const accept of accepts) {
      let entries = this.#topEntries
      while (entries.length > 0 && drawn.length < count) {
        const remaining: number[] = []
        for (const entry of entries) {
          if (drawn.length === count) break
          const { entryStarts, byEntry } = this.#windows
          const occurrences = byEntry.subarray(entryStarts[entry], entryStarts[entry + 1])
          const token = this.#drawUniformly(
            random,
            occurrences,
            (candidate) => this.#isOn(side, candidate) && accept(candidate),
          )
          if (token === null) continue
          drawn.push({ slice: 'other', token })
          this.#drawn.put(token)
          remaining.push(entry)
        }
        entries = remaining
      }
    }
    return drawn
  }

  /** One of the acceptable candidates that equals no window of the feature, uniformly; null if there is none. */
  #drawUniformly(random: Random, candidates: Uint32Array, accept: (token: number) => boolean): number | null {
    if (candidates.length === 0) return null
    const usable = (token: number): boolean => accept(token) && this.#isFresh(token)
    for (let attempt = 0; attempt < REJECTIONS_BEFORE_LISTING; attempt++) {
      const token = candidates[random.below(candidates.length)]!
      if (usable(token)) return token
    }
    const listed = candidates.filter(usable)
    return listed.length > 0 ? listed[random.below(listed.length)]! : null
  }

  /** Whether a window may still be drawn: no equal one was, and it is not a copy of a distinct firing window. */
  #isFresh(token: number): boolean {
    const standing = this.#distinctFiring.find(token)
    return (standing === null || standing === token) && this.#drawn.find(token) === null
  }

  #isOn(side: number, token: number): boolean {
    return this.#split.sideOf(this.#windows.documentOf[token]!) === side
  }

  #isDrawn(token: number): boolean {
    return this.#drawn.find(token) === token
  }

  #rank(token: number): number {
    return hash32(this.#seed, this.#feature, token)
  }
}

/** The `count` tokens with the largest activations, in descending order; ties by position. */
export function strongestFirst(tokens: Uint32Array, activations: Float32Array, count: number): number[] {
  const best: number[] = []
  for (const token of tokens) {
    const activation = activations[token]!
    if (best.length === count && !(activation > activations[best.at(-1)!]!)) continue
    let place = best.length
    while (place > 0 && activations[best[place - 1]!]! < activation) place--
    best.splice(place, 0, token)
    if (best.length > count) best.pop()
  }
  return best
}
