import { describe, expect, it } from 'vitest'
import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import { quantize } from '../../src/autointerp/quantize.ts'
import { renderAnswer } from '../../src/autointerp/simulate-messages.ts'
import { scoreSimulation } from '../../src/autointerp/simulation-score.ts'
import { escapeForPrompt } from '../../src/core/escape-prompt.ts'
import type { Slice } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import type { StoredExample } from '../../src/core/store.ts'
import { textsOfTokens } from '../../src/core/token-text.ts'
import { isolateSimulator } from '../../src/pipeline/isolate.ts'
import { llmSimulator } from '../../src/pipeline/simulate.ts'
import { readQuestion } from '../fake-llm/prompt-reading.ts'
import { judge } from '../support/in-process-judge.ts'

/** Tokens that are hard to show, as bytes; the first of each group is what a feature fires on. */
const HARD: Readonly<Record<string, readonly (readonly number[])[]>> = {
  'line breaks': [[0x0a], [0x0a, 0x0a], [0x0d, 0x0a]],
  tabs: [[0x09], [0x09, 0x09], [0x20]],
  'cut characters': [[0xe2], [0x82], [0xac], [0xf0, 0x9f], [0x98, 0x80]],
  // What could be taken for indices, marks or answers.
  'marks of the prompt': ['⁵', '«', '»', '\\'].map((mark) => [...Buffer.from(mark)]),
  answers: ['3=9', '1: none', ' 2', '=', '4'].map((text) => [...Buffer.from(text)]),
  'nothing to see': [[0xe2, 0x80, 0x8b], [], [0xef, 0xbb, 0xbf]],
}
const WORDS = [' the', ' whale', ',', ' and', ' sank', ' in', '.', 'ed', ' sea', 's'].map((word) => [
  ...Buffer.from(word),
])
const M = 3.7

interface Planted {
  readonly examples: readonly StoredExample[]
  readonly textsOf: (tokens: readonly number[]) => string[]
}

/** Sixty windows of a feature that fires on hard tokens, by amounts of its own at each. */
function plant(name: string): Planted {
  const hard = HARD[name]!
  const vocabulary = [...hard, ...WORDS].map((bytes) => Uint8Array.from(bytes))
  const random = new Random(1, name)
  const examples = Array.from({ length: 60 }, (_, id): StoredExample => {
    const tokens = Array.from({ length: 9 }, () => hard.length + random.below(WORDS.length))
    const slice: Slice =
      id < 6 ? 'top' : id < 30 ? `interval ${1 + ((id - 6) >> 1)}` : id < 40 ? 'random' : 'other'
    const nominal = random.below(9)
    // Hard tokens side by side, too: the next one may continue the character of this one.
    if (id < 30 || id >= 40)
      for (let place = nominal; place < 9 && place < nominal + 1 + (id % 3); place++)
        tokens[place] = random.below(hard.length)
    const activations = tokens.map((token) =>
      id < 40 && token < hard.length ? M * Math.max(0.02, random.uniform()) : 0,
    )
    return {
      id,
      use: 'score',
      slice,
      document: id,
      context: id,
      position: 20,
      nominal,
      silent: activations[nominal] === 0,
      tokens,
      activations,
    }
  })
  return { examples, textsOf: (tokens) => textsOfTokens(tokens.map((token) => vocabulary[token]!)) }
}

/** Answers the quantized truth of the windows it is shown, which it knows by their texts. */
function answersOf({ examples, textsOf }: Planted, form: 'sparse' | 'dense'): (content: string) => string {
  const key = (shown: readonly string[]): string => JSON.stringify(shown)
  const truth = new Map(
    examples.map(({ tokens, activations }) => [
      key(textsOf(tokens).map(escapeForPrompt)),
      activations.map((activation) => quantize(activation, M, 9)),
    ]),
  )
  expect(truth.size).toBe(examples.length)
  return (content) => {
    const question = readQuestion(content)
    if (question.task !== 'simulate' && question.task !== 'isolate') throw new Error('expected a question')
    return renderAnswer(
      question.examples.map(({ tokens }) => truth.get(key(tokens))!),
      form,
    )
  }
}

function scoreOf({ examples }: Planted, predicted: readonly (readonly number[] | null)[], anyReply = true) {
  const simulated = examples.map((example, index) => ({ ...example, predicted: predicted[index]! }))
  const limits = { minimumExamples: 20, minimumFiring: 5 }
  return scoreSimulation(simulated, [], limits, new Bootstrap(0, 20), anyReply)
}

describe('a judge that answers the quantized truth', () => {
  it.each(Object.keys(HARD))('is read token by token where a feature fires on %s', async (name) => {
    const planted = plant(name)
    for (const tier of ['integersSparse', 'integersDense'] satisfies LlmTier[]) {
      const form = tier === 'integersSparse' ? 'sparse' : 'dense'
      const answer = answersOf(planted, form)
      for (const lost of [0, 1]) {
        const llm = judge(
          // One call of five.
          (content) => (llm.asked.length <= lost ? null : answer(content)),
          tier,
          { examplesPerCall: lost === 0 ? 20 : 12 },
        )
        const simulation = await llmSimulator(llm, 9, 0, planted.textsOf).simulate(
          'x',
          1,
          planted.examples,
          0,
        )
        expect(simulation.unreadableCalls).toBe(0)
        expect(simulation).toMatchObject({ calls: lost === 0 ? 3 : 5, failedCalls: lost })
        const { simulation: score } = scoreOf(planted, simulation.predicted)
        expect(score.undefined).toBeNull()
        expect(score.value).toBeGreaterThanOrEqual(0.995)
      }
    }
  })

  it.each(Object.keys(HARD))('is read with --isolate where a feature fires on %s', async (name) => {
    const planted = plant(name)
    const llm = judge(answersOf(planted, 'sparse'), 'integersSparse', { isolate: true })
    const simulator = isolateSimulator(llm, 9, 0, planted.textsOf, {
      blocks: [
        [
          { feature: 1, partner: 2, blank: false },
          { feature: 2, partner: null, blank: false },
          { feature: 3, partner: 1, blank: true },
        ],
      ],
      planned: [1, 2, 3],
      textOf: (feature) => `explanation ${feature}`,
      examplesOf: () => planted.examples,
    })
    const simulations = await Promise.all([
      simulator.simulate('explanation 1', 1, planted.examples, 0),
      simulator.simulate('explanation 2', 1, planted.examples, 0),
      simulator.simulate('explanation 2', 2, planted.examples, 0),
      simulator.simulate(llm.simulate.blankDescription, 3, planted.examples, 0),
      simulator.simulate('an explanation of none of them', 3, planted.examples, 0),
    ])
    // Three features share sixty calls, and as many of either control; what is no role's is asked about alone.
    expect(llm.asked).toHaveLength(60 + 60 + 60 + 60)
    for (const { predicted, unreadableCalls } of simulations) {
      expect(unreadableCalls).toBe(0)
      expect(scoreOf(planted, predicted).simulation.value).toBeGreaterThanOrEqual(0.995)
    }
  })
})
