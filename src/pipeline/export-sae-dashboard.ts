import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  DASHBOARD_FEATURES,
  type DashboardCorpus,
  dashboardBatch,
  dashboardFeature,
  runSettings,
  skippedIndexes,
} from '../export/sae-dashboard.ts'
import type { NeuronpediaActivation } from '../export/neuronpedia.ts'
import { StoppedError } from '../core/errors.ts'
import { writeFileAtomically } from '../core/files.ts'
import type { Json } from '../core/hash.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { DashboardFeatures } from './dashboard-features.ts'
import { eventLoopTurn } from './sample.ts'
import { selectedFeatures } from './selected-features.ts'
import { beginTables, type SetExport, writeTables } from './tables-beside.ts'

/** What was written. */
export interface DashboardExport {
  readonly folder: string
  readonly batches: number
  readonly features: number
}

/**
 * Writes a feature set as sae-dashboard's Neuronpedia runner does: batches of features, then what was left out, then the
 * settings, which are there exactly when all else is whole. Same study, same bytes.
 */
export async function* exportSaeDashboard(
  store: Store,
  wanted: SetExport,
  out: string,
  signal: AbortSignal,
): AsyncGenerator<number, DashboardExport> {
  const { set } = wanted
  const dashboards = new DashboardFeatures(store, set)
  const { source } = dashboards
  const folder = join(out, `${source.modelId}_${source.layer}_${set.features}`)
  const settings = join(folder, 'run_settings.json')
  rmSync(settings, { force: true })
  beginTables(folder)
  const selected = selectedFeatures(store, wanted)
  const corpus = corpusOf(store, set)
  const most = { top: 0, perInterval: 0, intervals: 0 }
  let batches = 0
  let features = 0
  const release = store.exports.holdSnapshot()
  try {
    let waiting: Json[] = []
    const flush = (): void => {
      const content = JSON.stringify(dashboardBatch(source, waiting))
      writeFileAtomically(join(folder, `batch-${batches++}.json`), content)
      waiting = []
    }
    for (const record of store.exports.features(set.id)) {
      if (!selected.has(record.id)) continue
      const records = dashboards.activations(record)
      countGroups(records, most)
      waiting.push(dashboardFeature(dashboards.feature(record), records, corpus))
      features++
      if (waiting.length < DASHBOARD_FEATURES) continue
      flush()
      yield features
      await eventLoopTurn()
      if (signal.aborted)
        throw new StoppedError('stopped', 'stopped while exporting; run the same command again')
    }
    if (waiting.length > 0) flush()
  } finally {
    release()
  }
  removeFurtherBatches(folder, batches)
  const skipped = Array.from({ length: set.features }, (_, id) => id).filter((id) => !selected.has(id))
  writeFileAtomically(join(folder, 'skipped_indexes.json'), JSON.stringify(skippedIndexes(source, skipped)))
  await writeTables(store, wanted, folder, signal)
  const run = { ...corpus, ...most, batches }
  writeFileAtomically(settings, JSON.stringify(runSettings(source, run), null, 4))
  return { folder, batches, features }
}

/** An earlier export may have had more features. */
function removeFurtherBatches(folder: string, batches: number): void {
  const path = (batch: number): string => join(folder, `batch-${batch}.json`)
  for (let batch = batches; existsSync(path(batch)); batch++) rmSync(path(batch))
}

function corpusOf(store: Store, set: FeatureSetRecord): DashboardCorpus {
  const collection = store.collections.get(set.id)
  return {
    contexts: collection?.contexts ?? 0,
    contextLength: collection?.contextLength ?? 0,
    dataset: collection ? `corpus ${collection.corpusHash.slice(0, 16)}` : '',
  }
}

/** How many records the groups of a feature have at most. */
function countGroups(
  records: readonly NeuronpediaActivation[],
  most: { top: number; perInterval: number; intervals: number },
): void {
  const counts = new Map<string, number>()
  for (const { slice } of records) counts.set(slice, (counts.get(slice) ?? 0) + 1)
  for (const [slice, count] of counts) {
    const interval = /^interval (\d+)$/.exec(slice)
    if (slice === 'top') most.top = Math.max(most.top, count)
    if (!interval) continue
    most.perInterval = Math.max(most.perInterval, count)
    most.intervals = Math.max(most.intervals, Number(interval[1]))
  }
}
