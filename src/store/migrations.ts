import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import { StoreError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'

/** A numbered change of the schema. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly hash: string
}

const NAME = /^(\d{4})-[a-z0-9-]+\.sql$/

/** Reads `0001-….sql`, `0002-….sql` and so on. @throws {StoreError} `migration-files` */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  return names.map((name, index) => {
    const number = Number(NAME.exec(name)?.[1])
    if (number !== index + 1)
      throw new StoreError(
        'migration-files',
        `${join(folder, name)}: expected migration number ${index + 1}; install gloss again`,
      )
    const sql = readFileSync(join(folder, name), 'utf8')
    return { number, name, sql, hash: sha256(sql) }
  })
}

const appliedSchema = z.array(z.object({ number: z.number(), name: z.string(), sha256: z.string() }))

/**
 * Applies the migrations that a database lacks, each in one transaction. Refuses a database whose migrations are not
 * a beginning of these: newer, reordered or edited ones.
 *
 * @param keepCopy copies the database to a path beside it; called before an existing study is changed
 */
export function applyMigrations(
  connection: Database,
  migrations: readonly Migration[],
  keepCopy: (path: string) => void,
): void {
  connection.exec(
    'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT',
  )
  const applied = appliedSchema.parse(
    connection.prepare('SELECT number, name, sha256 FROM migration ORDER BY number').all(),
  )
  if (applied.length > migrations.length)
    throw new StoreError(
      'workspace-newer',
      `${connection.name} was made by a newer version of gloss (its schema is number ${applied.length}, this version knows ${migrations.length}); update gloss`,
    )
  for (const [index, { number, name, sha256: hash }] of applied.entries()) {
    const known = migrations[index]!
    if (known.number !== number || known.hash !== hash)
      throw new StoreError(
        'migration-edited',
        `${connection.name}: expected migration ${known.name} as this version of gloss has it, found ${name} with another content; use the version that made this study`,
      )
  }
  const missing = migrations.slice(applied.length)
  if (missing.length > 0 && applied.length > 0)
    keepCopy(`${connection.name}.before-${String(missing[0]!.number).padStart(4, '0')}`)
  for (const { number, name, sql, hash } of missing)
    connection.transaction(() => {
      connection.exec(sql)
      connection.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(number, name, hash)
    })()
}
