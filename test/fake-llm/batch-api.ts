import { Random } from '../../src/core/random.ts'
import { freshId, openAiError, type Reply, seconds } from './dialects/dialect.ts'
import type { Workings } from './exchange.ts'
import { generate } from './generation.ts'
import { refuseBySwitches } from './refusals.ts'
import { isObject, type JsonObject, objectIn, readRequest } from './request.ts'

/** How batches go. */
export interface BatchOptions {
  /** How often a batch is looked at before it is complete. Default 2. */
  readonly polls?: number
  /** How many times a batch finds no room for its tokens before one is taken. Default 0. */
  readonly timesFull?: number
  /** Entries of a page of a list, at most. Default all. */
  readonly pageSize?: number
  /** How often a batch is looked at before it is forgotten; never by default. */
  readonly forgottenAfter?: number
  /** The share of lines that expire, drawn anew each time they are sent. */
  readonly expireShare?: number
  /** The share of lines that end with a server error, drawn anew each time they are sent. */
  readonly errorShare?: number
}

/** What came by way of batches. */
export interface BatchStats {
  readonly uploads: number
  readonly batches: number
  /** Lines of all batches, and the different requests among them. */
  readonly lines: number
  readonly distinctLines: number
  readonly polls: number
  /** Uploaded files that are still there. */
  readonly inputs: number
  /** Pages of lists that were asked for. */
  readonly pages: number
  /** Lines and bytes of the largest upload. */
  readonly mostLines: number
  readonly mostBytes: number
}

interface StoredFile {
  readonly id: string
  readonly filename: string
  readonly purpose: string
  readonly text: string
}

interface Batch {
  readonly body: Record<string, unknown>
  readonly input: StoredFile
  polls: number
}

/** OpenAI's files and batches: lines are answered as requests are, in another order, and billed at half the price. */
export class BatchApi {
  readonly #workings: () => Workings
  readonly #models: readonly string[]
  #files: StoredFile[] = []
  readonly #batches: Batch[] = []
  readonly #sent = new Map<string, number>()
  #uploads = 0
  #polls = 0
  #pages = 0
  #full = 0
  #mostLines = 0
  #mostBytes = 0

  constructor(workings: () => Workings, models: readonly string[]) {
    this.#workings = workings
    this.#models = models
  }

