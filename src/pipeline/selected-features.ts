import { type Selection, selectFeatures } from '../core/selection.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'

/** The features of a set that a selection means. */
export function selectedFeatures(
  store: Pick<Store, 'exports'>,
  {
    set,
    selection,
    seed,
  }: { readonly set: FeatureSetRecord; readonly selection: Selection; readonly seed: number },
): Set<number> {
  const { all, explained } = store.exports.featureNumbers(set.id)
  return new Set(selectFeatures(selection, all, (id) => explained.has(id), seed))
}
