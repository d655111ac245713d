import { type ContextPlan, contextOffset } from '../core/contexts.ts'
import { firingWindowsWanted, type Protocol, type Use } from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import type { Example, FeatureState } from '../core/records.ts'
import type { FeatureFirings } from './firings.ts'
import { type DrawnWindow, SideDrawer, strongestFirst } from './side-drawer.ts'
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
