import { fetch, type Headers } from 'undici'
import { onTestFinished } from 'vitest'
import type { FakeLlmOptions } from './options.ts'
import { FakeLlm } from './server.ts'

/** A server that stops when the test ends. */
export async function started(options: FakeLlmOptions = {}): Promise<FakeLlm> {
  const llm = await FakeLlm.start(options)
  onTestFinished(() => llm.stop())
  return llm
}

/** A response read to its end; `json` is empty where the body is none. */
export interface Heard {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Tree
}

/** JSON whose members can be named without ado; a missing one is undefined. */
export interface Tree {
  readonly [name: string]: Tree
}

/** Asks an address, or a path at the server's origin; with a POST where there is a body. */
export async function ask(
  llm: FakeLlm,
  where: string,
  body?: object | string,
  headers: Record<string, string> = {},
): Promise<Heard> {
  const response = await fetch(where.startsWith('/') ? `${llm.origin}${where}` : where, {
    ...(body === undefined
      ? {}
      : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

/** A chat completion of one message. */
export function chat(
  llm: FakeLlm,
  content: string,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<Heard> {
  const body = { model: 'fake-model', messages: [{ role: 'user', content }], ...more }
  return ask(llm, `${llm.url}/chat/completions`, body, headers)
}

function parsed(text: string): Tree {
  try {
    return JSON.parse(text) as Tree
  } catch {
    return {}
  }
}
