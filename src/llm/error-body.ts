import { Response } from 'undici'
import { z } from 'zod'

/** Errors that hold no `error`: SGLang and older vLLM say `message`, FastAPI says `detail`, a text or a list. */
const foreignErrorSchema = z.looseObject({
  error: z.undefined().optional(),
  message: z.string().optional().catch(undefined),
  param: z.string().nullish().catch(null),
  detail: z
    .union([
      z.string(),
      z.array(
        z.looseObject({ loc: z.array(z.union([z.string(), z.number()])).default([]), msg: z.string() }),
      ),
    ])
    .optional()
    .catch(undefined),
})

/**
 * A response whose error, if it is one, has the form in which OpenAI's library looks for its message. Without it the
 * words of many servers, and with them the parameter that they refuse, are lost.
 */
export async function withReadableError(response: Response): Promise<Response> {
  if (response.ok) return response
  const { status, headers } = response
  const text = await response.text().catch(() => '')
  const error = readForeignError(text)
  return new Response(error === null ? text || null : JSON.stringify({ error }), { status, headers })
}

function readForeignError(text: string): { message: string; param: string | null } | null {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return null
  }
  const parsed = foreignErrorSchema.safeParse(raw)
  if (!parsed.success) return null
  const { message, detail, param } = parsed.data
  const said =
    message ??
    (typeof detail === 'string' ? detail : detail?.map(({ loc, msg }) => [...loc, msg].join(' ')).join(', '))
  return said === undefined ? null : { message: said, param: param ?? null }
}
