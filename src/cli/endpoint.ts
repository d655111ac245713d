import { UsageError } from '../core/errors.ts'
import type { StudyConfig } from '../core/study-config.ts'
import type { StudyOptions } from './options.ts'

/** Where the LLM is: one endpoint or several that serve the same model. */
export interface Endpoints {
  /** The name under which replies are stored. */
  readonly group: string
  readonly model: string
  readonly endpoints: readonly Endpoint[]
}

/** One endpoint, and the key that goes with it. */
export interface Endpoint {
  readonly baseUrl: string
  readonly key: string | null
  readonly weight: number
  readonly concurrency: number
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
}

const OPENAI_ORIGIN = 'https://api.openai.com'
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/
const DEFAULT_CONCURRENCY = 256

/**
 * The endpoints that flags, environment or gloss.yaml name; null for none.
 *
 * Keys are bound to origins. `OPENAI_API_KEY` goes to https://api.openai.com only. `GLOSS_API_KEY` goes to the origins
 * that `--llm` or `GLOSS_LLM` name on this machine: a gloss.yaml may come from somebody else and must not be able to
 * send it anywhere. Plain http to another machine carries no key unless `--insecure-http` is given.
 *
 * @throws {UsageError} `llm-…`, `key-missing`
 */
export function resolveEndpoints(
  options: StudyOptions,
  config: Pick<StudyConfig, 'llm'>,
  environment: Readonly<Record<string, string | undefined>>,
): Endpoints | null {
  const { llm } = config
  const namedHere = options.llm !== undefined
  const configured = [...(llm.url === undefined ? [] : [{ url: llm.url, weight: 1 }]), ...llm.endpoints]
  const addresses = options.llm ?? configured.map(({ url }) => url)
  if (addresses.length === 0) {
    if (options.llmModel !== undefined)
      throw new UsageError(
        'llm-missing',
        'expected an endpoint with --llm-model, found none; add --llm URL, for instance --llm http://localhost:11434/v1',
      )
    return null
  }
  const model = options.llmModel ?? llm.model
  const urls = addresses.map(parseUrl)
  if (model === undefined)
    throw new UsageError(
      'llm-model-missing',
      `expected the name of a model at ${baseUrlOf(urls[0]!)}, found none; add --llm-model NAME`,
    )
  const endpoints = urls.map((url): Endpoint => {
    const known = llm.endpoints.find((entry) => baseUrlOf(parseUrl(entry.url)) === baseUrlOf(url))
    return {
      baseUrl: baseUrlOf(url),
      key: keyFor(url, namedHere, options, environment),
      weight: known?.weight ?? 1,
      concurrency: known?.concurrency ?? llm.concurrency ?? DEFAULT_CONCURRENCY,
      requestsPerMinute: known?.requestsPerMinute ?? llm.requestsPerMinute ?? null,
      tokensPerMinute: known?.tokensPerMinute ?? llm.tokensPerMinute ?? null,
    }
  })
  return { group: llm.group ?? endpoints[0]!.baseUrl, model, endpoints }
}

function baseUrlOf(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/$/, '')}${url.search}`
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
