import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { sha256 } from '../../src/core/hash.ts'

/** A chat completion request as the server saw it. */
export interface SeenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly model: string
    readonly messages: readonly { readonly role: string; readonly content: string }[]
  }
  /** SHA-256 of the body: equal requests have equal keys. */
  readonly key: string
  /** How often this body has come, this time included. */
  readonly attempt: number
}

/** What the server does with a request. */
export type Deed =
  | {
      readonly answer: string
      readonly finish?: string
      readonly usage?: object | null
      readonly delayMs?: number
    }
  | { readonly raw: string; readonly status?: number; readonly headers?: Record<string, string> }
  /** Closes the connection: before an answer, or in the middle of its body. */
  | { readonly reset: 'before' | 'within' }
  /** Never answers. */
  | { readonly hang: true }
  /** Sends headers, and then nothing. */
  | { readonly stall: true }

/** A server on the loopback that speaks OpenAI's chat completions, scripted request by request. */
export class FakeOpenAi {
  readonly seen: SeenRequest[] = []
  readonly #server: Server
  readonly #attempts = new Map<string, number>()
  readonly #open = new Set<ServerResponse>()
  script: (request: SeenRequest) => Deed

  private constructor(script: (request: SeenRequest) => Deed) {
    this.script = script
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () =>
        this.#serve(request.url ?? '', request.headers, Buffer.concat(chunks).toString('utf8'), response),
      )
    })
  }

  /** @param port of another one that has stopped, to take its place; a free one by default */
  static async start(script: (request: SeenRequest) => Deed, port = 0): Promise<FakeOpenAi> {
    const fake = new FakeOpenAi(script)
    await new Promise<void>((resolve) => fake.#server.listen(port, '127.0.0.1', resolve))
    fake.url = `http://127.0.0.1:${(fake.#server.address() as AddressInfo).port}/v1`
    return fake
  }

  /** The base URL for clients. */
  url = ''

  async stop(): Promise<void> {
    for (const response of this.#open) response.destroy()
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(path: string, headers: IncomingHttpHeaders, text: string, response: ServerResponse): void {
    const key = sha256(text)
    const attempt = (this.#attempts.get(key) ?? 0) + 1
    this.#attempts.set(key, attempt)
    const request: SeenRequest = {
      path,
      headers,
      body: JSON.parse(text) as SeenRequest['body'],
      key,
      attempt,
    }
    this.seen.push(request)
    this.#open.add(response)
    response.on('close', () => this.#open.delete(response))
    const deed = this.script(request)
    if ('hang' in deed) return
    if ('stall' in deed) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{')
      return
    }
    if ('reset' in deed) {
      if (deed.reset === 'within') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
        response.write('{"choices": [')
      }
      setTimeout(() => response.destroy(), 5)
      return
    }
    if ('raw' in deed) {
      response.writeHead(deed.status ?? 200, { 'content-type': 'application/json', ...deed.headers })
      response.end(deed.raw)
      return
    }
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' })
      response.end(JSON.stringify(completion(request, deed)))
    }, deed.delayMs ?? 0)
  }
}

function completion(
  { body }: SeenRequest,
  deed: { answer: string; finish?: string; usage?: object | null },
): object {
  const promptTokens = body.messages.reduce((sum, { content }) => sum + Math.ceil(content.length / 4), 0)
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 0,
    model: body.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: deed.answer, refusal: null },
        logprobs: null,
        finish_reason: deed.finish ?? 'stop',
      },
    ],
    ...(deed.usage === null
      ? {}
      : {
          usage: deed.usage ?? {
            prompt_tokens: promptTokens,
            completion_tokens: Math.ceil(deed.answer.length / 4),
            total_tokens: 0,
          },
        }),
  }
}

/** A server that stops when the test ends. */
export async function serve(script: (request: SeenRequest) => Deed, port?: number): Promise<FakeOpenAi> {
  const fake = await FakeOpenAi.start(script, port)
  onTestFinished(() => fake.stop())
  return fake
}

/** Answers as {@link honestJudge}. */
export const honest = (request: SeenRequest): Deed => ({ answer: honestJudge(request) })

/** An error body as OpenAI's API has it. */
export function errorBody(message: string, code: string | null = null): string {
  return JSON.stringify({ error: { message, type: 'error', param: null, code } })
}

/**
 * A judge that plays fair: explains by the tokens that fire in the windows that it is shown, with their mean levels,
 * and predicts from such an explanation alone.
 */
export function honestJudge({ body }: SeenRequest): string {
  const question = body.messages.at(-1)!.content
  return question.startsWith('Description: ') ? simulate(question) : explain(question)
}

function explain(question: string): string {
  const levels = new Map<string, number[]>()
  for (const match of question.matchAll(/«([\s\S]*?):(\d)»/g))
    levels.set(match[1]!, [...(levels.get(match[1]!) ?? []), Number(match[2])])
  const strongest = [...levels]
    .map(([token, all]): [string, number] => [token, Math.round(all.reduce((a, b) => a + b, 0) / all.length)])
    .toSorted((a, b) => levels.get(b[0])!.length - levels.get(a[0])!.length || (a[0] < b[0] ? -1 : 1))
    .slice(0, 12)
  return `<explanation>fires on ${Buffer.from(JSON.stringify(strongest)).toString('hex')}</explanation>`
}

function simulate(question: string): string {
  const [first, ...rest] = question.split('\n')
  const hex = /fires on ([0-9a-f]+)/.exec(first!)?.[1] ?? ''
  const levels = new Map(
    hex === '' ? [] : (JSON.parse(Buffer.from(hex, 'hex').toString('utf8')) as [string, number][]),
  )
  return rest
    .filter((line) => /^\d+: /.test(line))
    .map((line) => {
      const [, number, window] = /^(\d+): ([\s\S]*)$/.exec(line)!
      const tokens = [...window!.matchAll(/([^⁰¹²³⁴-⁹]*)[⁰¹²³⁴-⁹]+/g)].map((match) => match[1]!)
      const named = tokens.flatMap((token, index) =>
        levels.get(token) ? [`${index + 1}=${levels.get(token)}`] : [],
      )
      return `${number}: ${named.join(' ') || 'none'}`
    })
    .join('\n')
}
