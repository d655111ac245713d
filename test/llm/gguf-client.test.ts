import { ftruncateSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LlmRequest } from '../../src/core/chat-model.ts'
import { GgufClient } from '../../src/llm/gguf-client.ts'
import type { RawReply } from '../../src/llm/openai-client.ts'
import { readReply } from '../../src/llm/read-reply.ts'
import { ggufFile } from '../support/gguf.ts'
import { temporaryFolder } from '../support/paths.ts'
import { engineIsThere, smallModel } from '../support/small-model.ts'

const MINUTES = 60_000
const model = smallModel()
const reason = 'missing' in model ? ` (skipped: ${model.missing})` : ''
const client = 'path' in model ? await GgufClient.open(model.path) : null
afterAll(() => client?.close())

const CAPITAL: LlmRequest = {
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
  maxTokens: 12,
  topLogprobs: 5,
}
const PLACES: LlmRequest = {
  pieces: ['Levels from 0 to 9.\n cat\t', '0', '\n 28\t', '9', '\n dog\t', '?', '\n 31\t', '?'],
  places: [5, 7],
  maxTokens: 1,
}

function read({ body, question }: RawReply) {
  return readReply(body, question ?? null)
}

describe.skipIf(client === null)(`a model file in this process${reason}`, () => {
  it('is known by its content', () => {
    // SHA-256 of the file, as the package that ships it has it.
    expect(client!.baseUrl).toBe('gguf:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53')
    expect(client!.model).toMatch(/@b179c9523d0e$/)
  })

  it(
    'answers by its own chat template, with log-probabilities whose texts join to the reply',
    async () => {
      const { text, tokens, cut, usage } = read(await client!.send(CAPITAL))
      expect(text).toMatch(/\w/)
      expect(cut).toBe(tokens!.length === CAPITAL.maxTokens)
      expect(tokens!.map((token) => token.text).join('')).toBe(text)
      for (const { text: own, alternatives } of tokens!) {
        expect(alternatives).toHaveLength(5)
        expect(alternatives[0]!.text).toBe(own)
        expect(alternatives.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeLessThan(1.001)
      }
      expect(usage).toMatchObject({ completionTokens: tokens!.length })
    },
    3 * MINUTES,
  )

  it(
    'ends a reply whole where it comes to the text that it is to stop at',
    async () => {
      const { text } = read(await client!.send(CAPITAL))
      const stop = text!.slice(2, 5)
      const stopped = read(await client!.send({ ...CAPITAL, stop }))
      expect(stopped).toMatchObject({ text: text!.slice(0, text!.indexOf(stop)), cut: false })
      expect(stopped.tokens!.map((token) => token.text).join('')).toBe(stopped.text)
    },
    3 * MINUTES,
  )

  it(
    'reads a prompt in one pass, to the same bytes whatever came before',
    async () => {
      const first = await client!.send(PLACES)
      const { tokens, problem } = read(first)
      expect(problem).toBeNull()
      expect(tokens).toHaveLength(2)
      for (const { alternatives } of tokens!) {
        expect(alternatives.length).toBeGreaterThanOrEqual(10)
        expect(alternatives.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThan(1)
      }
      const chat = await client!.send(CAPITAL)
      expect((await client!.send(PLACES)).body).toBe(first.body)
      expect((await client!.send(CAPITAL)).body).toBe(chat.body)
    },
    3 * MINUTES,
  )

  it(
    'refuses what is longer than its context, without a reply',
    async () => {
      await expect(client!.send({ ...CAPITAL, maxTokens: 9000 })).rejects.toMatchObject({
        failed: { failure: { code: 'gguf-context', failure: 'rejected' }, mayBeBilled: false },
      })
    },
    MINUTES,
  )
})

describe.skipIf(!engineIsThere)('a file that cannot run', () => {
  it(
    'is refused before it is read where no memory could hold it',
    async () => {
      const path = join(temporaryFolder(), 'huge.gguf')
      const values = 2 ** 40
      writeFileSync(path, ggufFile({ 'general.architecture': 'llama' }, [{ values, offset: 0 }]))
      const size = readFileSync(path).length + values * 4
      const descriptor = openSync(path, 'r+')
      ftruncateSync(descriptor, size)
      closeSync(descriptor)
      await expect(GgufClient.open(path)).rejects.toMatchObject({ name: 'DataError', code: 'gguf-memory' })
    },
    MINUTES,
  )

  it(
    'is named with what the engine says of it',
    async () => {
      const path = join(temporaryFolder(), 'strange.gguf')
      writeFileSync(path, ggufFile({ 'general.architecture': 'nothing-known' }))
      const strange = await GgufClient.open(path)
      await expect(strange.send(CAPITAL)).rejects.toMatchObject({ name: 'DataError', code: 'gguf-unusable' })
      await strange.close()
    },
    MINUTES,
  )
})
