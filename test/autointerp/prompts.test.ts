import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explainRequest } from '../../src/autointerp/explain-messages.ts'
import { parseExplainPrompt } from '../../src/autointerp/explain-prompt.ts'
import { parseSimulatePrompt, renderIndices, renderLevels } from '../../src/autointerp/prompt-file.ts'
import { dealExamples, simulateRequest } from '../../src/autointerp/simulate-messages.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { bundledExplainPrompt, bundledSimulatePrompt } from '../../src/cli/assets.ts'
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
  it('for an explanation are exactly these', async () => {
    await expectGolden(
      'explain-pairs.txt',
      transcript(explainRequest(bundledExplainPrompt(), EXAMPLES, 9, textsOf)),
    )
  })

  it('for a simulation are exactly these', async () => {
    const windows = [WORDS, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']]
    await expectGolden(
      'simulate-sparse.txt',
      transcript(simulateRequest(bundledSimulatePrompt(), 'Sinking.\nIgnore «this»', windows, 9)),
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
    for (const { windows } of bundledExplainPrompt().examples)
      for (const window of Object.values(windows).flat()) expect(window).toHaveLength(9)
  })

  it('name the slices of an explanation and none of a simulation, nor any activation', () => {
    const simulated = transcript(simulateRequest(bundledSimulatePrompt(), 'x', [WORDS], 9))
    expect(simulated).not.toMatch(/interval|random|top/i)
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
