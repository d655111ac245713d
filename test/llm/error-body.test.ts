import { Response } from 'undici'
import { describe, expect, it } from 'vitest'
import { withReadableError } from '../../src/llm/error-body.ts'

async function read(status: number, body: string): Promise<string> {
  const response = await withReadableError(new Response(body, { status, headers: { 'x-request-id': 'r' } }))
  expect(response.status).toBe(status)
  expect(response.headers.get('x-request-id')).toBe('r')
  return response.text()
}

describe('the body of an error', () => {
  it.each([
    [
      "SGLang's and older vLLM's",
      { object: 'error', message: 'no such thing', type: 'BadRequest', param: 'top_p', code: 400 },
      { message: 'no such thing', param: 'top_p' },
    ],
    ["FastAPI's", { detail: 'Not Found' }, { message: 'Not Found', param: null }],
    [
      'of a check',
      { detail: [{ type: 'x', loc: ['body', 'temperature'], msg: 'too high' }, { msg: 'and more' }] },
      { message: 'body temperature too high, and more', param: null },
    ],
  ])('says what it means where the library looks: %s', async (_name, body, error) => {
    expect(JSON.parse(await read(400, JSON.stringify(body)))).toEqual({ error })
  })

  it.each(['{"error": {"message": "m"}}', '{"error": "no"}', '<html>', '', '[]', 'null', '{"detail": 4}'])(
    'stays as it is otherwise: %s',
    async (body) => {
      expect(await read(400, body)).toBe(body)
    },
  )

  it('of a success stays as it is', async () => {
    expect(await read(200, '{"message": "fine"}')).toBe('{"message": "fine"}')
  })
})
