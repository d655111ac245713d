import type { Store } from '../core/store.ts'
import { batchTable } from './batch-table.ts'
import { browseTable } from './browse-table.ts'
import { candidateTable } from './candidate-table.ts'
import { collectionTable } from './collection-table.ts'
import type { Connection } from './connection.ts'
import { findDamage, guarded, openDatabase } from './database.ts'
import { documentTable } from './document-table.ts'
import { endpointTable } from './endpoint-table.ts'
import { exampleTable } from './example-table.ts'
import { exportReader } from './export-reader.ts'
import { explanationTable } from './explanation-table.ts'
import { featureSetTable } from './feature-set-table.ts'
import { featureTable } from './feature-table.ts'
import { ledgerTable } from './ledger-table.ts'
import type { Migration } from './migrations.ts'
import { provenanceTable } from './provenance-table.ts'
import { ratingTable } from './rating-table.ts'
import { requestTable } from './request-table.ts'
import { scoreTable } from './score-table.ts'
import { stageTable } from './stage-table.ts'
import { studyTable } from './study-table.ts'
import { tokenCountTable } from './token-count-table.ts'
import { vocabularyTable } from './vocabulary-table.ts'

/**
 * Opens a study's database.
 * @param path of the database file, or `:memory:`
 * @throws {StoreError} when it is damaged, locked, unwritable or of a newer version
 */
export function openStore(path: string, migrations: readonly Migration[]): Store {
  const connection = openDatabase(path, migrations)
  const guard = <T extends object>(table: T): T => guardMethods(path, table)
  return {
    study: guard(studyTable(connection)),
    provenance: guard(provenanceTable(connection)),
    stages: guard(stageTable(connection)),
    vocabulary: guard(vocabularyTable(connection)),
    documents: guard(documentTable(connection)),
    featureSets: guard(featureSetTable(connection)),
    collections: guard(collectionTable(connection)),
    tokenCounts: guard(tokenCountTable(connection)),
    features: guard(featureTable(connection)),
    examples: guard(exampleTable(connection)),
    requests: guard(requestTable(connection)),
    ledger: guard(ledgerTable(connection)),
    batches: guard(batchTable(connection)),
    endpoints: guard(endpointTable(connection)),
    explanations: guard(explanationTable(connection)),
    candidates: guard(candidateTable(connection)),
    scores: guard(scoreTable(connection)),
    ratings: guard(ratingTable(connection)),
    browse: guard(browseTable(connection)),
    exports: guard(exportReader(connection)),
    integrity: () => guarded(path, () => findDamage(connection)),
    transaction: (work) => guarded(path, () => transact(connection, work)),
    close: () => connection.close(),
  }
}

/** One immediate transaction, or a part of the one that is already open. */
function transact<T>(connection: Connection, work: () => T): T {
  return connection.inTransaction ? work() : connection.transaction(work).immediate()
}

/** Every method of a table, with the database's errors turned into {@link StoreError}s. */
function guardMethods<T extends object>(path: string, table: T): T {
  const entries = Object.entries(table).map(([name, method]) => [
    name,
    (...values: unknown[]): unknown =>
      guarded(path, () => (method as (...values: unknown[]) => unknown)(...values)),
  ])
  return Object.fromEntries(entries) as T
}
