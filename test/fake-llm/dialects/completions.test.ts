import { describe, expect, it } from 'vitest'
import { ask, chat, type Heard, started, type Tree } from '../asking.ts'
import type { FakeLlm } from '../server.ts'
import { ToyTokenizer } from '../toy-tokenizer.ts'

const PROMPT = 'whale\t9\nship\t10'
const TOKENS = ['whal', 'e', '\t', '9', '\n', 'ship', '\t', '1', '0']
const IDS = new ToyTokenizer(true).encode(PROMPT)

function complete(llm: FakeLlm, more: object): Promise<Heard> {
  return ask(llm, '/v1/completions', { model: 'fake-model', prompt: PROMPT, max_tokens: 1, ...more })
}

const asText = (value: Tree): string => value as unknown as string

describe('completions of OpenAI', () => {
  it('are refused by chat models, and echo with logprobs by instruct models', async () => {
    const chatModel = await started()
    const refused = await complete(chatModel, {})
    expect(refused.status).toBe(404)
    expect(refused.json['error']!['message']).toMatch(/^This is a chat model and not supported/)
    const instruct = await started({ instruct: true, answer: () => '5' })
    expect((await complete(instruct, { echo: true, logprobs: 5 })).json['error']!['message']).toMatch(
      /^Setting 'echo' and 'logprobs' at the same time is not supported/,
    )
    expect((await complete(instruct, { logprobs: 5 })).json['choices']![0]).toMatchObject({
      text: '5',
      logprobs: { tokens: ['5'], text_offset: [0] },
    })
  })
})

describe('completions of vLLM', () => {
  it.each([
    ['a text', PROMPT],
    ['token ids', IDS],
  ])('echo the prompt with logprobs: %s', async (_, prompt) => {
    const llm = await started({ dialect: 'vllm', answer: () => '5' })
    const { json } = await complete(llm, { prompt, echo: true, logprobs: 2 })
    const choice = json['choices']![0]!
    expect(asText(choice['text']!)).toBe(`${PROMPT}5`)
    const { tokens, token_logprobs, top_logprobs, text_offset } = choice['logprobs']!
    expect(tokens).toEqual([...TOKENS, '5'])
    expect(json['usage']).toMatchObject({ prompt_tokens: TOKENS.length, completion_tokens: 1 })
    expect(text_offset).toEqual([0, 4, 5, 6, 7, 8, 12, 13, 14, 15])
    expect(token_logprobs![0]).toBeNull()
    expect(top_logprobs![0]).toBeNull()
    expect(top_logprobs![3]!['9']).toBe(token_logprobs![3])
    expect(Object.keys(top_logprobs![3]!)).toHaveLength(2)
  })

  it('with max_tokens 0 hold the prompt only, and count the token that was run', async () => {
    const llm = await started({ dialect: 'vllm', answer: () => '5' })
    const { json } = await complete(llm, { echo: true, logprobs: 1, max_tokens: 0 })
    expect(json['choices']![0]!['logprobs']!['tokens']).toEqual(TOKENS)
    expect(json['usage']).toMatchObject({ completion_tokens: 1 })
    expect((await complete(llm, { max_tokens: 0 })).status).toBe(400)
  })

  it('have prompt_logprobs by id, in chats at the top', async () => {
    const llm = await started({
      dialect: 'vllm',
      answer: () => '5',
      nextToken: (before) => (before.endsWith('\t') ? { '9': 0.5, '1': 0.25, ' 9': 0.125 } : { x: 1 }),
    })
    const { json } = await complete(llm, { prompt: IDS, prompt_logprobs: 2 })
    const positions = json['choices']![0]!['prompt_logprobs']!
    expect(positions).toHaveLength(IDS.length)
    expect(positions[0]).toBeNull()
    expect(positions[3]).toEqual({
      [IDS[3]!]: { logprob: Math.log(0.5), rank: 1, decoded_token: '9' },
      [IDS[7]!]: { logprob: Math.log(0.25), rank: 2, decoded_token: '1' },
    })
    expect(positions[8]![String(IDS[8])]).toMatchObject({ logprob: -20, rank: 2 })
    expect(json['choices']![0]!['logprobs']).toBeNull()
    const chatted = await chat(llm, 'a\t9', { prompt_logprobs: 1 })
    expect(chatted.json['prompt_logprobs']).toHaveLength(Number(chatted.json['usage']!['prompt_tokens']))
    expect((await complete(llm, { prompt_logprobs: 21 })).json['error']!['message']).toBe(
      'Requested prompt logprobs of 21, which is greater than max allowed: 20',
    )
  })

  it('keep ten in one token where they are told to', async () => {
    const llm = await started({ dialect: 'vllm', splitTenDigits: false, answer: () => '5' })
    const { json } = await complete(llm, { echo: true, logprobs: 20 })
    expect(json['choices']![0]!['logprobs']!['tokens']).toEqual([...TOKENS.slice(0, -2), '10', '5'])
    const tokens = (await ask(llm, '/tokenize', { model: 'fake-model', prompt: PROMPT })).json['tokens']!
    expect(tokens).toHaveLength(8)
  })
})

