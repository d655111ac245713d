import type { OwnRow } from '../import/own-tables.ts'
import { contentId } from '../core/hash.ts'
import { importedName, isImported } from '../core/imported.ts'
import type { Example } from '../core/records.ts'
import { CONTROLS } from '../core/scores.ts'
import type { ControlRecord, FeatureRecord, LogitEffects, ScoreRecord } from '../core/store.ts'

/** A feature's record from a row of our own table. */
export function featureOfRow(row: OwnRow<'features'>): FeatureRecord {
  const pairs = (tokens: readonly number[], effects: readonly number[]): LogitEffects['top'] =>
    tokens.slice(0, effects.length).map((token, place) => [token, effects[place]!])
  return {
    id: row.feature,
    density: row.density,
    max: row.max,
    firings: row.firings,
    state: row.state,
    tokenShare: row.token_share,
    singleToken: row.single_token,
    histogram: row.histogram,
    logits:
      row.top_token_ids && row.bottom_token_ids
        ? {
            top: pairs(row.top_token_ids, row.top_effects ?? []),
            bottom: pairs(row.bottom_token_ids, row.bottom_effects ?? []),
          }
        : null,
  }
}

/** An example from a row. @param document its number here */
export function exampleOfRow(row: OwnRow<'examples'>, document: number): Example {
  const { use, slice, context, position, nominal, silent, token_ids: tokens, activations } = row
  return { use, slice, document, context, position, nominal, silent, tokens, activations }
}

/**
 * A score that was made elsewhere, under the marked name of its protocol, and with an id that no score made here can have.
 * A score that an earlier import marked keeps its id.
 */
export function scoreOfRow(
  row: OwnRow<'scores'>,
  explanationId: string,
  provenanceId: string,
): { readonly score: ScoreRecord; readonly controls: ControlRecord[] } {
  const id = isImported(row.protocol)
    ? row.score_id
    : contentId({ explanation: explanationId, imported: row.score_id })
  const { scorer, tier, value, low, high, n, undefined: reason, flag, ceiling, coverage } = row
  const score: ScoreRecord = {
    id,
    explanationId,
    scorer,
    protocol: importedName(row.protocol),
    tier,
    value,
    low,
    high,
    n,
    undefined: reason,
    flag,
    ceiling,
    digitMass: row.digit_mass,
    coverage,
    failedCalls: row.failed_calls,
    failedControlCalls: row.failed_control_calls,
    unreadableCalls: row.unreadable_calls,
    provenanceId,
  }
  const columns = row as Readonly<Record<string, unknown>>
  const number = (column: string): number | null => (columns[column] as number | null | undefined) ?? null
  const controls = CONTROLS.map((name): ControlRecord => ({
    scoreId: id,
    name,
    value: number(`control_${name}`),
    gain: number(`gain_${name}`),
    gainLow: number(`gain_${name}_low`),
    gainHigh: number(`gain_${name}_high`),
    p: number(`p_${name}`),
    partner: null,
  }))
  // A control without any value says no more than one that was not asked for.
  return { score, controls: controls.filter((control) => control.value !== null || control.gain !== null) }
}
