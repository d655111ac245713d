import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, relative, sep } from 'node:path'
import { z } from 'zod'
import { DataError, UsageError } from '../core/errors.ts'
import { readError } from '../core/files.ts'
import type { Document } from '../core/token-corpus.ts'

const lineSchema = z.looseObject({
  text: z.string(),
  register: z.string().nullish(),
  name: z.string().nullish(),
})

/** A file of a corpus, found before anything is read. */
export interface SourceFile {
  readonly path: string
  /** The path as shown: relative to the corpus path that led to it. */
  readonly name: string
  readonly register: string | null
  readonly size: number
  readonly modified: number
}

/**
 * The files that corpus paths lead to: a file itself, or every file under a folder in the order of their paths.
 * A folder's files have the name of its subfolder as register.
 * @throws {UsageError} `corpus-missing`; {DataError} `corpus-empty`
 */
export function listSourceFiles(paths: readonly string[]): SourceFile[] {
  const files = paths.flatMap((path) => {
    const status = statSync(path, { throwIfNoEntry: false })
    if (!status)
      throw new UsageError(
        'corpus-missing',
        `expected a corpus file or folder at ${path}, found nothing; check the path`,
      )
    return status.isDirectory() ? filesUnder(path) : [sourceFile(path, basename(path), null)]
  })
  if (files.length === 0)
    throw new DataError(
      'corpus-empty',
      `expected text in ${paths.join(', ') || 'the corpus'}, found no files; name files or folders with text in --corpus or gloss.yaml`,
    )
  return files
}

/**
 * Reads the documents of source files: each line of a `.jsonl` file is one (`{"text", "register"?, "name"?}`), any
 * other file is one as a whole. Documents without text are left out; so are files that are not UTF-8 text, each
 * told to `onSkip`.
 */
export async function* readDocuments(
  files: readonly SourceFile[],
  onSkip: (file: string, reason: string) => void,
): AsyncGenerator<Document> {
  for (const file of files) {
    if (extname(file.path) === '.jsonl') yield* readLines(file)
    else {
      const text = readWholeText(file)
      if (text === null) onSkip(file.name, 'not UTF-8 text')
      else if (text !== '') yield { name: file.name, register: file.register, text }
    }
  }
}

function filesUnder(folder: string): SourceFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, parts: relative(folder, path).split(sep) }))
    .map(({ path, parts }) => sourceFile(path, parts.join('/'), parts.length > 1 ? parts[0]! : null))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function sourceFile(path: string, name: string, register: string | null): SourceFile {
  const { size, mtimeMs } = statSync(path)
  return { path, name, register, size, modified: mtimeMs }
}

function readWholeText(file: SourceFile): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file.path))
    return text.includes('\0') ? null : text
  } catch (error) {
    if (error instanceof TypeError) return null
    throw readError(error, file.path, 'a corpus file')
  }
}

async function* readLines(file: SourceFile): AsyncGenerator<Document> {
  let lineNumber = 0
  for await (const line of splitLines(file)) {
    lineNumber++
    if (line.trim() === '') continue
    const parsed = lineSchema.safeParse(parseLine(line))
    if (!parsed.success)
      throw new DataError(
        'corpus-line',
        `${file.name} line ${lineNumber}: expected a JSON object with a "text", found ${JSON.stringify(line.slice(0, 60))}; correct or remove the line`,
      )
    const { text, register, name } = parsed.data
    if (text !== '')
      yield { name: name ?? `${file.name}:${lineNumber}`, register: register ?? file.register, text }
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Lines end at line feeds alone: JSON strings may hold other line separators. */
async function* splitLines(file: SourceFile): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(file.path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop()!
      yield* lines
    }
  } catch (error) {
    throw error instanceof Error && 'errno' in error ? readError(error, file.path, 'a corpus file') : error
  }
  if (rest !== '') yield rest
}
