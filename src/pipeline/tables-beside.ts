import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Selection } from '../core/selection.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { exportTables } from './export-tables.ts'

/** The folder of our own tables in an export that has a layout of its own. */
export const TABLES_FOLDER = 'gloss'

/** Which features of a set an export is about, and what is said of it. */
export interface SetExport {
  readonly set: FeatureSetRecord
  readonly selection: Selection
  readonly seed: number
  readonly version: string
}

/** Removes the manifest of the tables: until they are written again they are not whole. */
export function beginTables(folder: string): void {
  rmSync(join(folder, TABLES_FOLDER, 'manifest.json'), { force: true })
}

/**
 * Writes our own tables into a folder of their own beside another tool's files, which have no place for scores, intervals,
 * controls and slices. `gloss import` of the whole reads them.
 */
export async function writeTables(
  store: Store,
  { set, selection, seed, version }: SetExport,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const tables = exportTables(
    store,
    {
      format: 'parquet',
      tables: ['features', 'explanations', 'scores', 'examples', 'vocabulary'],
      columns: null,
      sets: [set],
      selection,
      scorers: null,
      minimum: null,
      seed,
    },
    join(folder, TABLES_FOLDER),
    version,
    signal,
  )
  for await (const _ of tables);
}
