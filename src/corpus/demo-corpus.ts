import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { readBytes, readText } from '../core/files.ts'
import { sha256 } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import { Random } from '../core/random.ts'
import type { Document } from '../core/token-corpus.ts'
import { GENERATED_REGISTERS, generateRegister } from './generated-registers.ts'

/**
 * The demo's corpus: parts of files that gloss's own exactly pinned dependencies bring, named with their hashes in
 * `data/demo-corpus/files.json`, and generated registers. Its bytes depend on nothing else that is installed.
 */

const listSchema = z.object({
  generated: z.record(z.enum(GENERATED_REGISTERS as [string, ...string[]]), z.int().positive()),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string(),
      files: z.array(
        z.object({
          file: z.string(),
          register: z.string(),
          sha256: z.string(),
          /** Parts of the file, in bytes; each is a document. */
          parts: z.array(z.tuple([z.int(), z.int()])),
        }),
      ),
    }),
  ),
})

const packageSchema = z.object({ version: z.string() })

/**
 * All documents of the demo's corpus, in an order drawn from the seed.
 * @param packageRoot the folder of gloss's package.json, from where its dependencies are resolved
 * @throws {DataError} `demo-corpus` when a file is missing or not the one that the list names
 */
export function demoDocuments(packageRoot: string, seed: number): Document[] {
  const listPath = join(packageRoot, 'data/demo-corpus/files.json')
  const list = parseJson(readText(listPath, "the demo's file list"), listSchema, listPath)
  const documents: Document[] = []
  for (const [name, { version, files }] of Object.entries(list.packages)) {
    const folder = packageFolder(packageRoot, name, version)
    for (const { file, register, sha256: expected, parts } of files) {
      const path = join(folder, file)
      const bytes = readBytes(path, `a file of ${name} for the demo's corpus`)
      if (sha256(bytes) !== expected)
        throw new DataError(
          'demo-corpus',
          `${path} is not the file of ${name} ${version} that the demo's corpus is made from; run npm ci to install it again`,
        )
      for (const [start, end] of parts)
        documents.push({
          name: `${name}/${file}:${start}`,
          register,
          text: bytes.subarray(start, end).toString('utf8'),
        })
    }
  }
  for (const [register, characters] of Object.entries(list.generated))
    documents.push(...generateRegister(register, characters, seed))
  return new Random(seed, 'demo corpus').shuffle(documents)
}

/** The folder of an installed dependency of the pinned version, found as Node finds modules. */
function packageFolder(packageRoot: string, name: string, version: string): string {
  const candidates = createRequire(join(packageRoot, 'package.json')).resolve.paths(name) ?? []
  const folder = candidates
    .map((path) => join(path, name))
    .find((path) => existsSync(join(path, 'package.json')))
  const path = folder && join(folder, 'package.json')
  const found = path && parseJson(readText(path, `package.json of ${name}`), packageSchema, path).version
  if (!folder || found !== version)
    throw new DataError(
      'demo-corpus',
      `expected the package ${name} ${version} for the demo's corpus, found ${found ?? 'none'}; run npm ci in gloss's folder`,
    )
  return folder
}
