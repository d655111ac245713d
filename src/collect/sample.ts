import { type ContextPlan, contextOffset } from '../core/contexts.ts'
import {
  examplesWanted,
  firingWindowsWanted,
  type Protocol,
  type SlicesProtocol,
  type Use,
  usesOf,
} from '../core/protocol.ts'
import { hash32, Random } from '../core/random.ts'
import type { Example, FeatureState } from '../core/records.ts'
import {
  countByDocument,
  DistinctFiringWindows,
  type FiringWindows,
  strongestFirst,
  windowsIn,
} from './firing-windows.ts'
import { activationAt, type FeatureFirings } from './firings.ts'
import { LOOKS, mixAt, mixBetween } from './looks.ts'
import { drawNominalIndex } from './nominal-index.ts'
import { type DrawnWindow, SideDrawer } from './side-drawer.ts'
import { DocumentSplit } from './split.ts'
import type { WindowIndex } from './windows.ts'

/** What sampling says of one feature. A feature that is `tooRare` keeps no examples. */
export interface FeatureSample {
  readonly feature: number
  readonly state: FeatureState
  /** Whether the strongest token is the same in all of the 20 strongest windows. Null without firing windows. */
  readonly singleToken: boolean | null
  readonly examples: readonly Example[]
}

/** The single-token flag is about this many of a feature's strongest windows. */
export const SINGLE_TOKEN_WINDOWS = 20

/** Whether the score examples suffice for the protocol. */
export function isEnough(
  { minimumScoreExamples, minimumFiringExamples }: Protocol,
  examples: readonly Example[],
): boolean {
  const forScoring = examples.filter(({ use }) => use === 'score')
  const firing = forScoring.filter(({ activations }) => activations.some((activation) => activation > 0))
  return forScoring.length >= minimumScoreExamples && firing.length >= minimumFiringExamples
}

/**
 * Draws the examples of features, one feature after the other. Everything drawn depends on the seed, the feature
 * and the collection alone.
 */
export class FeatureSampler {
  readonly #windows: WindowIndex
  readonly #plan: ContextPlan
  readonly #documents: number
  readonly #protocol: SlicesProtocol
  readonly #seed: number
  readonly #contextOf: Uint32Array
  readonly #distinct: DistinctFiringWindows

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
    this.#contextOf = new Uint32Array(windows.ids.length)
    for (let context = 0; context < plan.documents.length; context++)
      this.#contextOf.fill(context, plan.starts[context], plan.starts[context + 1])
  }

  /** The sample of one feature. */
  sample(firings: FeatureFirings): FeatureSample {
    const { feature } = firings
    if (firings.tokens.length === 0) return { feature, state: 'dead', singleToken: null, examples: [] }
    const distinct = this.#distinctOf(firings)
    const singleToken = this.#isSingleToken(firings, distinct)
    const examples = this.#draw(firings, distinct)?.examples
    return examples && isEnough(this.#protocol, examples)
      ? { feature, state: 'alive', singleToken, examples }
      : { feature, state: 'tooRare', singleToken, examples: [] }
  }

  /**
   * Examples to score beyond the protocol's own, in the order in which looks add them: drawn after all others, from
   * the score side, so that they too share no document and no window with another use.
   */
  sampleMore(firings: FeatureFirings): Example[] {
    const { score, intervals } = this.#protocol
    const drawn = this.#draw(firings, this.#distinctOf(firings))
    if (!drawn) return []
    const own = examplesWanted(score, intervals)
    let before = mixAt(score, intervals, own)
    const more = LOOKS.filter((look) => look > own).flatMap((look, round) => {
      const upTo = mixAt(score, intervals, look)
      const windows = drawn.drawer.drawMore('score', mixBetween(before, upTo), drawn.scoreSide, round)
      before = upTo
      return windows
    })
    return more.flatMap((window, index) => this.#place('score', 'more', index, window, drawn.shown, firings))
  }

  #distinctOf(firings: FeatureFirings): FiringWindows {
    const { documentOf } = this.#windows
    return this.#distinct.of(firings, (token) =>
      hash32(this.#seed, firings.feature, documentOf[token]!, this.#positionOf(token)),
    )
  }

  /** The examples of all uses and what drew them, or null where the feature is too rare for the protocol. */
  #draw(
    firings: FeatureFirings,
    distinct: FiringWindows,
  ): { examples: Example[]; drawer: SideDrawer; scoreSide: FiringWindows; shown: Set<string> } | null {
    const { feature } = firings
    const protocol = this.#protocol
    const uses = usesOf(protocol)
    const documents = countByDocument(distinct)
    if (documents.length < uses.length) return null
    const wanted = uses.map((use) => firingWindowsWanted(protocol[use]!, protocol.intervals))
    const split = new DocumentSplit(this.#documents, documents, wanted, this.#seed, feature)
    const sides = uses.map((_, side) => windowsIn(distinct, (document) => split.sideOf(document) === side))
    if (sides.some(({ tokens }) => tokens.length < protocol.minimumFiringWindows)) return null

    const drawer = new SideDrawer(this.#windows, firings, protocol, this.#seed, split, this.#distinct)
    const shown = new Set<string>()
    const examples = uses.flatMap((use, side) =>
      drawer
        .draw(use, protocol[use]!, sides[side]!)
        .flatMap((drawn, index) => this.#place(use, use, index, drawn, shown, firings)),
    )
    return { examples, drawer, scoreSide: sides[uses.indexOf('score')]!, shown }
  }

  #isSingleToken(firings: FeatureFirings, distinct: FiringWindows): boolean | null {
    const half = this.#windows.size >> 1
    const strongest = strongestFirst(distinct, SINGLE_TOKEN_WINDOWS).map((place) => {
      const nominal = distinct.tokens[place]!
      let best = nominal
      let largest = distinct.activations[place]!
      for (let token = nominal - half; token <= nominal + half; token++) {
        const activation = activationAt(firings, token)
        if (activation > largest) {
          best = token
          largest = activation
        }
      }
      return this.#windows.ids[best]!
    })
    return strongest.length === 0 ? null : strongest.every((id) => id === strongest[0])
  }

  /**
   * A drawn window as an example, or none. Its nominal token stands in the middle where it is explained from, else where
   * {@link drawNominalIndex} puts it.
   *
   * @param shown texts of the feature's examples, to which this one's is added
   */
  #place(
    use: Use,
    round: Use | 'more',
    index: number,
    drawn: DrawnWindow,
    shown: Set<string>,
    firings: FeatureFirings,
  ): Example[] {
    const { feature } = firings
    const stream = round === 'score' ? [feature, index] : [feature, index, round]
    const nominal =
      use === 'explain' || this.#protocol.centre === 'fixed'
        ? this.#windows.size >> 1
        : drawNominalIndex(
            this.#windows,
            drawn.token,
            shown,
            new Random(this.#seed, 'nominal index', ...stream),
          )
    if (nominal === null) return []
    shown.add(this.#windows.keyFrom(drawn.token - nominal))
    return [this.#example(use, drawn, nominal, firings)]
  }

  #example(use: Use, { slice, token }: DrawnWindow, nominal: number, firings: FeatureFirings): Example {
    const first = token - nominal
    const tokens = Array.from({ length: this.#windows.size }, (_, index) => first + index)
    const activations = tokens.map((each) => activationAt(firings, each))
    return {
      use,
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
}
