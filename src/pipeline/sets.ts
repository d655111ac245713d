import { median } from '../autointerp/summary.ts'
import { UsageError } from '../core/errors.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { featureRows } from './feature-rows.ts'

/** What a feature set is: its stored kind, with autoencoders on shuffled weights apart. */
export type SetKindName = FeatureSetRecord['kind'] | 'shuffled'

/** The kind of a feature set. */
export function kindOf({ kind, shuffledSeed }: FeatureSetRecord): SetKindName {
  return kind === 'sae' && shuffledSeed !== null ? 'shuffled' : kind
}

/**
 * A set by its id, the beginning of its id, or its kind where that names one set alone.
 * @throws {UsageError} `set-unknown`, `set-ambiguous`
 */
export function findSet(store: Store, name: string): FeatureSetRecord {
  const sets = store.featureSets.all()
  const exact = sets.find(({ id }) => id === name)
  if (exact) return exact
  const found = sets.filter((set) => kindOf(set) === name || (name !== '' && set.id.startsWith(name)))
  if (found.length === 1) return found[0]!
  const listed = (records: readonly FeatureSetRecord[]): string => records.map(({ id }) => id).join(', ')
  if (found.length > 1)
    throw new UsageError(
      'set-ambiguous',
      `expected the name of one feature set, found ${JSON.stringify(name)}, which could be ${listed(found)}; give more of its id`,
    )
  throw new UsageError(
    'set-unknown',
    sets.length === 0
      ? `expected a feature set for ${JSON.stringify(name)}, found none in this study; run gloss run (or gloss train) first`
      : `expected a feature set of this study, found ${JSON.stringify(name)}; it has ${listed(sets)}; make another with gloss run --kind neurons, random or shuffled`,
  )
}

/** One of a study's feature sets. */
export interface SetSummary {
  readonly set: string
  readonly kind: SetKindName
  readonly hook: string
  readonly features: number
  /** Whether it is the one that was last worked with. */
  readonly current: boolean
  readonly scored: number
  /** Of the scores with the explainer, protocol and tier last worked with. */
  readonly median: number | null
}

/** The feature sets of a study, in the order of their ids. */
export function listSets(store: Store): SetSummary[] {
  const current = store.study.get('set')
  return store.featureSets.all().map((set) => {
    const values = featureRows(store, set).flatMap(({ score }) => score?.value ?? [])
    return {
      set: set.id,
      kind: kindOf(set),
      hook: set.hook,
      features: set.features,
      current: set.id === current,
      scored: values.length,
      median: median(values),
    }
  })
}
