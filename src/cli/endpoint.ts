import { UsageError } from '../core/errors.ts'
import type { StudyConfig } from '../core/study-config.ts'
import type { StudyOptions } from './options.ts'

/** Where the LLM is, and the key that goes with it. */
export interface Endpoint {
  readonly baseUrl: string
  readonly model: string
  readonly key: string | null
}

const OPENAI_ORIGIN = 'https://api.openai.com'
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/**
 * The endpoint that flags, environment or gloss.yaml name; null for none.
 *
 * Keys are bound to origins. `OPENAI_API_KEY` goes to https://api.openai.com only. `GLOSS_API_KEY` goes to the origin
 * that `--llm` or `GLOSS_LLM` names on this machine: a gloss.yaml may come from somebody else and must not be able to
 * send it anywhere. Plain http to another machine carries no key unless `--insecure-http` is given.
 *
 * @throws {UsageError} `llm-…`, `key-missing`
 */
export function resolveEndpoint(
  options: StudyOptions,
  config: StudyConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Endpoint | null {
  const named = options.llm
  const address = named ?? config.llm.url
  if (address === undefined) {
    if (options.llmModel !== undefined)
      throw new UsageError(
        'llm-missing',
        'expected an endpoint with --llm-model, found none; add --llm URL, for instance --llm http://localhost:11434/v1',
      )
    return null
  }
  const url = parseUrl(address)
  const model = options.llmModel ?? config.llm.model
  if (model === undefined)
    throw new UsageError(
      'llm-model-missing',
      `expected the name of a model at ${url.href}, found none; add --llm-model NAME`,
    )
  return {
    baseUrl: url.href.replace(/\/$/, ''),
    model,
    key: keyFor(url, named !== undefined, options, environment),
  }
}

function parseUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new UsageError(
      'llm-malformed',
      `expected the base URL of an endpoint, such as http://localhost:11434/v1, found ${JSON.stringify(address)}`,
    )
  if (url.username !== '' || url.password !== '')
    throw new UsageError(
      'llm-malformed',
      'expected a base URL without user name and password; give the key in GLOSS_API_KEY',
    )
  return url
}

function keyFor(
  url: URL,
  namedHere: boolean,
  options: StudyOptions,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (url.origin === OPENAI_ORIGIN) {
    const key = environment['OPENAI_API_KEY'] || (namedHere ? environment['GLOSS_API_KEY'] : undefined)
    if (!key)
      throw new UsageError(
        'key-missing',
        `expected a key for ${OPENAI_ORIGIN} in OPENAI_API_KEY, found none; set it and run the same command again`,
      )
    return key
  }
  const key = namedHere ? environment['GLOSS_API_KEY'] : undefined
  if (!key) return null
  const open = url.protocol === 'http:' && !LOOPBACK.test(url.hostname)
  return open && !options.insecureHttp ? null : key
}
