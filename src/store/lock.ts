import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { StoreError } from '../core/errors.ts'
import { systemErrorCode, writeError } from '../core/files.ts'
import { connect, type Connection } from './connection.ts'

/**
 * The lock of a workspace: one run at a time. It is an exclusive transaction on a database file of its own, which
 * the system ends with the process, however that dies; the process id beside it is for people.
 */
export class WorkspaceLock {
  readonly #connection: Connection
  readonly #pidPath: string

  /** @throws {StoreError} `workspace-locked`, naming the process that holds it; `sqlite-missing` */
  constructor(path: string) {
    this.#pidPath = `${path}.pid`
    try {
      this.#connection = connect(path, 0)
    } catch (error) {
      throw error instanceof StoreError ? error : writeError(error, path)
    }
    try {
      this.#connection.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      this.#connection.close()
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
        throw new StoreError(
          'workspace-locked',
          `another gloss process${this.#holder()} is working in this workspace; wait for it or end it, then run the same command again`,
        )
      throw writeError(error, path)
    }
    writeFileSync(this.#pidPath, String(process.pid))
  }

  release(): void {
    rmSync(this.#pidPath, { force: true })
    this.#connection.exec('ROLLBACK')
    this.#connection.close()
  }

  #holder(): string {
    try {
      return ` (process ${Number.parseInt(readFileSync(this.#pidPath, 'utf8'), 10)})`
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return ''
      throw error
    }
  }
}
