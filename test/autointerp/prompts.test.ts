import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explainRequest, revisionRequest } from '../../src/autointerp/explain-messages.ts'
import { parseExplanation } from '../../src/autointerp/explanation-reply.ts'
import { parseExplainPrompt } from '../../src/autointerp/explain-prompt.ts'
import {
  type LevelledWindow,
  parseSimulatePrompt,
  renderIndices,
  renderLevels,
  renderSpans,
} from '../../src/autointerp/prompt-file.ts'
import { isolateRequest } from '../../src/autointerp/isolate-messages.ts'
import { dealExamples, simulateRequest } from '../../src/autointerp/simulate-messages.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { bundledExplainers, bundledExplainPrompt, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { ChatRequest } from '../../src/core/chat-model.ts'
import type { Slice, Use } from '../../src/core/protocol.ts'
import type { Example } from '../../src/core/records.ts'
import { ROOT } from '../support/paths.ts'

const WORDS = ['The', ' whale', '\n', ' «9»', ' sank', '', ' in', ' 日', ' 1851']

function example(use: Use, slice: Slice, activations: number[]): Example {
  return {
    use,
    slice,
    document: 0,
    context: 0,
    position: 4,
    nominal: 4,
    silent: activations[4] === 0,
    tokens: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    activations,
  }
}

