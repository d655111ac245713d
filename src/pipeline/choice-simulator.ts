import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { dealExamples, renderAnswer } from '../autointerp/simulate-messages.ts'
import type { ChatModel } from '../core/chat-model.ts'
import type { StoredExample } from '../core/store.ts'
import type { Ask } from './explainer.ts'
import { llmSimulator, type Simulation } from './simulate.ts'
import type { Llm, Study } from './study.ts'

/** Explanations are compared by integers, in sparse form, whatever the tier that scores are read in. */
const CHOICE_TIER = 'integersSparse'

/** What an explanation predicts of choose examples. */
export interface ChoiceSimulation extends Omit<Simulation, 'digitMass'> {
  /** By the example's place; null where it was not asked about, or no answer could be read. */
  readonly predicted: readonly (readonly number[] | null)[]
  /** The requests, in the order in which they were made. */
  readonly hashes: readonly string[]
}

/** Simulates explanations of a feature on some of its choose examples, each text once. */
export type ChoiceSimulator = (text: string, places: readonly number[]) => Promise<ChoiceSimulation>

/** The way to choice simulators: one for each feature. */
export function choiceSimulator(
  study: Study,
  llm: Llm,
  textsOf: (tokens: readonly number[]) => readonly string[],
): (
  feature: number,
  explaining: readonly StoredExample[],
  choosing: readonly StoredExample[],
  ask: Ask,
) => ChoiceSimulator {
  const { choose: prompt } = llm
  const { config, protocol } = study
  return (feature, explaining, choosing, ask) => {
    const max = largestActivation(explaining)
    const known = new Map<string, Promise<ChoiceSimulation>>()

    const simulate: ChoiceSimulator = async (text, places) => {
      const examples = places.map((place) => choosing[place]!)
      const expected = dealExamples(examples, prompt.examplesPerCall, config.seed, feature).map((call) =>
        renderAnswer(
          call.map((index) =>
            misplaced(examples[index]!.activations.map((one) => quantize(one, max, protocol.scale))),
          ),
          prompt.form,
        ),
      )
      const hashes: string[] = []
      const chat = askingThrough(llm.chat, ask, expected, hashes)
      const asked = { ...llm, chat, simulate: prompt, tier: CHOICE_TIER, reask: true } as const
      const simulator = llmSimulator(asked, protocol.scale, config.seed, textsOf)
      const simulation = await simulator.simulate(text, feature, examples, 0)
      const predicted = new Map(places.map((place, index) => [place, simulation.predicted[index]!]))
      return {
        ...simulation,
        predicted: choosing.map((_, place) => predicted.get(place) ?? null),
        hashes,
      }
    }
    return (text, places) => {
      const key = JSON.stringify([text, places])
      const simulation = known.get(key) ?? simulate(text, places)
      known.set(key, simulation)
      return simulation
    }
  }
}

/** A prediction about as long as a true one, yet wrong: so a rehearsal gets to see what comes of errors. */
function misplaced(levels: readonly number[]): number[] {
  return levels.map((_, index) => levels.at(index - 1)!)
}

/** A chat model whose requests are questions of an explainer. */
function askingThrough(chat: ChatModel, ask: Ask, expected: readonly string[], hashes: string[]): ChatModel {
  let asked = 0
  return {
    group: chat.group,
    model: chat.model,
    mostInFlight: chat.mostInFlight,
    ask: async (request, { again = () => false }) => {
      const place = asked++
      const answer = await ask({
        request,
        isUnreadable: again,
        expected: expected[place % expected.length]!,
      })
      hashes[place] = answer.hash
      return answer
    },
    answered: (request) => chat.answered(request),
    forecast: (request, reply) => chat.forecast(request, reply),
    expectedSeconds: (requests, tokens) => chat.expectedSeconds(requests, tokens),
    spending: () => chat.spending(),
    takeEvents: () => chat.takeEvents(),
  }
}
