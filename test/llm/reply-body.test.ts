import { describe, expect, it } from 'vitest'
import { readReplyBody } from '../../src/llm/reply-body.ts'

const choice = (message: object, finish: string | null = 'stop'): string =>
  JSON.stringify({ choices: [{ message, finish_reason: finish }] })

describe('the body of a reply', () => {
  it.each([
    ['a message', choice({ content: 'x' }), { text: 'x', cut: false, problem: null, usage: null }],
    [
      'a cut message',
      choice({ content: 'x' }, 'length'),
      { text: 'x', cut: true, problem: null, usage: null },
    ],
    [
      'no finish reason',
      choice({ content: 'x' }, null),
      { text: 'x', cut: false, problem: null, usage: null },
    ],
    [
      'an empty message',
      choice({ content: '' }),
      { text: null, cut: false, problem: 'the message is empty', usage: null },
    ],
    [
      'only hidden reasoning',
      choice({ content: null }, 'length'),
      { text: null, cut: true, problem: 'the token limit was reached before an answer', usage: null },
    ],
    [
      'a refusal',
      choice({ content: null, refusal: 'no' }),
      { text: null, cut: false, problem: 'the model refused', usage: null },
    ],
    ['no JSON', '<html>', { text: null, cut: false, problem: 'the body is no JSON', usage: null }],
  ])('with %s is read as such', (_name, body, expected) => {
    expect(readReplyBody(body)).toEqual({ tokens: null, ...expected })
  })

  it.each([
    '{}',
    '{"choices": []}',
    '{"choices": [{}]}',
    'null',
    '[]',
    '{"choices": [{"message": {"content": 5}}]}',
  ])('%s is no chat completion', (body) => {
    expect(readReplyBody(body)).toMatchObject({
      text: null,
      problem: expect.stringContaining('the body is no chat completion') as string,
    })
  })

  it('reads log-probabilities where there are some, and none where a server only says 200', () => {
    const bodyWith = (logprobs: unknown): string =>
      JSON.stringify({ choices: [{ message: { content: '10' }, logprobs }] })
    const top = [
      { token: '1', logprob: -0.1, bytes: null },
      { token: '2', logprob: -3, bytes: [50] },
    ]
    const content = [{ token: '1', logprob: -0.1, bytes: null, top_logprobs: top }]
    expect(readReplyBody(bodyWith({ content, refusal: null })).tokens).toEqual([
      {
        text: '1',
        alternatives: [
          { text: '1', logprob: -0.1 },
          { text: '2', logprob: -3 },
        ],
      },
    ])
    for (const none of [
      null,
      undefined,
      {},
      { content: null },
      { content: [] },
      { content: [{ token: 1 }] },
      'no',
    ])
      expect(readReplyBody(bodyWith(none))).toMatchObject({ text: '10', tokens: null })
  })

  it('reads usage where servers report it, and null where they do not', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    }
    expect(readReplyBody(JSON.stringify({ choices: [{ message: { content: 'x' } }], usage })).usage).toEqual({
      promptTokens: 10,
      completionTokens: 5,
      cachedTokens: 4,
      cacheWriteTokens: null,
      reasoningTokens: 2,
    })
    expect(
      readReplyBody(
        JSON.stringify({
          choices: [{ message: { content: 'x' } }],
          usage: { prompt_tokens: 3, prompt_tokens_details: null },
        }),
      ).usage,
    ).toEqual({
      promptTokens: 3,
      completionTokens: null,
      cacheWriteTokens: null,
      cachedTokens: null,
      reasoningTokens: null,
    })
    expect(
      readReplyBody(JSON.stringify({ choices: [{ message: { content: 'x' } }], usage: 'much' })),
    ).toMatchObject({ text: 'x', usage: null })
  })

  it('gives no text to a token that is a part of a character, which is named by its bytes', () => {
    const token = (text: string, bytes: number[] | null) => ({
      token: text,
      logprob: -1,
      bytes,
      top_logprobs: [],
    })
    const content = [
      token('9', [57]),
      token('\\xe2\\x81', [226, 129]),
      token('\\xb4', [180]),
      token(' é', [32, 195, 169]),
      token('', null),
    ]
    const body = { choices: [{ message: { content: '9⁴ é' }, logprobs: { content } }] }
    expect(readReplyBody(JSON.stringify(body)).tokens?.map(({ text }) => text)).toEqual([
      '9',
      '',
      '',
      ' é',
      '',
    ])
  })
})
