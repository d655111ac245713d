import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { ChatModel, LlmRequest } from '../../src/core/chat-model.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import { readReply, storedQuestion } from '../../src/llm/read-reply.ts'
import { llmSimulator, simulationRequest } from '../../src/pipeline/simulate.ts'
import { FIXTURES } from '../support/paths.ts'

/** A call of a real run, with what `expected.py` beside it reads in the reply. */
interface TrueCall {
  readonly tier: LlmTier
  readonly explanation: string
  readonly windows: readonly (readonly string[])[]
  /** The request's body; for a prompt's log-probabilities with its places. */
  readonly sent: { readonly messages?: unknown; readonly body?: { readonly prompt: unknown } }
  readonly response: object
  readonly expected: readonly (readonly number[] | null)[]
}

const SCALE = 9
const CALLS = JSON.parse(
  gunzipSync(readFileSync(join(FIXTURES, 'llama-cpp-python', 'simulations.json.gz'))).toString('utf8'),
) as readonly TrueCall[]

describe("llama-cpp-python 0.3.36's true replies, by a model of 135 million parameters", () => {
  it.each(CALLS.map((call, index) => [index, call.tier, call] as const))(
    '%i, %s: are read as another program reads them',
    async (_index, tier, { explanation, windows, sent, response, expected }) => {
      const simulate = { ...bundledSimulatePrompt(tier), examplesPerCall: windows.length }
      const asked: LlmRequest[] = []
      const chat: Pick<ChatModel, 'ask'> = {
        ask: (request) => {
          asked.push(request)
          const { usage: _, ...content } = readReply(
            JSON.stringify(response),
            storedQuestion(JSON.stringify(sent)),
          )
          return Promise.resolve({ kind: 'reply', hash: '', ...content })
        },
      }
      // A token's number is its place among all tokens, so that the order of windows in the call is the file's.
      const texts = windows.flat()
      let next = 0
      const examples = windows.map((window) => ({ tokens: window.map(() => next++), slice: 'top' as const }))
      const request = simulationRequest({ simulate, tier }, explanation, windows, SCALE)
      const llm = { chat: chat as ChatModel, simulate, tier, reask: false } as Parameters<
        typeof llmSimulator
      >[0]
      const simulator = llmSimulator(llm, SCALE, 0, (tokens) => tokens.map((token) => texts[token]!))
      // The simulator deals examples in an order of its own: what the reply says of the n-th asked is undone by it.
      const order = simulator.deal(0, examples as never)[0]!
      const inverse = order.map((_, place) => order.indexOf(place))
      const dealt = inverse.map((place) => examples[place]!)
      const { predicted } = await simulator.simulate(explanation, 0, dealt, 0)
      expect(asked).toEqual([request])
      if (sent.messages !== undefined)
        expect('messages' in request && request.messages).toEqual(sent.messages)
      for (const [place, levels] of expected.entries()) {
        const read = predicted[order[place]!] ?? null
        expect(read === null).toBe(levels === null)
        if (levels !== null)
          for (const [token, level] of levels.entries()) expect(read![token]).toBeCloseTo(level, 9)
      }
    },
  )

  it('hold every tier', () => {
    expect(new Set(CALLS.map(({ tier }) => tier))).toEqual(
      new Set(['integersSparse', 'integersDense', 'chatLogprobs', 'promptLogprobs']),
    )
  })
})
