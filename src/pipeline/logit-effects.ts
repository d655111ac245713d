import { LOGITS_NEEDED } from '../autointerp/questions.ts'
import { logitExtremes } from '../collect/logit-extremes.ts'
import type { Dictionary } from '../core/dictionary.ts'
import type { LogitEffects } from '../core/store.ts'
import type { SubjectModel } from '../core/subject-model.ts'

/** Tokens that are kept of those that a feature makes more likely: as many as are asked about. */
const LIKELIER = LOGITS_NEEDED
/** … and of those that it makes less likely. */
const LESS_LIKELY = 20
/** Directions that are unembedded at once. */
const DIRECTIONS_PER_BATCH = 256

/**
 * The tokens that features make more and less likely along the direct path; null where the hook has none.
 *
 * @param features whose effects are wanted
 */
export async function logitEffects(
  model: SubjectModel,
  dictionary: Dictionary,
  hook: string,
  features: readonly number[],
): Promise<LogitEffects[] | null> {
  const { columns, data } = dictionary.decoder
  const all: LogitEffects[] = []
  for (let first = 0; first < features.length; first += DIRECTIONS_PER_BATCH) {
    const batch = features.slice(first, first + DIRECTIONS_PER_BATCH)
    const directions = { rows: batch.length, columns, data: new Float32Array(batch.length * columns) }
    for (const [row, feature] of batch.entries())
      directions.data.set(data.subarray(feature * columns, (feature + 1) * columns), row * columns)
    const effects = await model.logitEffects(hook, directions)
    if (effects === null) return null
    for (let row = 0; row < batch.length; row++)
      all.push(
        logitExtremes(
          effects.data.subarray(row * effects.columns, (row + 1) * effects.columns),
          LIKELIER,
          LESS_LIKELY,
        ),
      )
  }
  return all
}
