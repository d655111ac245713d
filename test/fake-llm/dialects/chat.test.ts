import { describe, expect, it } from 'vitest'
import { ask, chat, started } from '../asking.ts'
import { DIALECTS, type DialectName, type Switches } from '../options.ts'

const ANY = expect.anything() as unknown
const TWO = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

describe('a chat completion', () => {
  it.each([
    [
      'openai',
      {
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'abcdefgh', refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: {
          ...TWO,
          prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0 },
        },
      },
    ],
    ['azure', { prompt_filter_results: ANY, usage: { ...TWO, prompt_tokens_details: { cached_tokens: 0 } } }],
    [
      'vllm',
      {
        choices: [{ message: { content: 'abcdefgh' }, logprobs: null, stop_reason: null }],
        usage: { ...TWO, prompt_tokens_details: null },
        prompt_logprobs: null,
      },
    ],
    [
      'sglang',
      {
        choices: [{ message: { content: 'abcdefgh' }, matched_stop: null }],
        usage: { ...TWO, prompt_tokens_details: null, reasoning_tokens: 0 },
      },
    ],
    [
      'llamacpp',
      {
        choices: [{ message: { role: 'assistant', content: 'abcdefgh' }, finish_reason: 'stop' }],
        usage: { ...TWO, prompt_tokens_details: { cached_tokens: 0 } },
        timings: { cache_n: 0, prompt_n: 1, predicted_n: 2 },
      },
    ],
    ['ollama', { system_fingerprint: 'fp_ollama', usage: TWO }],
  ] as const)('has the shape of %s', async (dialect, shape) => {
    const llm = await started({ dialect, answer: () => 'abcdefgh' })
    const { status, json } = await chat(llm, 'a')
    expect(status).toBe(200)
    expect(json).toMatchObject({ model: 'fake-model', ...shape })
    if (dialect === 'ollama') expect(json['usage']).toEqual(TWO)
  })

  it.each(DIALECTS)('has log-probabilities of as many as asked: %s', async (dialect) => {
    const llm = await started({ dialect, answer: () => 'a 5' })
    const { json } = await chat(llm, 'a', { logprobs: true, top_logprobs: 3, max_tokens: 8 })
    const content = json['choices']![0]!['logprobs']!['content']!
    expect(content).toMatchObject([
      { token: 'a', bytes: [97] },
      { token: ' 5', bytes: [32, 53], logprob: Math.log(0.98) },
    ])
    expect(content[1]!['top_logprobs']).toHaveLength(3)
    expect(content[1]!['top_logprobs']![0]).toMatchObject({ token: ' 5', logprob: Math.log(0.98) })
    expect('id' in content[0]!).toBe(dialect === 'llamacpp')
    expect(json['usage']).toMatchObject({ completion_tokens: 2 })
  })

  it('generates one token where one is asked for', async () => {
    const llm = await started({ answer: () => '10', nextToken: () => ({ '1': 0.5, '7': 0.5 }) })
    const { json } = await chat(llm, 'a', { logprobs: true, top_logprobs: 20, max_tokens: 1 })
    const choice = json['choices']![0]!
    expect(choice).toMatchObject({ message: { content: '1' }, finish_reason: 'length' })
    expect(choice['logprobs']!['content']).toHaveLength(1)
    expect(choice['logprobs']!['content']![0]!['top_logprobs']).toHaveLength(2)
  })

  it('takes content in parts', async () => {
    const llm = await started({ answer: ({ messages }) => messages[0]!.content })
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'in ' },
          { type: 'text', text: 'parts' },
        ],
      },
    ]
    expect((await chat(llm, '', { messages })).text).toContain('"in parts"')
  })
})

