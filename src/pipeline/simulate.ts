import { dealExamples, simulateRequest } from '../autointerp/simulate-messages.ts'
import { expectedAtPlaces, simulatePrompt } from '../autointerp/simulate-prompt.ts'
import { expectedDense, parseDense } from '../autointerp/dense-reply.ts'
import { parseSimulation } from '../autointerp/simulation-reply.ts'
import { readBaselineTable } from '../autointerp/baseline-table.ts'
import type { Answer, LlmRequest } from '../core/chat-model.ts'
import type { StoredExample } from '../core/store.ts'
import type { LlmTier, Tier } from '../core/scores.ts'
import { allEnded } from './pool.ts'
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
  /** Mean probability on digits, where predictions were read from log-probabilities. */
  readonly digitMass: number | null
  /** Why calls failed or answers were missing. */
  readonly reasons: readonly string[]
}

/** What a simulator is told of an example; its slice decides into which call it goes, and is in none. */
export type SimulatedWindow = Pick<StoredExample, 'tokens' | 'slice'>

/** Predicts the activations of examples from an explanation alone. */
export interface Simulator {
  readonly tier: Tier
  /** How examples are dealt to calls, as indices; empty where there are no calls. */
  deal(feature: number, examples: readonly StoredExample[]): readonly (readonly number[])[]
  /** Which examples are worth simulating, from the protocol's own and further ones; without it, the own ones. */
  choose?(
    explanation: string,
    feature: number,
    standard: readonly StoredExample[],
    priority: number,
  ): Promise<readonly StoredExample[]>
  /** @param priority calls of lower numbers are sent first */
  simulate(
    explanation: string,
    feature: number,
    examples: readonly SimulatedWindow[],
    priority: number,
  ): Promise<Simulation>
}

/** The baselines': reads the table that an explanation's text is, and nothing else. */
export const tableSimulator: Simulator = {
  tier: 'table',
  deal: () => [],
  simulate: async (explanation, _feature, examples) => {
    const table = readBaselineTable(explanation)
    return {
      predicted: examples.map(({ tokens }) => table?.(tokens) ?? null),
      calls: 1,
      failedCalls: 0,
      unreadableCalls: table ? 0 : 1,
      digitMass: null,
      reasons: table ? [] : ['the explanation is no table'],
    }
  },
}

/** Alternatives that are asked for at each token of a reply: the most that servers agree on. */
const TOP_LOGPROBS = 20

/** The request to simulate a call's examples, as the tier has it. */
export function simulationRequest(
  { simulate, tier }: Pick<Llm, 'simulate' | 'tier'>,
  explanation: string,
  windows: readonly (readonly string[])[],
  scale: number,
): LlmRequest {
  if (tier === 'promptLogprobs') return simulatePrompt(simulate, explanation, windows, scale)
  const request = simulateRequest(simulate, explanation, windows, scale)
  return tier === 'chatLogprobs' ? { ...request, topLogprobs: TOP_LOGPROBS } : request
}

