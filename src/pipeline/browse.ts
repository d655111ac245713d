import { parseTokenTable } from '../autointerp/token-table.ts'
import type { BrowseChoice, BrowseRow } from '../core/ratings.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { foldEvents } from '../review/fold.ts'
import { counted, measuresOf, sessionRatings } from '../review/session-ratings.ts'
import { TABLE_EXPLAINER } from './explain-plan.ts'
import { readEvent } from './rating-desk.ts'
import { openRatingSession } from './rating-session.ts'
import { vocabularyOf } from './token-texts.ts'

/** What people said of a feature, over all sessions. */
export interface RatedFeature {
  readonly raters: number
  /** The widest gap between two raters of one item, as a share of the scale; null with one rater. */
  readonly disagreement: number | null
}

/** Features that are read in one piece: some milliseconds of work. */
const PIECE = 1024

/**
 * All features of a set for a list that people move about in. Numbers are there at once; texts, tokens and ratings
 * come in pieces, so that no key has to wait for them.
 */
export class FeatureBrowser {
  readonly rows: readonly BrowseRow[]
  /** By feature: what the list shows of its explanation. */
  readonly explanations = new Map<number, string>()
  /** By feature: the tokens of its strongest windows. */
  readonly topTokens = new Map<number, readonly string[]>()
  readonly ratings = new Map<number, RatedFeature>()
  readonly #store: Store
  readonly #choice: BrowseChoice
  readonly #vocabulary: readonly Uint8Array[]

  constructor(store: Store, set: FeatureSetRecord, protocol: string) {
    this.#store = store
    this.#choice = {
      setId: set.id,
      explainer: store.study.get('explainer') ?? TABLE_EXPLAINER,
      llm: store.study.get('llm') || null,
      protocol,
      scoring: store.study.get('scoring') ?? protocol,
      tier: store.study.get('tier'),
    }
    this.rows = store.browse.rows(this.#choice)
    this.#vocabulary = vocabularyOf({ store }, set)
  }

  /** Reads what is missing, piece by piece; the iteration has to be driven. */
  *load(): Generator<undefined> {
    const features = this.rows.at(-1)?.feature ?? -1
    for (let first = 0; first <= features; first += PIECE) {
      for (const [feature, text] of this.#store.browse.explanations(this.#choice, first, PIECE))
        this.explanations.set(feature, this.#readable(text))
      yield
    }
    yield* this.#loadRatings()
    // The tokens come last: they are read from the examples, of which there are many.
    for (let first = 0; first <= features; first += PIECE >> 2) {
      for (const [feature, tokens] of this.#store.browse.topTokens(this.#choice, first, PIECE >> 2))
        this.topTokens.set(
          feature,
          tokens.map((token) => this.#text(token)),
        )
      yield
    }
  }

  *#loadRatings(): Generator<undefined> {
    for (const name of this.#store.ratings.sessionNames()) {
      const session = openRatingSession(this.#store, name)
      if (!session) continue
      const { manifest, rubric } = session
      const headline =
        measuresOf(rubric).find((measure) => measure.name === rubric.totals[0]?.name) ??
        measuresOf(rubric)[0]!
      const most = rubric.totals[0]?.most ?? 1
      const raters = new Map<number, Set<string>>()
      const ranges = new Map<string, { feature: number; low: number; high: number; raters: number }>()
      for (const rater of this.#store.ratings.raters(name)) {
        const fold = foldEvents(this.#store.ratings.events(name, rater).map(readEvent))
        const ratings = counted(sessionRatings(manifest, rubric, new Map([[rater, fold]])).of(headline))
        for (const { item, part, value } of ratings) {
          if (item.setId !== this.#choice.setId) continue
          raters.set(item.feature, (raters.get(item.feature) ?? new Set()).add(rater))
          const unit = `${item.code}@${part ?? ''}`
          const range = ranges.get(unit)
          ranges.set(unit, {
            feature: item.feature,
            low: Math.min(value, range?.low ?? value),
            high: Math.max(value, range?.high ?? value),
            raters: (range?.raters ?? 0) + 1,
          })
        }
        yield
      }
      for (const [feature, who] of raters) {
        const known = this.ratings.get(feature)
        this.ratings.set(feature, {
          raters: (known?.raters ?? 0) + who.size,
          disagreement: known?.disagreement ?? null,
        })
      }
      for (const { feature, low, high, raters: count } of ranges.values()) {
        // Of answers to a scorer's many questions the widest gap says nothing.
        if (count < 2 || rubric.task !== undefined) continue
        const known = this.ratings.get(feature)!
        this.ratings.set(feature, {
          ...known,
          disagreement: Math.max(known.disagreement ?? 0, (high - low) / most),
        })
      }
    }
  }

  #text(token: number): string {
    return textOfBytes(this.#vocabulary[token] ?? new Uint8Array())
  }

  #readable(text: string): string {
    const table = parseTokenTable(text)
    return table === null
      ? text
      : `baseline: ${table.map(({ token, level }) => `${this.#text(token).trim()} ${level}`).join(', ')}`
  }
}