  stats(): BatchStats {
    return {
      uploads: this.#uploads,
      batches: this.#batches.length,
      lines: [...this.#sent.values()].reduce((sum, times) => sum + times, 0),
      distinctLines: this.#sent.size,
      polls: this.#polls,
      inputs: this.#files.filter(({ purpose }) => purpose === 'batch').length,
      pages: this.#pages,
      mostLines: this.#mostLines,
      mostBytes: this.#mostBytes,
    }
  }

  /** Null for paths of something else. */
  serve(method: string, path: string, query: URLSearchParams, body: Buffer): Reply | null {
    const [, kind, id, content] = /^\/v1\/(files|batches)(?:\/([^/]+)(\/content)?)?$/.exec(path) ?? []
    if (kind === 'files') {
      if (method === 'POST') return this.#upload(body)
      if (id === undefined) return this.#list(this.#files.map(fileBody), query)
      const file = this.#files.find((one) => one.id === id)
      if (!file) return missing(`No such File object: ${id}`)
      if (method === 'DELETE') {
        this.#files = this.#files.filter((one) => one !== file)
        return { status: 200, body: { id, object: 'file', deleted: true } }
      }
      return { status: 200, body: content ? file.text : fileBody(file) }
    }
    if (kind !== 'batches') return null
    if (method === 'POST') return this.#create(JSON.parse(body.toString('utf8')) as JsonObject)
    if (id === undefined)
      return this.#list(
        this.#batches.map((batch) => batch.body),
        query,
      )
    const batch = this.#batches.find((one) => one.body['id'] === id)
    if (!batch) return missing(`No batch found with id '${id}'.`)
    this.#polls++
    if (batch.polls >= (this.#workings().options.batch?.forgottenAfter ?? Number.POSITIVE_INFINITY))
      return missing(`No batch found with id '${id}'.`)
    if (
      ++batch.polls >= (this.#workings().options.batch?.polls ?? 2) &&
      batch.body['status'] === 'in_progress'
    )
      this.#work(batch)
    return { status: 200, body: batch.body }
  }

  #upload(body: Buffer): Reply {
    const text = body.toString('utf8')
    const part = (name: string): RegExpExecArray | null =>
      new RegExp(`name="${name}"(?:; filename="([^"]*)")?[^]*?\r\n\r\n([^]*?)\r\n--`).exec(text)
    const file = part('file')
    const purpose = part('purpose')?.[2]
    if (!file || purpose !== 'batch') return invalid("Missing required parameter: 'file' or 'purpose'.")
    const jsonl = file[2]!
    this.#uploads++
    this.#mostLines = Math.max(this.#mostLines, jsonl.trim().split('\n').length)
    this.#mostBytes = Math.max(this.#mostBytes, Buffer.byteLength(jsonl))
    return { status: 200, body: fileBody(this.#store(file[1] ?? 'upload', purpose, jsonl)) }
  }

  #create(body: JsonObject): Reply {
    const input = this.#files.find(({ id }) => id === body['input_file_id'])
    if (!input) return invalid(`Invalid file: ${String(body['input_file_id'])}`)
    if (body['endpoint'] !== '/v1/chat/completions' || body['completion_window'] !== '24h')
      return invalid('Invalid value for endpoint or completion_window.')
    const batch: Batch = {
      input,
      polls: 0,
      body: {
        id: `batch_${freshId(24)}`,
        object: 'batch',
        endpoint: body['endpoint'],
        input_file_id: input.id,
        completion_window: '24h',
        status: 'in_progress',
        errors: null,
        output_file_id: null,
        error_file_id: null,
        created_at: seconds(),
        metadata: objectIn(body, 'metadata'),
      },
    }
    this.#batches.unshift(batch)
    return { status: 200, body: batch.body }
  }

  #work(batch: Batch): void {
    const lines = batch.input.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject)
    if (this.#full < (this.#workings().options.batch?.timesFull ?? 0)) {
      this.#full++
      const message = 'Enqueued token limit reached for fake-model. Limit: 90,000 enqueued tokens.'
      const errors = { object: 'list', data: [{ code: 'token_limit_exceeded', message }] }
      Object.assign(batch.body, { status: 'failed', errors })
      return
    }
    const unknown = lines.find((line) => !this.#models.includes(String(objectIn(line, 'body')['model'])))
    if (unknown) {
      const message = 'The provided model does not exist or is not supported by the Batch API.'
      const errors = { object: 'list', data: [{ code: 'model_not_found', message, line: 1 }] }
      Object.assign(batch.body, { status: 'failed', errors })
      return
    }
    const random = new Random(0, `order of ${batch.input.text}`)
    const results = lines
      .map((line) => ({ result: this.#result(line), place: random.uniform() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ result }) => result)
    const file = (some: readonly Result[]): string | null => {
      if (some.length === 0) return null
      const text = some.map(({ line }) => `${JSON.stringify(line)}\n`).join('')
      return this.#store('results.jsonl', 'batch_output', text).id
    }
    Object.assign(batch.body, {
      status: results.some(({ expired }) => expired) ? 'expired' : 'completed',
      output_file_id: file(results.filter(({ good }) => good)),
      error_file_id: file(results.filter(({ good }) => !good)),
    })
  }

  #result(line: JsonObject): Result {
    const { options, dialect, model, answer, countTokens, ledger } = this.#workings()
    const customId = String(line['custom_id'])
    const times = (this.#sent.get(customId) ?? 0) + 1
    this.#sent.set(customId, times)
    const fate = new Random(times, `fate of ${customId}`).uniform()
    const made = (response: object | null, error: object | null): object => ({
      id: `batch_req_${freshId(24)}`,
      custom_id: customId,
      response,
      error,
    })
    const { expireShare = 0, errorShare = 0 } = options.batch ?? {}
    if (fate < expireShare) {
      const message = 'This request could not be executed before the completion window expired.'
      return { good: false, expired: true, line: made(null, { code: 'batch_expired', message }) }
    }
    const responded = (reply: Reply): Result => {
      const response = { status_code: reply.status, request_id: `req_${freshId(32)}`, body: reply.body }
      return { good: reply.status === 200, expired: false, line: made(response, null) }
    }
    if (fate < expireShare + errorShare)
      return responded(dialect.error({ status: 500, message: 'The server had an error.' }))
    const body = line['body']
    const request = readRequest('chat', '/v1/chat/completions', {}, isObject(body) ? body : {}, String)
    if ('status' in request) return responded(dialect.error(request))
    const refusal = refuseBySwitches(request, options) ?? dialect.refuse(request)
    if (refusal) return responded(dialect.error(refusal))
    const prompt = request.messages.reduce((sum, { content }) => sum + countTokens(content), 0)
    const asked = { ...request, attempt: times }
    const generation = generate(asked, answer(asked), { prompt, cached: 0 }, model, countTokens)
    ledger.bill(generation.tokens, 0.5)
    return responded({ status: 200, body: dialect.body(asked, generation) })
  }

  #list(data: readonly (object & { readonly id?: unknown })[], query: URLSearchParams): Reply {
    this.#pages++
    const after = query.get('after')
    const rest = after === null ? data : data.slice(data.findIndex(({ id }) => id === after) + 1)
    const size = this.#workings().options.batch?.pageSize ?? rest.length
    const has_more = rest.length > size
    return { status: 200, body: { object: 'list', data: rest.slice(0, size), has_more } }
  }

  #store(filename: string, purpose: string, text: string): StoredFile {
    const file = { id: `file-${freshId(24)}`, filename, purpose, text }
    this.#files.unshift(file)
    return file
  }
}

interface Result {
  readonly good: boolean
  readonly expired: boolean
  readonly line: object
}

function fileBody({ id, filename, purpose, text }: StoredFile): object {
  const bytes = Buffer.byteLength(text)
  return { id, object: 'file', bytes, created_at: seconds(), filename, purpose, status: 'processed' }
}

function missing(message: string): Reply {
  return { status: 404, body: openAiError({ message }) }
}

function invalid(message: string): Reply {
  return { status: 400, body: openAiError({ message }) }
}
