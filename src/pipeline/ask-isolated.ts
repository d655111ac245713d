import { dealBlock, type IsolatedCall } from '../autointerp/isolate-blocks.ts'
import { isolateRequest } from '../autointerp/isolate-messages.ts'
import type { ChatRequest } from '../core/chat-model.ts'
import type { StoredExample } from '../core/store.ts'
import { allEnded } from './pool.ts'
import { isIncomplete, readSimulation, type SimulatedWindow, type Simulation } from './simulate.ts'
import type { Llm } from './study.ts'

/** A feature in calls that it shares: its explanation, or another's, and its examples. */
export interface IsolatedFeature<Example extends SimulatedWindow = StoredExample> {
  readonly feature: number
  readonly explanation: string
  readonly examples: readonly Example[]
}

/** The calls of features that share them, with the requests. */
export function isolatedRequests<Example extends SimulatedWindow>(
  llm: Pick<Llm, 'simulate'>,
  features: readonly IsolatedFeature<Example>[],
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
): {
  readonly call: IsolatedCall
  readonly asked: readonly Example[]
  readonly request: ChatRequest
}[] {
  const byFeature = new Map(features.map((one) => [one.feature, one]))
  return dealBlock(
    features.map(({ feature, examples }) => [feature, examples.length]),
    seed,
  ).map((call) => {
    const asked = call.map(([feature, example]) => byFeature.get(feature)!.examples[example]!)
    const isolated = call.map(([feature], place) => ({
      explanation: byFeature.get(feature)!.explanation,
      window: textsOf(asked[place]!.tokens),
    }))
    return { call, asked, request: isolateRequest(llm.simulate, isolated, scale) }
  })
}

/** What came of asking about examples of several features at a time, by feature. */
export async function askIsolated(
  llm: Llm,
  features: readonly IsolatedFeature<SimulatedWindow>[],
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
  priority: number,
): Promise<Map<number, Simulation>> {
  const tallies = new Map(features.map((one) => [one.feature, new Tally(one.examples.length)]))
  await allEnded(
    isolatedRequests(llm, features, scale, seed, textsOf).map(async ({ call, asked, request }) => {
      const answer = await llm.chat.ask(request, {
        stage: 'score',
        priority,
        again: (reply) => llm.reask && isIncomplete(reply, asked, llm.tier, scale),
      })
      if (answer.kind === 'failed') {
        for (const [feature] of call) tallies.get(feature)!.fail(answer.reason)
        return
      }
      const lengths = asked.map(({ tokens }) => tokens.length)
      const { levels, problem } = readSimulation(answer, lengths, llm.tier, scale)
      for (const [place, [feature, example]] of call.entries())
        tallies.get(feature)!.add(example, levels[place]!, problem)
    }),
  )
  return new Map([...tallies].map(([feature, tally]) => [feature, tally.simulation()]))
}

/** Collects what a feature's calls came to; the order in which they end changes nothing. */
class Tally {
  readonly #predicted: (readonly number[] | null)[]
  readonly #problems = new Map<number, string>()
  readonly #reasons: string[] = []
  #failedCalls = 0

  constructor(examples: number) {
    this.#predicted = Array.from({ length: examples }, () => null)
  }

  fail(reason: string): void {
    this.#failedCalls++
    this.#reasons.push(reason)
  }

  add(example: number, levels: readonly number[] | null, problem: string | null): void {
    this.#predicted[example] = levels
    if (levels === null)
      this.#problems.set(example, problem ?? 'one example without an answer that can be read')
  }

  simulation(): Simulation {
    return {
      predicted: this.#predicted,
      calls: this.#predicted.length,
      failedCalls: this.#failedCalls,
      unreadableCalls: this.#problems.size,
      digitMass: null,
      reasons: [...this.#reasons, ...this.#problems.values()].toSorted(),
    }
  }
}
