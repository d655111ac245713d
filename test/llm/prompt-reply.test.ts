import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { PromptAsker } from '../../src/llm/prompt-asker.ts'
import type { PromptQuestion } from '../../src/llm/prompt-question.ts'
import { readPromptReply } from '../../src/llm/prompt-reply.ts'
import { OpenAiClient } from '../../src/llm/openai-client.ts'
import type { FakeLlmOptions } from '../fake-llm/options.ts'
import { FakeLlm } from '../fake-llm/server.ts'
import { ToyTokenizer } from '../fake-llm/toy-tokenizer.ts'
import { FIXTURES } from '../support/paths.ts'

const REQUEST = { pieces: ['é cat\t', '3', '\n dog\t', '?', '\nant\t', '?'], places: [3, 5], maxTokens: 1 }
type Way = PromptQuestion['way']

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** What a fake server's reply says of each place: probabilities by digit. */
async function ask(way: Way, options: FakeLlmOptions) {
  const llm = await FakeLlm.start({ answer: () => '0', recordBodies: true, ...options })
  const client = new OpenAiClient({ baseUrl: llm.url, model: 'fake-model', key: null, promptLogprobs: way })
  cleanUps.push(
    () => llm.stop(),
    () => client.close(),
  )
  const { body, question } = await client.send(REQUEST)
  const { tokens, problem, usage } = readPromptReply(body, question!)
  const found = tokens?.map(({ alternatives }) =>
    alternatives
      .filter(({ text, logprob }) => /^ ?\d$/.test(text) && logprob > -10)
      .map(({ text, logprob }): [string, number] => [text, Math.round(Math.exp(logprob) * 100) / 100]),
  )
  return { found, problem, usage, sent: llm.bodies[0]!, question: question! }
}

const nextToken = (before: string): Record<string, number> =>
  before.endsWith('dog\t') ? { '7': 0.9, '1': 0.1 } : { ' 2': 0.8, cat: 0.2 }

describe.each([true, false])('places of a prompt, where "10" is two tokens: %s', (splitTenDigits) => {
  it.each([
    ['prompt_logprobs', 'vllm'],
    ['generate', 'sglang'],
  ] as const)('are asked and read by id: %s', async (way, dialect) => {
    const { found, problem, usage, sent, question } = await ask(way, {
      dialect,
      splitTenDigits,
      nextToken,
    })
    expect(problem).toBeNull()
    expect(found!.map((place) => Object.fromEntries(place))).toEqual([{ '1': 0.1, '7': 0.9 }, { '2': 0.8 }])
    const ids = sent[way === 'generate' ? 'input_ids' : 'prompt'] as number[]
    const tokenizer = new ToyTokenizer(splitTenDigits)
    expect(tokenizer.decodeAll(ids)).toBe(REQUEST.pieces.join(''))
    expect(question.digits[3]).toEqual([...tokenizer.encode('3'), ...tokenizer.encode(' 3')])
    expect(usage).toMatchObject({ promptTokens: ids.length, completionTokens: 1 })
  })

  it('are found by their offsets in characters where ids are not known', async () => {
    const { found, sent } = await ask('echo', { dialect: 'vllm', splitTenDigits, nextToken })
    expect(sent).toMatchObject({ prompt: REQUEST.pieces.join(''), echo: true, logprobs: 20 })
    expect(found!.map((place) => Object.fromEntries(place))).toEqual([{ '1': 0.1, '7': 0.9 }, { ' 2': 0.8 }])
  })
})