describe('generation of SGLang', () => {
  const generate = (llm: FakeLlm, more: object): Promise<Heard> =>
    ask(llm, '/generate', { input_ids: IDS, sampling_params: { max_new_tokens: 1 }, ...more })

  it('gives the logprobs of chosen ids from a position on, the first of them null', async () => {
    const llm = await started({
      dialect: 'sglang',
      answer: () => '5',
      nextToken: (before) => (before.endsWith('\t') ? { '9': 0.5, '1': 0.25 } : { '5': 1 }),
    })
    const chosen = [IDS[3]!, IDS[7]!]
    const { json } = await generate(llm, {
      return_logprob: true,
      logprob_start_len: 6,
      token_ids_logprob: chosen,
      top_logprobs_num: 1,
    })
    expect(json).toMatchObject({ text: '5', output_ids: [53] })
    const info = json['meta_info']!
    expect(info).toMatchObject({ prompt_tokens: IDS.length, completion_tokens: 1, cached_tokens: 0 })
    expect(info['input_token_logprobs']).toEqual([
      [null, IDS[6], null],
      [Math.log(0.25), IDS[7], null],
      [-20, IDS[8], null],
    ])
    expect(info['input_token_ids_logprobs']).toEqual([
      null,
      [
        [Math.log(0.5), chosen[0], null],
        [Math.log(0.25), chosen[1], null],
      ],
      [
        [-20, chosen[0], null],
        [-20, chosen[1], null],
      ],
    ])
    expect(info['input_top_logprobs']![1]).toEqual([[Math.log(0.5), chosen[0], null]])
    expect(info['output_token_ids_logprobs']).toHaveLength(1)
    expect(info['output_token_logprobs']).toEqual([[0, 53, null]])
  })

  it('takes a text, and gives none where none is asked for', async () => {
    const llm = await started({ dialect: 'sglang', answer: () => '5 5' })
    const { json } = await generate(llm, { input_ids: undefined, text: PROMPT, model: 'whatever' })
    expect(json['meta_info']).toMatchObject({ finish_reason: { type: 'length', length: 1 } })
    expect('input_token_logprobs' in json['meta_info']!).toBe(false)
    const withText = await generate(llm, {
      return_logprob: true,
      logprob_start_len: 8,
      return_text_in_logprobs: true,
    })
    expect(withText.json['meta_info']!['input_token_logprobs']).toEqual([[null, IDS[8], '0']])
    const refused = await generate(llm, { input_ids: ['a'] })
    expect(refused.json).toMatchObject({ object: 'error', type: 'BadRequest', code: 400 })
  })

  it('echoes through /v1/completions too', async () => {
    const llm = await started({ dialect: 'sglang', answer: () => '5' })
    const { json } = await complete(llm, { echo: true, logprobs: 1 })
    expect(json['choices']![0]!['logprobs']!['tokens']).toEqual([...TOKENS, '5'])
  })
})

describe('completions without echo', () => {
  it('of llama.cpp are refused, or hold one entry in the shape of chats', async () => {
    const refusing = await started({ dialect: 'llamacpp' })
    expect((await complete(refusing, { echo: true, logprobs: 5 })).json).toEqual({
      error: { code: 400, message: 'Only no echo is supported', type: 'invalid_request_error' },
    })
    const ignoring = await started({ dialect: 'llamacpp', ignoreEcho: true, answer: () => '5' })
    const { json } = await complete(ignoring, { echo: true, logprobs: 5 })
    expect(json['choices']![0]!['text']).toBe('5')
    expect(json['choices']![0]!['logprobs']!['content']).toMatchObject([{ id: 53, token: '5' }])
  })

  it('of Ollama hold the answer only', async () => {
    const llm = await started({ dialect: 'ollama', answer: () => '5' })
    const { json } = await complete(llm, { echo: true, logprobs: 5 })
    expect(json['choices']).toEqual([{ text: '5', index: 0, finish_reason: 'stop' }])
  })
})
