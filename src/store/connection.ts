import Database from 'better-sqlite3'
import { StoreError } from '../core/errors.ts'
import { systemErrorCode } from '../core/files.ts'

/** An open database. */
export type Connection = Database.Database

/**
 * Opens a database file, or one in memory.
 * @param timeout milliseconds to wait for another writer
 * @throws {StoreError} `sqlite-missing` where the compiled part of better-sqlite3 cannot be loaded
 */
export function connect(path: string, timeout: number): Connection {
  try {
    return new Database(path, { timeout })
  } catch (error) {
    throw bindingProblem(error) ?? error
  }
}

/**
 * What to do where the compiled part of better-sqlite3 is not there (installed without scripts), or is one for another
 * version of Node; null where the error is about something else.
 */
export function bindingProblem(error: unknown): StoreError | null {
  const isMissing = error instanceof Error && error.message.startsWith('Could not locate the bindings file')
  if (!isMissing && systemErrorCode(error) !== 'ERR_DLOPEN_FAILED') return null
  return new StoreError(
    'sqlite-missing',
    `expected better-sqlite3 compiled for Node ${process.versions.node}, found ${isMissing ? 'none' : 'another'}; run npm rebuild better-sqlite3`,
    { cause: error },
  )
}