describe('a refusal', () => {
  it.each([
    ['openai', 400, { error: { code: 'integer_above_max_value', param: 'top_logprobs' } }],
    ['azure', 400, { error: { code: 'integer_above_max_value' } }],
    [
      'vllm',
      400,
      {
        error: {
          message: 'Requested sample logprobs of 21, which is greater than max allowed: 20',
          type: 'BadRequestError',
          param: 'logprobs',
          code: 400,
        },
      },
    ],
    [
      'ollama',
      400,
      { error: { message: 'top_logprobs must be between 0 and 20', type: 'invalid_request_error' } },
    ],
    ['llamacpp', 200, {}],
    ['sglang', 200, {}],
  ] as const)('of too many log-probabilities: %s, %d', async (dialect, status, shape) => {
    const llm = await started({ dialect, answer: () => 'a' })
    const heard = await chat(llm, 'a', { logprobs: true, top_logprobs: 21 })
    expect(heard.status).toBe(status)
    expect(heard.json).toMatchObject(shape)
  })

  const switches: [Switches, object, message: RegExp, code: string | null][] = [
    [
      { rejectMaxTokens: true },
      { max_tokens: 5 },
      /^Unsupported parameter: 'max_tokens' is not supported with this model\. Use 'max_completion_tokens' instead\.$/,
      'unsupported_parameter',
    ],
    [
      { rejectTemperature: true },
      { temperature: 0 },
      /'temperature' does not support 0/,
      'unsupported_value',
    ],
    [
      { rejectReasoningEffort: true },
      { reasoning_effort: 'low' },
      /'reasoning_effort'/,
      'unsupported_parameter',
    ],
    [
      { rejectLogprobs: true },
      { logprobs: true, reasoning_effort: 'none' },
      /^logprobs/,
      'unsupported_parameter',
    ],
    [{ rejectLogprobs: 'unless-effort-none' }, { logprobs: true }, /^logprobs/, 'unsupported_parameter'],
    [{ rejectJsonSchema: true }, { response_format: { type: 'json_schema' } }, /'json_schema'/, null],
    [{ contextLength: 100 }, { max_tokens: 100 }, /maximum context length is 100/, 'context_length_exceeded'],
    [{}, { messages: [] }, /^Missing required parameter: 'messages'/, 'missing_required_parameter'],
    [{}, { stream: true }, /^stream/, null],
  ]
  it.each(switches)('by switch: %j refuses %j', async (options, more, message, code) => {
    const llm = await started({ ...options, answer: () => 'a' })
    const refused = await chat(llm, 'a', more)
    expect(refused.status).toBe(400)
    expect(refused.json['error']).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect((await chat(llm, 'a', { max_completion_tokens: 5, temperature: 1 })).status).toBe(200)
    expect(llm.stats()).toMatchObject({ requests: 2, refused: 1, answered: 1 })
  })

  it('does not come where the effort is none', async () => {
    const llm = await started({ rejectLogprobs: 'unless-effort-none', answer: () => 'a' })
    expect((await chat(llm, 'a', { logprobs: true, reasoning_effort: 'none' })).status).toBe(200)
  })

  it.each([
    ['openai', { error: { message: /does not exist or you do not/, code: 'model_not_found', param: null } }],
    ['azure', { error: { code: 'DeploymentNotFound' } }],
    ['vllm', { error: { message: 'The model `other` does not exist.', type: 'NotFoundError', code: 404 } }],
    ['ollama', { error: { message: "model 'other' not found", type: 'not_found_error', code: null } }],
  ] as const)('of another model: %s', async (dialect, { error }) => {
    const llm = await started({ dialect, answer: () => 'a', model: ['one', 'two'] })
    const refused = await chat(llm, 'a', { model: 'other' })
    expect(refused.status).toBe(404)
    const { message, ...rest } = { message: /./, ...error }
    expect(refused.json['error']).toMatchObject(rest)
    expect(refused.json['error']!['message']).toMatch(message)
    expect((await chat(llm, 'a', { model: 'two' })).status).toBe(200)
  })

  it.each(['sglang', 'llamacpp'] as const)('does not come for another model: %s', async (dialect) => {
    const llm = await started({ dialect, answer: () => 'a' })
    expect((await chat(llm, 'a', { model: 'other' })).json['model']).toBe('other')
  })

  it.each([
    ['openai', { error: { type: 'invalid_request_error', code: 'invalid_api_key' } }],
    ['azure', { error: { code: '401' } }],
    ['vllm', { error: 'Unauthorized' }],
    ['sglang', { error: 'Unauthorized' }],
    ['llamacpp', { error: { message: 'Invalid API Key', type: 'authentication_error', code: 401 } }],
    ['ollama', { error: { message: 'unauthorized' } }],
  ] as const)('without the key: %s', async (dialect, shape) => {
    const llm = await started({ dialect, answer: () => 'a', key: 'secret' })
    const wrong = await chat(llm, 'a', {}, { authorization: 'Bearer sk-not-that-one-1234' })
    expect(wrong.status).toBe(401)
    expect(wrong.json).toMatchObject(shape)
    expect(wrong.text).not.toContain('sk-not-that-one-1234')
    expect((await chat(llm, 'a')).status).toBe(401)
    expect((await chat(llm, 'a', {}, { authorization: 'Bearer secret' })).status).toBe(200)
  })

  it('does not come where Azure gets its key in its own header', async () => {
    const llm = await started({ dialect: 'azure', answer: () => 'a', key: 'secret' })
    expect((await chat(llm, 'a', {}, { 'api-key': 'secret' })).status).toBe(200)
    expect((await chat(llm, 'a', {}, { 'api-key': 'other' })).status).toBe(401)
  })

  it.each(DIALECTS)('of an unknown path: %s', async (dialect: DialectName) => {
    const llm = await started({ dialect })
    expect((await ask(llm, `${llm.url}/nothing`)).status).toBe(404)
    expect((await ask(llm, `${llm.url}/nothing`, {})).status).toBe(404)
  })
})