describe('a server that says 200 and gives less', () => {
  const question: PromptQuestion = {
    way: 'prompt_logprobs',
    body: {},
    length: 3,
    places: [
      { at: 1, holds: 5 },
      { at: 2, holds: 5 },
    ],
    digits: [[48], [49]],
  }
  const entry = { '5': { logprob: -9 }, '49': { logprob: -0.1 } }
  const read = (body: unknown, asked = question) => readPromptReply(JSON.stringify(body), asked)
  const completion = (positions: unknown) => ({ choices: [{ text: '', prompt_logprobs: positions }] })

  it('leaves places with null entries, or with another token, without alternatives', () => {
    for (const bad of [null, {}, { '49': { logprob: -0.1 } }, 'x']) {
      const { tokens, problem } = read(completion([null, entry, bad]))
      expect(tokens!.map(({ alternatives }) => alternatives)).toEqual([[{ text: '1', logprob: -0.1 }], []])
      expect(problem).toBe('1 of 2 places of the prompt came without log-probabilities')
    }
  })

  it('is missing with a reason where nothing came, or not for every token', () => {
    for (const body of [
      completion(null),
      completion([null, null, null]),
      completion([null, entry]),
      { choices: [{ text: 'hello' }] },
      {},
      'no object',
    ])
      expect(read(body)).toMatchObject({
        text: null,
        tokens: null,
        problem: expect.stringContaining('no log-probabilities of the prompt') as string,
      })
  })

  it('is held to the ids and texts that stand at the places', () => {
    const generate = { ...question, way: 'generate' as const, body: { logprob_start_len: 0 } }
    const info = (id: number, logprob: number | null) => ({
      meta_info: {
        input_token_logprobs: [
          [null, 1, null],
          [-1, 5, null],
          [-1, id, null],
        ],
        input_token_ids_logprobs: [null, [[-0.1, 49, null]], [[logprob, 49, null]]],
      },
    })
    expect(read(info(5, -0.2), generate).problem).toBeNull()
    expect(read(info(6, -0.2), generate).problem).toContain('1 of 2')
    expect(read(info(5, null), generate).tokens![1]!.alternatives).toEqual([])

    const echo = {
      ...question,
      way: 'echo' as const,
      places: [
        { at: 2, holds: '?' },
        { at: 5, holds: '?' },
      ],
    }
    const top = { '1': -0.1 }
    const reply = (tokens: string[], text_offset: number[]) => ({
      choices: [{ logprobs: { tokens, text_offset, top_logprobs: tokens.map(() => top) } }],
    })
    expect(read(reply(['a\t', '', '?', '\nb\t', '?\n'], [0, 2, 2, 3, 5]), echo).problem).toBeNull()
    expect(read(reply(['a\t', '?', '\nb', '\t?'], [0, 2, 3, 4]), echo).problem).toContain('1 of 2')
    expect(read(reply(['a\t', '?', '\n', 'b'], [0, 2, 3, 5]), echo).problem).toContain('1 of 2')
  })
})

describe('asking about a prompt', () => {
  const marksOf = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))

  it('puts the marks that begin a text before the first piece, and looks behind those of every piece', async () => {
    const asked: string[] = []
    // As SentencePiece: a mark before every text, <s> only where special tokens are asked for.
    const asker = new PromptAsker('prompt_logprobs', 'm', async ({ prompt, add_special_tokens: special }) => {
      asked.push(String(prompt))
      const ids = [7, ...marksOf(String(prompt))]
      return JSON.stringify({ tokens: special ? [1, ...ids] : ids })
    })
    const question = await asker.questionOf({ pieces: ['a\t', '?'], places: [1], maxTokens: 1 })
    expect(question.body['prompt']).toEqual([1, 7, 97, 9, 7, 63])
    expect(question.places).toEqual([{ at: 5, holds: 63 }])
    expect(question.digits[4]).toEqual([52])
    const before = asked.length
    await asker.questionOf({ pieces: ['a\t', '?'], places: [1], maxTokens: 1 })
    expect(asked).toHaveLength(before)
  })

  it.each([
    ['has no tokenizer', null],
    ['tells no tokens', '{}'],
    ['knows no digits', '{"tokens":[3]}'],
  ])('goes by text where the server %s', async (_name, reply) => {
    const asker = new PromptAsker('generate', 'm', () => Promise.resolve(reply))
    const { way, places } = await asker.questionOf({ pieces: ['é😀\t', '?'], places: [1], maxTokens: 1 })
    expect([way, places]).toEqual(['echo', [{ at: 3, holds: '?' }]])
  })
})

describe('a true reply of llama-cpp-python 0.3.36 to an echoed prompt', () => {
  const path = join(FIXTURES, 'llama-cpp-python', 'echo.json')
  const { question, body } = JSON.parse(readFileSync(path, 'utf8')) as {
    question: PromptQuestion
    body: {
      choices: [
        {
          logprobs: {
            tokens: string[]
            text_offset: number[]
            top_logprobs: (Record<string, number> | null)[]
          }
        },
      ]
    }
  }
  const { tokens, text_offset: offsets, top_logprobs: tops } = body.choices[0].logprobs

  it('names candidates one token late, and is read in their place', () => {
    const { tokens: places, problem } = readPromptReply(JSON.stringify(body), question)
    expect(problem).toBeNull()
    expect(places).toHaveLength(9)
    for (const [index, { at }] of question.places.entries()) {
      const place = offsets.indexOf(at)
      expect(tokens[place]).toBe('?')
      expect(tokens[place - 1]).toBe('\t')
      const found = Object.fromEntries(
        places![index]!.alternatives.map(({ text, logprob }) => [text, logprob]),
      )
      // What could follow the tab, not what could follow the question mark.
      expect(found).toEqual(tops[place - 1])
      expect(found['\n'] ?? Number.NEGATIVE_INFINITY).toBeLessThan(tops[place]!['\n'] ?? 0)
    }
  })
})
