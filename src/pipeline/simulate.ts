import { dealExamples, simulateRequest } from '../autointerp/simulate-messages.ts'
import { parseSimulation } from '../autointerp/simulation-reply.ts'
import { parseTokenTable, simulateByTokenTable } from '../autointerp/token-table.ts'
import type { ReplyContent } from '../core/chat-model.ts'
import type { StoredExample } from '../core/store.ts'
import type { Tier } from '../core/scores.ts'
import type { Llm } from './study.ts'

/** What a simulator made of some examples. */
export interface Simulation {
  /** Predictions by example; null where no answer could be read. */
  readonly predicted: readonly (readonly number[] | null)[]
  readonly calls: number
  /** Calls that ended without a reply. */
  readonly failedCalls: number
  /** Replies in which at least one example's answer was missing. */
  readonly unreadableCalls: number
  /** Why calls failed or answers were missing. */
  readonly reasons: readonly string[]
}

/** Predicts the activations of examples from an explanation alone. */
export interface Simulator {
  readonly tier: Tier
  /** @param priority calls of lower numbers are sent first */
  simulate(
    explanation: string,
    feature: number,
    examples: readonly StoredExample[],
    priority: number,
  ): Promise<Simulation>
}

/** The baseline: reads the tokens and levels of a token-table explanation, and nothing else. */
export const tableSimulator: Simulator = {
  tier: 'table',
  simulate: async (explanation, _feature, examples) => {
    const table = parseTokenTable(explanation)
    return {
      predicted: examples.map(({ tokens }) => (table ? simulateByTokenTable(table, tokens) : null)),
      calls: 1,
      failedCalls: 0,
      unreadableCalls: table ? 0 : 1,
      reasons: table ? [] : ['the explanation is no token table'],
    }
  },
}

/** Asks an LLM in the sparse form, several examples a call. */
export function sparseSimulator(
  llm: Llm,
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
): Simulator {
  return {
    tier: 'integersSparse',
    simulate: async (explanation, feature, examples, priority) => {
      const predicted: (readonly number[] | null)[] = examples.map(() => null)
      const reasons: string[] = []
      let failedCalls = 0
      let unreadableCalls = 0
      const calls = dealExamples(examples, llm.simulate.examplesPerCall, seed, feature)
      const read = (call: readonly number[], reply: Pick<ReplyContent, 'text' | 'cut'>) =>
        readSimulation(
          reply,
          call.map((index) => examples[index]!),
          scale,
        )
      const answers = await Promise.all(
        calls.map((call) => {
          const windows = call.map((index) => textsOf(examples[index]!.tokens))
          return llm.chat.ask(simulateRequest(llm.simulate, explanation, windows, scale), {
            stage: 'score',
            priority,
            again: (answer) => llm.reask && read(call, answer).includes(null),
          })
        }),
      )
      for (const [number, call] of calls.entries()) {
        const answer = answers[number]!
        if (answer.kind === 'failed') {
          failedCalls++
          reasons.push(answer.reason)
          continue
        }
        const parsed = read(call, answer)
        for (const [place, index] of call.entries()) predicted[index] = parsed[place] ?? null
        const missing = parsed.filter((prediction) => prediction === null).length
        if (missing === 0) continue
        unreadableCalls++
        reasons.push(
          answer.problem ?? `${missing} of ${call.length} examples without an answer that can be read`,
        )
      }
      return { predicted, calls: calls.length, failedCalls, unreadableCalls, reasons }
    },
  }
}

/** The predictions in a reply, one for each example; null where its answer is missing. */
export function readSimulation(
  { text, cut }: Pick<ReplyContent, 'text' | 'cut'>,
  examples: readonly StoredExample[],
  scale: number,
): readonly (readonly number[] | null)[] {
  const lengths = examples.map(({ tokens }) => tokens.length)
  return text === null ? lengths.map(() => null) : parseSimulation(text, lengths, scale, cut)
}
