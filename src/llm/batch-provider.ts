import { z } from 'zod'
import { FailedTryError, type OpenAiClient } from './openai-client.ts'

/** A batch as the provider tells of it. */
export interface ProviderBatch {
  readonly id: string
  readonly status: string
  readonly outputFile: string | null
  readonly errorFile: string | null
  /** Why the provider took none of it. */
  readonly problem: string | null
  /** Whether it took none because it holds as many tokens of this account as it takes at once. */
  readonly noRoom: boolean
}

/** What came of one request of a batch. */
export interface BatchLine {
  readonly hash: string
  /** Null where the request was not answered in time. */
  readonly status: number | null
  readonly body: unknown
  readonly requestId: string | null
  readonly reason: string
}

const batchSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  output_file_id: z.string().nullish(),
  error_file_id: z.string().nullish(),
  errors: z
    .looseObject({
      data: z.array(z.looseObject({ code: z.string().nullish(), message: z.string() })).nullish(),
    })
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

const fileSchema = z.looseObject({ id: z.string(), filename: z.string().nullish() })

const lineSchema = z.looseObject({
  custom_id: z.string(),
  response: z
    .looseObject({ status_code: z.number(), request_id: z.string().nullish(), body: z.unknown() })
    .nullish(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
})

/** The calls of OpenAI's Batch API, each made once. All throw {@link FailedTryError}. */
export class BatchProvider {
  readonly #client: OpenAiClient

  constructor(client: OpenAiClient) {
    this.#client = client
  }

  /** Uploads the requests of a shard and returns the file's id. */
  async upload(shard: string, jsonl: string): Promise<string> {
    const { body } = await this.#client.upload('/files', fileName(shard), 'batch', jsonl)
    return fileSchema.parse(JSON.parse(body)).id
  }

  /** The file of a shard, where it was uploaded before. */
  async findFile(shard: string): Promise<string | null> {
    for await (const file of this.#pages('/files?purpose=batch&limit=1000', fileSchema))
      if (file.filename === fileName(shard)) return file.id
    return null
  }

  /** Has an uploaded file worked on. */
  async create(shard: string, fileId: string): Promise<ProviderBatch> {
    const { body } = await this.#client.post('/batches', {
      input_file_id: fileId,
      endpoint: BATCH_PATH,
      completion_window: '24h',
      metadata: { gloss: shard },
    })
    return readBatch(JSON.parse(body))
  }

  /** The batch of a shard, where it was created before. */
  async findBatch(shard: string): Promise<ProviderBatch | null> {
    for await (const batch of this.#pages('/batches?limit=100', batchSchema))
      if (batch.metadata?.['gloss'] === shard) {
        const found = readBatch(batch)
        // One that was not taken is no batch: its file waits for another try.
        if (!found.noRoom) return found
      }
    return null
  }

  /** Deletes a file; where that does not go, it stays. */
  async forget(fileId: string): Promise<void> {
    try {
      await this.#client.delete(`/files/${fileId}`)
    } catch (error) {
      if (!(error instanceof FailedTryError)) throw error
    }
  }

  async get(id: string): Promise<ProviderBatch> {
    return readBatch(JSON.parse((await this.#client.get(`/batches/${id}`)).body))
  }

  /** The lines of a file of results, in no order; what is no such line is left out. */
  async *lines(fileId: string): AsyncGenerator<BatchLine> {
    for await (const text of this.#client.lines(`/files/${fileId}/content`)) {
      const line = readLine(text)
      if (line) yield line
    }
  }

  async *#pages<Item extends { id: string }>(path: string, schema: z.ZodType<Item>): AsyncGenerator<Item> {
    const pageSchema = z.looseObject({ data: z.array(schema), has_more: z.boolean().nullish() })
    for (let after = ''; ;) {
      const page = pageSchema.parse(JSON.parse((await this.#client.get(`${path}${after}`)).body))
      yield* page.data
      const last = page.data.at(-1)
      if (!page.has_more || !last) return
      after = `&after=${last.id}`
    }
  }
}

/** OpenAI's code for it. */
const NO_ROOM = 'token_limit_exceeded'
const BATCH_PATH = '/v1/chat/completions'

/** A request as a line of a batch. @param body as JSON */
export function batchRequestLine(hash: string, body: string): string {
  return `{"custom_id":"${hash}","method":"POST","url":"${BATCH_PATH}","body":${body}}\n`
}

function fileName(shard: string): string {
  return `gloss-${shard}.jsonl`
}

function readBatch(raw: unknown): ProviderBatch {
  const { id, status, output_file_id: output, error_file_id: errors, errors: said } = batchSchema.parse(raw)
  const problem = said?.data?.map(({ message }) => message).join('; ') ?? null
  const noRoom = status === 'failed' && (said?.data ?? []).some(({ code }) => code === NO_ROOM)
  return { id, status, outputFile: output ?? null, errorFile: errors ?? null, problem, noRoom }
}

function readLine(text: string): BatchLine | null {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return null
  }
  const parsed = lineSchema.safeParse(raw)
  if (!parsed.success) return null
  const { custom_id: hash, response, error } = parsed.data
  return {
    hash,
    status: response?.status_code ?? null,
    body: response?.body ?? null,
    requestId: response?.request_id ?? null,
    reason: error?.message ?? 'no reply came within the time of the batch',
  }
}
