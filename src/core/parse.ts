import { parseDocument } from 'yaml'
import type { z } from 'zod'
import { ConfigError, DataError } from './errors.ts'

/**
 * Parses JSON and checks it against a schema.
 * @param source what to name in an error, for instance the file's path
 * @throws {DataError} `json-malformed`, `json-schema`
 */
export function parseJson<S extends z.ZodType>(text: string, schema: S, source: string): z.output<S> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    throw new DataError('json-malformed', `${source} is no valid JSON; copy or download it again`, {
      cause: error,
    })
  }
  const parsed = schema.safeParse(raw)
  if (!parsed.success)
    throw new DataError(
      'json-schema',
      `${source} does not have the expected form: ${describeIssues(parsed.error)}`,
    )
  return parsed.data
}

/**
 * Parses YAML and checks it against a schema.
 * @throws {ConfigError} `yaml-malformed`, `yaml-schema`
 */
export function parseYaml<S extends z.ZodType>(text: string, schema: S, source: string): z.output<S> {
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error)
    throw new ConfigError(
      'yaml-malformed',
      `${source} is no valid YAML: ${error.message.split('\n')[0]}; correct the file`,
    )
  const parsed = schema.safeParse(document.toJS())
  if (!parsed.success)
    throw new ConfigError('yaml-schema', `${source}: ${describeIssues(parsed.error)}; correct the file`)
  return parsed.data
}

/** Issues that are told one by one. */
const ISSUES_TOLD = 8

/** The issues of a failed check in one line; past the first few only their number. */
export function describeIssues(error: z.ZodError): string {
  const told = error.issues
    .slice(0, ISSUES_TOLD)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message))
  const others = error.issues.length - told.length
  return [...told, ...(others > 0 ? [`and ${others} more like these`] : [])].join(', ')
}
