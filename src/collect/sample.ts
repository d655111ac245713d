import { type ContextPlan, contextOffset } from '../core/contexts.ts'
import {
  examplesWanted,
  firingWindowsWanted,
  type Protocol,
  type Slice,
  type SliceMix,
  type Use,
} from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import type { Example, FeatureState } from '../core/records.ts'
import type { FeatureFirings } from './firings.ts'
import { DocumentSplit, EXPLAIN_SIDE, SCORE_SIDE } from './split.ts'
import { WindowSet } from './window-set.ts'
import type { WindowIndex } from './windows.ts'

/** What sampling says of one feature. A feature that is `tooRare` keeps no examples. */
export interface FeatureSample {
  readonly feature: number
  readonly state: FeatureState
  /** Whether the strongest token is the same in all of the 20 strongest windows. Null without firing windows. */
  readonly singleToken: boolean | null
  readonly examples: readonly Example[]
}

const SINGLE_TOKEN_WINDOWS = 20

/** How often a uniform draw is tried before the candidates are listed instead. */
const REJECTIONS_BEFORE_LISTING = 200

/**
 * Draws the examples of features, one feature after the other. Everything drawn depends on the seed, the feature
 * and the collection alone.
 */
export class FeatureSampler {
  readonly #windows: WindowIndex
  readonly #plan: ContextPlan
  readonly #documents: number
  readonly #protocol: Protocol
  readonly #seed: number
  readonly #contextOf: Uint32Array
  /** The current feature's activation at every corpus token. */
  readonly #activations: Float32Array

  constructor(windows: WindowIndex, plan: ContextPlan, documents: number, protocol: Protocol, seed: number) {
    this.#windows = windows
    this.#plan = plan
    this.#documents = documents
    this.#protocol = protocol
    this.#seed = seed
    this.#activations = new Float32Array(windows.ids.length)
    this.#contextOf = new Uint32Array(windows.ids.length)
    for (let context = 0; context < plan.documents.length; context++)
      this.#contextOf.fill(context, plan.starts[context], plan.starts[context + 1])
  }

  sample(firings: FeatureFirings): FeatureSample {
    const { feature, tokens, activations } = firings
    if (tokens.length === 0) return { feature, state: 'dead', singleToken: null, examples: [] }
    for (let i = 0; i < tokens.length; i++) this.#activations[tokens[i]!] = activations[i]!
    try {
      return this.#draw(feature, tokens)
    } finally {
      for (const token of tokens) this.#activations[token] = 0
    }
  }

  #draw(feature: number, firingTokens: Uint32Array): FeatureSample {
    const { minimumFiringWindows, minimumScoreExamples, minimumFiringExamples } = this.#protocol
    const distinct = this.#distinctFiringWindows(feature, firingTokens)
    const singleToken = this.#isSingleToken(distinct.tokens)
    const tooRare: FeatureSample = { feature, state: 'tooRare', singleToken, examples: [] }

    const perDocument = new Map<number, number>()
    for (const token of distinct.tokens) {
      const document = this.#windows.documentOf[token]!
      perDocument.set(document, (perDocument.get(document) ?? 0) + 1)
    }
    if (perDocument.size < 2) return tooRare
    const { intervals, explain, score } = this.#protocol
    const wanted = {
      explain: firingWindowsWanted(explain, intervals),
      score: firingWindowsWanted(score, intervals),
    }
    const split = new DocumentSplit(this.#documents, perDocument, wanted, this.#seed, feature)
    const sides = [EXPLAIN_SIDE, SCORE_SIDE].map((side) =>
      distinct.tokens.filter((token) => split.sideOf(this.#windows.documentOf[token]!) === side),
    )
    if (sides.some((side) => side.length < minimumFiringWindows)) return tooRare

    const drawer = new SideDrawer(
      this.#windows,
      this.#activations,
      this.#protocol,
      this.#seed,
      feature,
      split,
      distinct.set,
    )
    const explained = drawer.draw('explain', explain, sides[EXPLAIN_SIDE]!)
    const scored = drawer.draw('score', score, sides[SCORE_SIDE]!)
    const examples = [
      ...explained.map((drawn) => this.#example('explain', drawn, this.#windows.size >> 1)),
      ...scored.map((drawn, index) =>
        this.#example('score', drawn, this.#nominalIndex(feature, index, drawn.token)),
      ),
    ]
    const forScoring = examples.filter((example) => example.use === 'score')
    const firing = forScoring.filter((example) => example.activations.some((activation) => activation > 0))
    if (forScoring.length < minimumScoreExamples || firing.length < minimumFiringExamples) return tooRare
    return { feature, state: 'alive', singleToken, examples }
  }

  /**
   * Firing nominal tokens, equal windows once: the copy with the smallest hash of seed, feature, document and
   * position stays. In ascending order.
   */
  #distinctFiringWindows(
    feature: number,
    firingTokens: Uint32Array,
  ): { tokens: Uint32Array; set: WindowSet } {
    const set = new WindowSet(this.#windows, firingTokens.length)
    const rank = (token: number): number =>
      hash32(this.#seed, feature, this.#windows.documentOf[token]!, this.#positionOf(token))
    for (const token of firingTokens) {
      if (!this.#windows.isNominal(token)) continue
      const held = set.find(token)
      if (held === null || rank(token) < rank(held)) set.put(token)
    }
    const tokens = firingTokens.filter((token) => this.#windows.isNominal(token) && set.find(token) === token)
    return { tokens, set }
  }

  #isSingleToken(distinct: Uint32Array): boolean | null {
    const strongest = strongestFirst(distinct, this.#activations, SINGLE_TOKEN_WINDOWS)
    if (strongest.length === 0) return null
    const half = this.#windows.size >> 1
    const ids = strongest.map((token) => {
      let best = token
      for (let at = token - half; at <= token + half; at++)
        if (this.#activations[at]! > this.#activations[best]!) best = at
      return this.#windows.ids[best]!
    })
    return ids.every((id) => id === ids[0])
  }

  /** Where the nominal token stands in a score window: at an index drawn among those that give a legal window. */
  #nominalIndex(feature: number, index: number, token: number): number {
    const { size } = this.#windows
    if (this.#protocol.centre === 'fixed') return size >> 1
    const legal = Array.from({ length: size }, (_, nominal) => nominal).filter((nominal) =>
      this.#windows.legalFrom(token - nominal),
    )
    return new Random(this.#seed, 'nominal index', feature, index).pick(legal)
  }

  #example(use: Use, { slice, token }: DrawnWindow, nominal: number): Example {
    const first = token - nominal
    const end = first + this.#windows.size
    return {
      use,
      slice,
      document: this.#windows.documentOf[token]!,
      context: this.#contextOf[token]!,
      position: this.#positionOf(token),
      nominal,
      silent: this.#activations[token] === 0,
      tokens: Array.from(this.#windows.ids.subarray(first, end)),
      activations: Array.from(this.#activations.subarray(first, end)),
    }
  }

  #positionOf(token: number): number {
    return token - this.#plan.starts[this.#contextOf[token]!]! + contextOffset(this.#plan)
  }
}

interface DrawnWindow {
  readonly slice: Slice
  readonly token: number
}

/** Draws the slices of one feature, side by side, so that no window is drawn twice or equals another. */
class SideDrawer {
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
function strongestFirst(tokens: Uint32Array, activations: Float32Array, count: number): number[] {
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