/** Asks an LLM in the form of its prompt, several examples a call, and reads replies as its tier says. */
export function llmSimulator(
  llm: Llm,
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
): Simulator {
  const deal = (feature: number, examples: readonly SimulatedWindow[]): number[][] =>
    dealExamples(examples, llm.simulate.examplesPerCall, seed, feature)
  return {
    tier: llm.tier,
    deal,
    simulate: async (explanation, feature, examples, priority) => {
      const predicted: (readonly number[] | null)[] = examples.map(() => null)
      const reasons: string[] = []
      const masses: number[] = []
      let failedCalls = 0
      let unreadableCalls = 0
      const calls = deal(feature, examples)
      const lengthsOf = (call: readonly number[]): number[] =>
        call.map((index) => examples[index]!.tokens.length)
      const answers = await allEnded(
        calls.map((call) =>
          llm.chat.ask(
            simulationRequest(
              llm,
              explanation,
              call.map((index) => textsOf(examples[index]!.tokens)),
              scale,
            ),
            {
              stage: 'score',
              priority,
              again: (answer) =>
                llm.reask &&
                isIncomplete(
                  answer,
                  call.map((index) => examples[index]!),
                  llm.tier,
                  scale,
                ),
            },
          ),
        ),
      )
      for (const [number, call] of calls.entries()) {
        const answer = answers[number]!
        if (answer.kind === 'failed') {
          failedCalls++
          reasons.push(answer.reason)
          continue
        }
        const { levels, masses: found, problem } = readSimulation(answer, lengthsOf(call), llm.tier, scale)
        masses.push(...found)
        for (const [place, index] of call.entries()) predicted[index] = levels[place] ?? null
        const missing = levels.filter((level) => level === null).length
        if (missing === 0) continue
        unreadableCalls++
        reasons.push(problem ?? `${missing} of ${call.length} examples without an answer that can be read`)
      }
      const digitMass = masses.length > 0 ? masses.reduce((a, b) => a + b, 0) / masses.length : null
      return { predicted, calls: calls.length, failedCalls, unreadableCalls, digitMass, reasons }
    },
  }
}

/** Whether the answer to one of a call's examples is missing in a reply. */
export function isIncomplete(
  reply: Reply,
  examples: readonly SimulatedWindow[],
  tier: LlmTier,
  scale: number,
): boolean {
  const lengths = examples.map(({ tokens }) => tokens.length)
  return readSimulation(reply, lengths, tier, scale).levels.includes(null)
}

/** What a reply says of examples of these lengths. */
export function readSimulation(
  reply: Reply,
  lengths: readonly number[],
  tier: LlmTier,
  scale: number,
): Reading {
  return READERS[tier](reply, lengths, scale)
}

type Reply = Extract<Answer, { kind: 'reply' }>

/** What is read of a reply: levels by example, null where missing, and the probability on digits where it is known. */
export interface Reading {
  readonly levels: readonly (readonly number[] | null)[]
  readonly masses: readonly number[]
  readonly problem: string | null
}

type Reader = (reply: Reply, lengths: readonly number[], scale: number) => Reading

const READERS: Readonly<Record<LlmTier, Reader>> = {
  integersSparse: ({ text, cut, problem }, lengths, scale) =>
    text === null
      ? nothing(lengths, problem)
      : { levels: parseSimulation(text, lengths, scale, cut), masses: [], problem },
  integersDense: ({ text, cut, problem }, lengths, scale) =>
    text === null
      ? nothing(lengths, problem)
      : {
          levels: parseDense(text, lengths, scale, cut).map((answer) => answer?.levels ?? null),
          masses: [],
          problem,
        },
  chatLogprobs: ({ text, tokens, cut, problem }, lengths, scale) => {
    if (text === null) return nothing(lengths, problem)
    // A server may say 200 and return none. That is no zero, and no integer in disguise.
    if (tokens === null)
      return nothing(lengths, 'the reply has no log-probabilities; score with --tier integersDense')
    const expected = expectedDense(text, tokens, parseDense(text, lengths, scale, cut), scale)
    if (expected === null) return nothing(lengths, "the reply's tokens do not join to its text")
    return {
      levels: expected.map((one) => one?.levels ?? null),
      masses: expected.flatMap((one) => one?.digitMass ?? []),
      problem,
    }
  },
  promptLogprobs: ({ tokens, problem }, lengths, scale) => {
    const expected = tokens && expectedAtPlaces(tokens, lengths, scale)
    if (!expected)
      return nothing(lengths, problem ?? 'the reply has not one distribution for each token asked about')
    return {
      levels: expected.map((one) => one?.levels ?? null),
      masses: expected.flatMap((one) => one?.digitMass ?? []),
      problem: problem ?? 'less than half of the probability is on digits',
    }
  },
}

function nothing(lengths: readonly number[], problem: string | null): Reading {
  return { levels: lengths.map(() => null), masses: [], problem }
}
