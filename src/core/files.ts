import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DataError, StoreError, UsageError } from './errors.ts'

/** The code of a system error (`ENOENT`, `ENOSPC` …), or null where there is none. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Reads a whole file; a missing one is a {@link UsageError}, any other failure a {@link DataError}. */
export function readBytes(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw readError(error, path, what)
  }
}

/** Reads a whole file as UTF-8, with the errors of {@link readBytes}. */
export function readText(path: string, what: string): string {
  return readBytes(path, what).toString('utf8')
}

/** The error to raise when `path`, which should hold `what`, cannot be read. */
export function readError(error: unknown, path: string, what: string): Error {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new UsageError('file-missing', `expected ${what} at ${path}, found nothing; check the path`, {
      cause: error,
    })
  if (code === 'EISDIR')
    return new UsageError(
      'file-is-folder',
      `expected ${what} at ${path}, found a folder; name the file in it`,
      {
        cause: error,
      },
    )
  return new DataError('file-unreadable', `${what} at ${path} cannot be read (${code ?? String(error)})`, {
    cause: error,
  })
}

/** The error to raise when `path` cannot be written; a full disk says so. */
export function writeError(error: unknown, path: string): Error {
  const code = systemErrorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StoreError(
      'disk-full',
      `the disk is full: ${path} was not written and what was there before is intact; free some space and run the same command again`,
      { cause: error },
    )
  return new StoreError(
    'file-unwritable',
    `${path} cannot be written (${code ?? String(error)}); check the folder's permissions`,
    {
      cause: error,
    },
  )
}

/**
 * A file that appears under its name only when it is whole: written beside it, flushed to the disk, then renamed.
 * A process killed before {@link commit} leaves the old file, or none.
 */
export class AtomicFile {
  readonly #path: string
  readonly #partialPath: string
  readonly #descriptor: number
  #abandoned = false

  constructor(path: string) {
    this.#path = path
    this.#partialPath = `${path}.partial`
    try {
      mkdirSync(dirname(path), { recursive: true })
      this.#descriptor = openSync(this.#partialPath, 'w')
    } catch (error) {
      throw writeError(error, path)
    }
  }

  /** Writes bytes at a position, or where the last write without a position ended. */
  write(bytes: Uint8Array, position: number | null = null): void {
    try {
      for (let written = 0; written < bytes.length;)
        written += writeSync(
          this.#descriptor,
          bytes,
          written,
          bytes.length - written,
          position === null ? null : position + written,
        )
    } catch (error) {
      this.abandon()
      throw writeError(error, this.#path)
    }
  }

  /** Flushes the bytes and gives the file its name. */
  commit(): void {
    try {
      fsyncSync(this.#descriptor)
      closeSync(this.#descriptor)
      renameSync(this.#partialPath, this.#path)
      syncFolder(dirname(this.#path))
    } catch (error) {
      throw writeError(error, this.#path)
    }
  }

  /** Drops what was written; a second time does nothing. */
  abandon(): void {
    if (this.#abandoned) return
    this.#abandoned = true
    closeSync(this.#descriptor)
    rmSync(this.#partialPath, { force: true })
  }
}

/** Makes a rename durable. Windows cannot open folders and needs no such step. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** Writes a whole file atomically. */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  const file = new AtomicFile(path)
  file.write(typeof content === 'string' ? Buffer.from(content) : content)
  file.commit()
}
