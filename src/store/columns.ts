import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { StoreError } from '../core/errors.ts'
import { describeIssues } from '../core/parse.ts'

/** A JSON column: text in the database, the schema's type outside. */
export function jsonColumn<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue({ code: 'custom', message: 'is no JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)
}

/** Different texts of a column that are kept as values. */
const KEPT_VALUES = 64

/** A {@link jsonColumn} in which few texts repeat in many rows: rows with equal texts share one value. */
export function repeatedJsonColumn<S extends z.ZodType>(schema: S) {
  const column = jsonColumn(schema)
  const known = new Map<string, z.output<S>>()
  return z.string().transform((text, context): z.output<S> => {
    const value = known.get(text)
    if (value !== undefined) return value
    const parsed = column.safeParse(text)
    if (!parsed.success) {
      for (const { message, path } of parsed.error.issues) context.addIssue({ code: 'custom', message, path })
      return z.NEVER
    }
    if (known.size >= KEPT_VALUES) known.clear()
    known.set(text, parsed.data)
    return parsed.data
  })
}

/** A 0/1 column. */
export const booleanColumn = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1)

/** A gzip-compressed text column. */
export const gzipColumn = z.instanceof(Uint8Array).transform((bytes) => gunzipSync(bytes).toString('utf8'))

/** The content of a {@link gzipColumn}. Level 1: nearly as small as the default for such texts, several times faster. */
export function gzip(text: string): Uint8Array {
  return gzipSync(text, { level: 1 })
}

/** Checks a row that was read. @throws {StoreError} `row-malformed` */
export function checkRow<S extends z.ZodType>(schema: S, row: unknown, table: string): z.output<S> {
  const parsed = schema.safeParse(row)
  if (!parsed.success)
    throw new StoreError(
      'row-malformed',
      `a row of table ${table} does not have the expected form: ${describeIssues(parsed.error)}; was the database edited by hand?`,
    )
  return parsed.data
}

/** 0 or 1, null for null. */
export function bit(value: boolean | null): number | null {
  return value === null ? null : Number(value)
}
