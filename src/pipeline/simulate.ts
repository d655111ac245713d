import { dealExamples, simulateRequest } from '../autointerp/simulate-messages.ts'
import { parseSimulation } from '../autointerp/simulation-reply.ts'
import { parseTokenTable, simulateByTokenTable } from '../autointerp/token-table.ts'
import type { StoredExample } from '../core/store.ts'
import type { Tier } from '../core/scores.ts'
import type { Asker } from './ask.ts'
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
  simulate(explanation: string, feature: number, examples: readonly StoredExample[]): Promise<Simulation>
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
  asker: Asker,
  llm: Llm,
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
): Simulator {
  return {
    tier: 'integersSparse',
    simulate: async (explanation, feature, examples) => {
      const predicted: (readonly number[] | null)[] = examples.map(() => null)
      const reasons: string[] = []
      let failedCalls = 0
      let unreadableCalls = 0
      const calls = dealExamples(examples, llm.simulate.examplesPerCall, seed, feature)
      for (const call of calls) {
        const windows = call.map((index) => textsOf(examples[index]!.tokens))
        const answer = await asker.ask(simulateRequest(llm.simulate, explanation, windows, scale))
        if (answer.kind === 'failed') {
          failedCalls++
          reasons.push(answer.reason)
          continue
        }
        const lengths = call.map((index) => examples[index]!.tokens.length)
        const parsed = answer.text === null ? [] : parseSimulation(answer.text, lengths, scale, answer.cut)
        for (const [place, index] of call.entries()) predicted[index] = parsed[place] ?? null
        const missing = call.filter((index) => predicted[index] === null).length
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
