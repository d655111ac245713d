import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { readError } from './files.ts'

/** SHA-256 of bytes or of a text's UTF-8 bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** SHA-256 over the contents of files, one after the other, read in pieces. */
export function sha256OfFiles(paths: readonly string[]): string {
  const hash = createHash('sha256')
  const piece = Buffer.alloc(1 << 22)
  for (const path of paths) {
    let descriptor: number
    try {
      descriptor = openSync(path, 'r')
    } catch (error) {
      throw readError(error, path, 'a file to hash')
    }
    for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece))
      hash.update(piece.subarray(0, count))
    closeSync(descriptor)
  }
  return hash.digest('hex')
}

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * JSON with keys in code-unit order and no white space, so that equal values give equal bytes.
 * Properties that are `undefined` are left out.
 */
export function canonicalJson(value: Json | undefined): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${entries.join(',')}}`
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value)
}

/** SHA-256 of a value's canonical JSON. */
export function contentHash(value: Json): string {
  return sha256(canonicalJson(value))
}

/** Identifiers derived from content: the first 16 hexadecimal digits (64 bits) of {@link contentHash}. */
export function contentId(value: Json): string {
  return contentHash(value).slice(0, 16)
}
