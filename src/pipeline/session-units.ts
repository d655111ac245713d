import { parseTokenTable } from '../autointerp/token-table.ts'
import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { Random } from '../core/random.ts'
import { type Selection, selectFeatures } from '../core/selection.ts'
import type { ExplanationRecord, FeatureSetRecord, Store, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import type { Candidate, PlannedItem, SessionDraw, UnitKind } from '../review/plan-session.ts'
import type { Rubric } from '../review/rubric.ts'
import type { SessionExample, SessionItem, SessionManifest } from '../review/session.ts'
import { vocabularyOf } from './token-texts.ts'

/** What a new session is drawn from. */
export interface SessionRequest {
  readonly name: string
  /** The text of the rubric's file. */
  readonly rubricText: string
  readonly draw: SessionDraw
  readonly protocol: string
  /** The sets that take part. */
  readonly sets: readonly FeatureSetRecord[]
  readonly selection: Selection
}

const KINDS: Readonly<Record<FeatureSetRecord['kind'], UnitKind>> = {
  sae: 'feature',
  neurons: 'neuron',
  random: 'random',
  imported: 'imported',
}
/** Levels that raters see. */
const LEVELS = 9
const LOGITS_SHOWN = 10
const UNSCORED_SHOWN = 3
const INTERVALS = 12

/** The manifest of a session without its items. */
export function manifestHead(
  { name, protocol, draw }: SessionRequest,
  rubric: Rubric,
): Omit<SessionManifest, 'items'> {
  const { seed, ...shares } = draw
  return {
    name,
    rubricHash: rubric.hash,
    protocol,
    seed,
    draw: { ...shares, raters: shares.raters && [...shares.raters] },
  }
}

/** The units of a set that a session can ask about. */
export function candidatesOf(
  store: Store,
  set: FeatureSetRecord,
  view: UnitView,
  { protocol, selection, draw }: SessionRequest,
): Candidate[] {
  const sampled = store.examples.sampledFeatures(set.id, protocol)
  const alive = store.features.all(set.id).filter(({ id, state }) => state === 'alive' && sampled.has(id))
  const selected = new Set(
    selectFeatures(
      selection,
      alive.map(({ id }) => id),
      (feature) => view.explanationOf(feature) !== null,
      draw.seed,
    ),
  )
  return alive
    .filter(({ id }) => selected.has(id))
    .map(({ id, density }) => ({
      kind: KINDS[set.kind],
      setId: set.id,
      feature: id,
      density,
      explained: view.explanationOf(id) !== null,
    }))
}

/** What raters are shown of the units of one set. */
export class UnitView {
  readonly #store: Store
  readonly #set: FeatureSetRecord
  readonly #protocol: string
  readonly #vocabulary: readonly Uint8Array[]
  readonly #explanations: ReadonlyMap<number, ExplanationRecord>

  constructor(store: Store, set: FeatureSetRecord, protocol: string) {
    this.#store = store
    this.#set = set
    this.#protocol = protocol
    this.#vocabulary = vocabularyOf({ store }, set)
    const explainer = store.study.get('explainer')
    const llm = store.study.get('llm') || null
    const all = store.explanations.all(set.id).filter(({ text }) => text !== null)
    const current = all.filter((record) => record.explainer === explainer && record.llm === llm)
    // The last one of a feature counts; the explainer that was last worked with goes before all others.
    this.#explanations = new Map([...all, ...current].map((record) => [record.featureId, record]))
  }

  /** The explanation that is shown of a feature. */
  explanationOf(feature: number): ExplanationRecord | null {
    return this.#explanations.get(feature) ?? null
  }

  /** An item with its explanation, and nothing else of what raters see. */
  bare(item: PlannedItem): SessionItem {
    const explanation = this.explanationOf(item.explanationOf)
    return {
      ...item,
      raters: item.raters && [...item.raters],
      explanationId: explanation?.id ?? null,
      explanation: explanation && this.#readable(explanation.text!),
      groups: [],
      logits: null,
    }
  }

  /** An item with all that raters see of it. */
  freeze(item: PlannedItem, rubric: Rubric, seed: number): SessionItem {
    const record = this.#store.features.get(this.#set.id, item.feature)
    const effects = (pairs: readonly (readonly [number, number])[]): string[] =>
      pairs.slice(0, LOGITS_SHOWN).map(([token]) => this.#text(token))
    return {
      ...this.bare(item),
      groups: this.#groups(item, rubric, seed),
      logits: record?.logits
        ? { top: effects(record.logits.top), bottom: effects(record.logits.bottom) }
        : null,
    }
  }

  #text(token: number): string {
    return textOfBytes(this.#vocabulary[token] ?? new Uint8Array())
  }

  /** A token table as words; other explanations as they are. */
  #readable(text: string): string {
    const table = parseTokenTable(text)
    if (table === null) return text
    return `these tokens, with how strongly: ${table.map(({ token, level }) => `${this.#text(token).trim()} ${level}`).join(', ')}`
  }

  /** Windows that no explanation was made from: the strongest, bands of the range, and others that are not scored. */
  #groups(item: PlannedItem, rubric: Rubric, seed: number): SessionItem['groups'] {
    const all = this.#store.examples.of(this.#set.id, item.feature, this.#protocol)
    const shown = all.filter(({ use }) => use === 'score')
    const max = largestActivation(all)
    const random = new Random(seed, 'session examples', this.#set.id, item.feature)
    const group = (name: string, scored: boolean, slices: readonly StoredExample[], count: number) => ({
      name,
      scored,
      examples: random
        .shuffle([...slices])
        .slice(0, count)
        .toSorted((a, b) => largestActivation([b]) - largestActivation([a]))
        .map((example) => this.#window(example, max)),
    })
    const bands = bandsOf(rubric.intervals - 1)
    return [
      group(
        'top',
        true,
        shown.filter(({ slice }) => slice === 'top'),
        rubric.examples,
      ),
      ...bands.map(([first, last]) =>
        group(
          first === last ? `${first}/${INTERVALS}` : `${first}-${last}/${INTERVALS}`,
          true,
          shown.filter(({ slice }) => isInterval(slice, first, last)),
          rubric.examples,
        ),
      ),
      group(
        'random',
        false,
        shown.filter(({ slice }) => slice === 'random'),
        UNSCORED_SHOWN,
      ),
      group(
        'elsewhere',
        false,
        shown.filter(({ slice }) => slice === 'other'),
        UNSCORED_SHOWN,
      ),
    ].filter(({ examples }) => examples.length > 0)
  }

  /** The texts of a window's tokens. */
  textsOf(tokens: readonly number[]): string[] {
    return textsOfTokens(tokens.map((token) => this.#vocabulary[token] ?? new Uint8Array()))
  }

  #window({ tokens, activations, nominal }: StoredExample, max: number): SessionExample {
    return {
      tokens: this.textsOf(tokens),
      levels: activations.map((activation) => quantize(activation, max, LEVELS)),
      nominal,
    }
  }
}

/** The twelve intervals in so many bands of nearly equal size, the strongest first. */
function bandsOf(count: number): (readonly [first: number, last: number])[] {
  return Array.from({ length: count }, (_, band): readonly [number, number] => [
    Math.round((band * INTERVALS) / count) + 1,
    Math.round(((band + 1) * INTERVALS) / count),
  ]).toReversed()
}

function isInterval(slice: string, first: number, last: number): boolean {
  const match = /^interval (\d+)$/.exec(slice)
  return match !== null && Number(match[1]) >= first && Number(match[1]) <= last
}