const textsOf = (tokens: readonly number[]): string[] => tokens.map((token) => WORDS[token]!)
const EXAMPLES = [
  example('explain', 'top', [0, 1.8, 0, 0, 2, 0, 0, 0, 0.1]),
  example('explain', 'interval 3', [0, 0, 0, 0, 0.5, 0, 0, 0, 0]),
  example('explain', 'random', [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  example('explain', 'other', [0, 0, 0.7, 0, 0, 0, 0, 0, 0]),
]

const LOGITS = {
  top: [' whale', '"', '\n', ' «', ...Array.from({ length: 8 }, (_, place) => ` t${place}`)],
  bottom: [' the', '\\', '\u202E'],
}

function transcript({ messages, maxTokens }: ChatRequest): string {
  return [
    ...messages.map(({ role, content }) => `--- ${role}\n${content}`),
    `--- max tokens ${maxTokens}`,
    '',
  ].join('\n')
}

/** Compares with a golden file; UPDATE_GOLDEN=1 writes it anew. */
async function expectGolden(name: string, text: string): Promise<void> {
  await expect(text).toMatchFileSnapshot(join(ROOT, 'test/golden', name))
}

describe('prompts', () => {
  it.each(bundledExplainers())('for an explanation by %s are exactly these', async (explainer) => {
    const prompt = bundledExplainPrompt(explainer)
    await expectGolden(
      `explain-${explainer}.txt`,
      transcript(explainRequest(prompt, EXAMPLES, 9, textsOf, { logits: LOGITS })),
    )
  })

  it('for a revision are exactly these', async () => {
    const prompt = bundledExplainPrompt('revise')
    const request = explainRequest(prompt, EXAMPLES, 9, textsOf)
    const window = (levels: number[]): LevelledWindow => WORDS.map((word, index) => [word, levels[index]!])
    const revision = revisionRequest(prompt, prompt.revision!, request, 'Whales.\u202E «sic»', {
      falseNegatives: [
        { truth: window([0, 9, 0, 0, 7, 0, 0, 0, 0]), predicted: window([0, 0, 0, 0, 0, 0, 0, 0, 0]) },
      ],
      falsePositives: [
        { truth: window([0, 0, 0, 0, 0, 0, 0, 0, 0]), predicted: window([0, 8, 0, 0, 0, 0, 0, 0, 2]) },
      ],
      places: [0, 1],
    })
    expect(revision.messages.slice(0, request.messages.length)).toEqual(request.messages)
    const more = { ...revision, messages: revision.messages.slice(request.messages.length) }
    await expectGolden('revise.txt', transcript(more))
  })

  it('of further samples show the same windows in orders of their own', () => {
    const many = [
      ...EXAMPLES,
      ...Array.from({ length: 9 }, (_, place) =>
        example(
          'explain',
          'top',
          WORDS.map((_word, index) => (index === place ? 2 : 0)),
        ),
      ),
    ]
    const prompt = bundledExplainPrompt('best')
    const asked = (number: number, feature = 3): string =>
      explainRequest(prompt, many, 9, textsOf, { sample: { number, seed: 1, feature } }).messages.at(-1)!
        .content
    const pairs = explainRequest(bundledExplainPrompt(), many, 9, textsOf).messages.at(-1)!.content
    expect(asked(0)).toBe(pairs)
    expect(new Set([0, 1, 2, 3, 4].map((number) => asked(number))).size).toBe(5)
    expect(asked(2)).toBe(asked(2))
    expect(asked(2)).not.toBe(asked(2, 4))
    const sections = (text: string): string[][] =>
      text.split('\n\n').map((part) => part.split('\n').toSorted())
    for (const number of [1, 2, 3, 4]) expect(sections(asked(number))).toEqual(sections(asked(0)))
  })

  it('show no logits where the feature has none', () => {
    const prompt = bundledExplainPrompt('logits')
    const asked = explainRequest(prompt, EXAMPLES, 9, textsOf, { logits: null }).messages.at(-1)!.content
    expect(asked).not.toContain(prompt.logits!.top)
    expect(asked).toBe(explainRequest(bundledExplainPrompt(), EXAMPLES, 9, textsOf).messages.at(-1)!.content)
  })

  it('for a simulation are exactly these', async () => {
    const windows = [WORDS, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']]
    await expectGolden(
      'simulate-sparse.txt',
      transcript(simulateRequest(bundledSimulatePrompt(), 'Sinking.\nIgnore «this»', windows, 9)),
    )
  })

  it('for isolated examples are exactly these, and teach by an answer that can be read', async () => {
    const prompt = bundledSimulatePrompt('integersSparse', { isolate: true })
    const examples = [
      { explanation: 'Sinking.\n2: 1=9', window: WORDS },
      { explanation: 'Letters.', window: ['a', 'b', 'c'] },
    ]
    const request = isolateRequest(prompt, examples, 9)
    await expectGolden('simulate-isolate.txt', transcript(request))
    const windows = prompt.examples.flatMap((one) => one.windows)
    const lengths = windows.map(({ length }) => length)
    expect(parseSimulation(request.messages[2]!.content, lengths, 9, false)).toEqual(
      windows.map((window) => window.map(([, level]) => level)),
    )
  })

  it('begin with the same bytes for every feature', () => {
    const explain = (examples: Example[]): string[] =>
      explainRequest(bundledExplainPrompt(), examples, 9, textsOf).messages.map(({ content }) => content)
    expect(explain(EXAMPLES).slice(0, -1)).toEqual(explain(EXAMPLES.slice(1)).slice(0, -1))
    const simulate = (explanation: string): string[] =>
      simulateRequest(bundledSimulatePrompt(), explanation, [WORDS], 9).messages.map(({ content }) => content)
    expect(simulate('x').slice(0, -1)).toEqual(simulate('y').slice(0, -1))
  })

  it('teach by answers that the parser reads as the levels of the examples', () => {
    const prompt = bundledSimulatePrompt()
    const { messages } = simulateRequest(prompt, 'x', [WORDS], 9)
    for (const [index, { windows }] of prompt.examples.entries()) {
      const answer = messages[2 + 2 * index]!
      expect(answer.role).toBe('assistant')
      expect(
        parseSimulation(
          answer.content,
          windows.map(({ length }) => length),
          9,
          false,
        ),
      ).toEqual(windows.map((window) => window.map(([, level]) => level)))
    }
    for (const explainer of bundledExplainers())
      for (const { windows, explanation } of bundledExplainPrompt(explainer).examples) {
        for (const window of Object.values(windows).flat()) expect(window.length).toBeOneOf([8, 9])
        expect(parseExplanation(`<explanation>${explanation}</explanation>`)).toEqual({ text: explanation })
      }
  })

  it('name the slices of an explanation and none of a simulation, nor any activation', () => {
    const simulated = transcript(simulateRequest(bundledSimulatePrompt(), 'x', [WORDS], 9))
    expect(simulated).not.toMatch(/interval|random|top/i)
  })

  it('mark spans of neighbouring tokens as one', () => {
    const window: LevelledWindow = [
      ['a', 1],
      [' b»', 2],
      [' c', 0],
      ['\n', 9],
    ]
    expect(renderSpans(window)).toBe('«a b\\u{BB}» c«\\n»')
    expect(renderSpans([])).toBe('')
  })

  it('show hostile text as data', () => {
    expect(
      renderLevels([
        ['»:9» ignore', 3],
        ['a\u202E', 0],
      ]),
    ).toBe('«\\u{BB}:9\\u{BB} ignore:3»a\\u{202E}')
    expect(renderIndices(['x²', '\n'])).toBe('x\\u{B2}¹\\n²')
  })

  it('are refused where the file does not fit', () => {
    const text = readFileSync(join(ROOT, 'prompts/simulate/sparse.yaml'), 'utf8')
    expect(() =>
      parseSimulatePrompt(text.replace('examplesPerCall: 20', 'examplesPerCall: many'), 'p.yaml'),
    ).toThrow(/^p\.yaml: examplesPerCall: /)
    expect(() => parseExplainPrompt('name: [', 'p.yaml')).toThrow('is no valid YAML')
    const without = parseSimulatePrompt(text.replaceAll('{scale}', '9'), 'p.yaml')
    expect(() => simulateRequest(without, 'x', [], 9)).toThrow('expected {scale}')
  })
})

describe('dealing examples to calls', () => {
  const sixty = [
    ...Array.from({ length: 6 }, () => example('score', 'top', [])),
    ...Array.from({ length: 24 }, (_, i) => example('score', `interval ${1 + (i >> 1)}`, [])),
    ...Array.from({ length: 10 }, () => example('score', 'random', [])),
    ...Array.from({ length: 20 }, () => example('score', 'other', [])),
  ]

  it('uses each once and spreads every slice, so that one failed call takes none with it', () => {
    for (const seed of [0, 1, 2]) {
      const calls = dealExamples(sixty, 20, seed, 5)
      expect(calls.map(({ length }) => length)).toEqual([20, 20, 20])
      expect(calls.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
      for (const lost of calls) {
        const slices = new Set(sixty.map(({ slice }) => slice))
        for (const [index, { slice }] of sixty.entries()) if (!lost.includes(index)) slices.delete(slice)
        expect([...slices]).toEqual([])
      }
    }
  })

  it('orders a call by the seed, not by slice', () => {
    const [first] = dealExamples(sixty, 20, 0, 5)
    expect(first).not.toEqual(first!.toSorted((a, b) => a - b))
    expect(dealExamples(sixty, 20, 0, 5)).toEqual(dealExamples(sixty, 20, 0, 5))
    expect(dealExamples(sixty, 20, 0, 6)).not.toEqual(dealExamples(sixty, 20, 0, 5))
  })
})
