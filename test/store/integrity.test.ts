import Database from 'better-sqlite3'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import { sqliteVersion } from '../../src/store/database.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { temporaryFolder } from '../support/paths.ts'

const MIGRATIONS = bundledMigrations()

function integrityAt(path: string): string[] {
  const store = openStore(path, MIGRATIONS)
  onTestFinished(() => store.close())
  return store.integrity()
}

describe('the integrity of a database', () => {
  it('is whole in a new one', () => {
    expect(integrityAt(':memory:')).toEqual([])
  })

  it('lacks where rows refer to what is not there, or a constraint does not hold', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    openStore(path, MIGRATIONS).close()
    const database = new Database(path)
    database.pragma('foreign_keys = OFF')
    database.pragma('ignore_check_constraints = ON')
    for (const feature of [1, 2])
      database
        .prepare(
          "INSERT INTO explanation (id, set_id, feature_id, explainer, text, provenance_id, created) VALUES (?, 's', ?, 'e', 't', 'p', 'c')",
        )
        .run(`e${feature}`, feature)
    database
      .prepare(
        "INSERT INTO spending VALUES (1, 'h', 's', 'e', 'm', 'odd', NULL, NULL, NULL, NULL, NULL, NULL, 'c')",
      )
      .run()
    database.close()
    const found = integrityAt(path)
    expect(found).toContain('2 rows of explanation that refer to no row of provenance')
    expect(found).toContain('CHECK constraint failed in spending')
  })
})

describe('the version of SQLite', () => {
  it('has three numbers', () => {
    expect(sqliteVersion()).toMatch(/^\d+\.\d+\.\d+$/)
  })
})
