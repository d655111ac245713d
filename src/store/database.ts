import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { GlossError, StoreError } from '../core/errors.ts'
import { connect, type Connection } from './connection.ts'
import { applyMigrations, type Migration } from './migrations.ts'

/** How long a writer waits for another one. */
const BUSY_MILLISECONDS = 5000

/**
 * Opens a study's database in WAL mode and brings it to the newest schema.
 * @throws {StoreError} `workspace-newer`, `migration-…`, `database-…`, `sqlite-missing`
 */
export function openDatabase(path: string, migrations: readonly Migration[]): Connection {
  return guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true })
    const connection = connect(path, BUSY_MILLISECONDS)
    try {
      connection.pragma('journal_mode = WAL')
      connection.pragma('synchronous = NORMAL')
      connection.pragma('foreign_keys = ON')
      applyMigrations(connection, migrations, (copy) => {
        rmSync(copy, { force: true })
        connection.prepare('VACUUM INTO ?').run(copy)
      })
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  })
}

/** Whether a database is there. */
export function databaseExists(path: string): boolean {
  return existsSync(path)
}

/** The version of SQLite. */
export function sqliteVersion(): string {
  const connection = connect(':memory:', 0)
  try {
    return z.string().parse(connection.prepare('SELECT sqlite_version()').pluck().get())
  } finally {
    connection.close()
  }
}

const foreignKeySchema = z.array(
  z.object({ table: z.string(), rowid: z.number().nullable(), parent: z.string() }),
)

/** Damage of pages, indices and constraints, and rows that refer to what is not there. */
export function findDamage(connection: Connection): string[] {
  const found = z.array(z.string()).parse(connection.prepare('PRAGMA quick_check').pluck().all())
  const damage = found.flatMap((text) => text.split('\n')).filter((line) => line !== 'ok')
  const dangling = new Map<string, number>()
  for (const { table, parent } of foreignKeySchema.parse(connection.pragma('foreign_key_check'))) {
    const relation = `rows of ${table} that refer to no row of ${parent}`
    dangling.set(relation, (dangling.get(relation) ?? 0) + 1)
  }
  return [...damage, ...[...dangling].map(([relation, count]) => `${count} ${relation}`)]
}

/** Runs work on the database and turns its errors into {@link StoreError}s that say what to do. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof GlossError ? error : storeError(path, error)
  }
}

function storeError(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  switch (error.code.split('_').slice(0, 2).join('_')) {
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new StoreError(
        'database-locked',
        `${path} is locked by another process for more than ${BUSY_MILLISECONDS / 1000} seconds; wait for it or end it, then run the same command again`,
        { cause: error },
      )
    case 'SQLITE_FULL':
      return new StoreError(
        'disk-full',
        `the disk is full: ${path} could not grow and what was stored before is intact; free some space and run the same command again`,
        { cause: error },
      )
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return new StoreError(
        'database-damaged',
        `${path} is damaged or no database of gloss (${error.message}); restore a copy of it`,
        { cause: error },
      )
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
    case 'SQLITE_PERM':
    case 'SQLITE_IOERR':
      return new StoreError(
        'database-unwritable',
        `${path} cannot be opened or written (${error.message}); check its folder's permissions`,
        {
          cause: error,
        },
      )
    default:
      return error
  }
}
