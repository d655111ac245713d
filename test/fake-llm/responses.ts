import type { ServerResponse } from 'node:http'
import type { Reply } from './dialects/dialect.ts'

/** The text of a reply's body. */
export function textOf({ body }: Reply): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** Sends a whole response; `sent` is called when all of it has been handed over. */
export function send(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  sent?: () => void,
): void {
  if (response.destroyed) return
  const text = textOf(reply)
  writeHead(response, reply, headers, text)
  response.end(text, sent)
}

/** Sends headers and half of the body, then closes. */
export function breakOff(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return
  const text = textOf(reply)
  writeHead(response, reply, headers, text)
  response.write(text.slice(0, text.length >> 1), () => response.destroy())
}

/** Sends headers and then nothing, until it closes after a while. */
export function stall(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  ms: number,
): void {
  if (response.destroyed) return
  writeHead(response, reply, headers, textOf(reply))
  response.flushHeaders()
  setTimeout(() => response.destroy(), ms).unref()
}

/** Sends a whole response in as small pieces as the time allows. */
export function drip(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  ms: number,
  sent: () => void,
): void {
  if (response.destroyed) return
  const bytes = Buffer.from(textOf(reply))
  writeHead(response, reply, headers, bytes)
  const started = performance.now()
  let end = 0
  const timer = setInterval(() => {
    if (response.destroyed) {
      clearInterval(timer)
      return
    }
    const due = Math.min(bytes.length, Math.ceil((bytes.length * (performance.now() - started)) / ms))
    if (due > end) response.write(bytes.subarray(end, due))
    end = due
    if (end < bytes.length) return
    clearInterval(timer)
    response.end(sent)
  }, 1)
  timer.unref()
}

function writeHead(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  response.writeHead(reply.status, {
    'content-type': 'application/json',
    ...headers,
    ...reply.headers,
    'content-length': Buffer.byteLength(body),
  })
}
