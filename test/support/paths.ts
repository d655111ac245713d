import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Files that tests compare with, copied into the repository. */
export const FIXTURES = join(ROOT, 'test', 'fixtures')

/** The built program. */
export const PROGRAM = join(ROOT, 'dist', 'cli', 'main.js')

/** The bundled model's folder. */
export const TINY_1L = join(ROOT, 'data', 'tiny-1l')

/** An empty folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gloss-test-'))
  onTestFinished(() => {
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** A copy of a folder that is removed when the test ends. Times are kept: a corpus is known by them. */
export function copyOf(folder: string): string {
  const copy = temporaryFolder()
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
  return copy
}
