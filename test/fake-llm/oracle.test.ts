import { describe, expect, it } from 'vitest'
import { spearman } from '../../src/autointerp/correlation.ts'
import { explainRequest } from '../../src/autointerp/explain-messages.ts'
import { parseExplanation } from '../../src/autointerp/explanation-reply.ts'
import { simulateRequest } from '../../src/autointerp/simulate-messages.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { bundledExplainPrompt, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { ChatRequest } from '../../src/core/chat-model.ts'
import type { Slice } from '../../src/core/protocol.ts'
import { Random } from '../../src/core/random.ts'
import type { Example } from '../../src/core/records.ts'
import { ask, started } from './asking.ts'
import { type OracleMode, type Rule, ruleOf } from './oracle.ts'
import { readQuestion, unescapeShown } from './prompt-reading.ts'
import type { FakeLlm } from './server.ts'

const WORDS = [
  ' the',
  ' whale',
  ' sank',
  '\n',
  ' «9»',
  ':4',
  ' 日',
  ' ship',
  ' 1851',
  ';',
  '·²',
  '',
  ' sea',
  ' red',
]
const textsOf = (tokens: readonly number[]): string[] => tokens.map((token) => WORDS[token]!)
const RULES: readonly Rule[] = [
  ruleOf({
    name: 'sea',
    description: 'Words of\n the “sea” «x»',
    tokens: { ' whale': 9, ' ship': 6, ' sea': 3 },
  }),
  ruleOf({ name: 'odd', description: 'Odd marks', tokens: { ' «9»': 9, '·²': 4, '\n': 6 } }),
  ruleOf({ name: 'whale', description: 'The word whale', tokens: { ' whale': 9 } }),
  ruleOf({ name: 'colours', description: 'Colours', tokens: { ' red': 9, ' blue': 9 } }),
]

/** Windows of nine tokens in which a rule fires as it says, half as strongly as its levels. */
function planted(rule: Rule, slice: Slice, count: number, random: Random): Example[] {
  return Array.from({ length: count }, () => {
    const tokens = Array.from({ length: 9 }, () => random.below(WORDS.length))
    return {
      use: 'explain',
      slice,
      document: 0,
      context: 0,
      position: 4,
      nominal: 4,
      silent: false,
      tokens,
      activations: tokens.map((token) => rule.level(WORDS[token]!) / 2),
    }
  })
}

async function reply(llm: FakeLlm, { messages, maxTokens }: ChatRequest): Promise<string> {
  const body = { model: 'fake-model', messages, max_tokens: maxTokens }
  const { json } = await ask(llm, `${llm.url}/chat/completions`, body)
  return json['choices']![0]!['message']!['content'] as unknown as string
}

/** Explains a planted feature, predicts from the explanation, and correlates. */
async function score(llm: FakeLlm, rule: Rule, seed: number): Promise<{ text: string; rho: number | null }> {
  const random = new Random(seed, rule.name)
  const shown = [
    ...planted(rule, 'top', 10, random),
    ...planted(rule, 'interval 2', 10, random),
    ...planted(rule, 'random', 10, random),
  ]
  const explained = parseExplanation(
    await reply(llm, explainRequest(bundledExplainPrompt(), shown, 9, textsOf)),
  )
  if (!('text' in explained)) throw new Error(explained.problem)
  const asked = planted(rule, 'top', 20, random)
  const windows = asked.map(({ tokens }) => textsOf(tokens))
  const predicted = parseSimulation(
    await reply(llm, simulateRequest(bundledSimulatePrompt(), explained.text, windows, 9)),
    windows.map(({ length }) => length),
    9,
    false,
  )
  expect(predicted).not.toContain(null)
  const truth = asked.flatMap(({ activations }) => activations)
  return {
    text: explained.text,
    rho: spearman(
      truth,
      predicted.flatMap((levels) => levels ?? []),
    ),
  }
}

describe('the oracle', () => {
  it('explains by the rule that fits, and predicts from it what fires', async () => {
    const llm = await started({ rules: RULES })
    for (const [index, rule] of RULES.entries()) {
      const { text, rho } = await score(llm, rule, index)
      expect(text).toBe(rule.description.replace(/\s+/g, ' '))
      expect(rho).toBeGreaterThanOrEqual(0.95)
    }
  })

  it('explains by another rule where it lies, and then predicts what does not fire', async () => {
    const disjoint = [RULES[0]!, RULES[1]!, RULES[3]!]
    const llm = await started({ rules: disjoint, oracleMode: 'false' })
    for (const [index, rule] of disjoint.entries()) {
      const { text, rho } = await score(llm, rule, index)
      expect(text).toBe(disjoint[(index + 1) % 3]!.description.replace(/\s+/g, ' '))
      expect(rho).toBeLessThanOrEqual(0.1)
    }
  })

  it('lies about some features only', async () => {
    const mode: OracleMode = (fitting) => (fitting === 'odd' ? 'false' : 'true')
    const llm = await started({ rules: RULES, oracleMode: mode })
    expect((await score(llm, RULES[0]!, 0)).text).toContain('sea')
    expect((await score(llm, RULES[1]!, 0)).text).toBe('The word whale')
  })

  it('predicts nothing from a description that it does not know', async () => {
    const llm = await started({ rules: RULES })
    const request = simulateRequest(bundledSimulatePrompt(), 'Fires on\nwhales', [[' whale'], ['a', 'b']], 9)
    expect(await reply(llm, request)).toBe('1: none\n2: none')
  })

  it('without rules reports what it is shown, and predicts from such a report', async () => {
    const llm = await started()
    for (const [index, rule] of RULES.entries()) {
      const { text, rho } = await score(llm, rule, index)
      expect(text).toMatch(/^fires on [0-9a-f]+$/)
      expect(rho).toBeGreaterThanOrEqual(0.95)
    }
    const unreadable = simulateRequest(bundledSimulatePrompt(), 'fires on deadbeef', [['a']], 9)
    expect(await reply(llm, unreadable)).toBe('1: none')
  })

  it('says ok to what it does not understand', async () => {
    const llm = await started({ rules: RULES })
    expect(await reply(llm, { messages: [{ role: 'user', content: 'Hello?' }], maxTokens: 5 })).toBe('ok')
  })
})

describe('reading a prompt', () => {
  it('finds the tokens of each example, empty ones too', () => {
    const windows = [WORDS, ['a'], Array.from({ length: 12 }, (_, index) => (index < 9 ? 'x' : ''))]
    const { messages } = simulateRequest(bundledSimulatePrompt(), 'A "b": c\\d', windows, 9)
    const question = readQuestion(messages.at(-1)!.content)
    if (question.task !== 'simulate') throw new Error(question.task)
    expect(unescapeShown(question.description)).toBe('A "b": c\\d')
    expect(question.examples.map(({ number }) => number)).toEqual([1, 2, 3])
    expect(question.examples.map(({ tokens }) => tokens.map(unescapeShown))).toEqual(windows)
  })

  it('finds the tokens that fire, with their levels', () => {
    const [first] = planted(RULES[1]!, 'top', 1, new Random(3))
    const example = { ...first!, tokens: [0, 4, 5, 3, 10], activations: [0, 9, 2, 5, 0] }
    const { messages } = explainRequest(bundledExplainPrompt(), [example], 9, textsOf)
    const question = readQuestion(messages.at(-1)!.content)
    if (question.task !== 'explain') throw new Error(question.task)
    expect(
      question.windows.map((window) =>
        window.map((part) =>
          typeof part === 'string' ? unescapeShown(part) : { ...part, token: unescapeShown(part.token) },
        ),
      ),
    ).toEqual([
      [' the', { token: ' «9»', level: 9 }, { token: ':4', level: 2 }, { token: '\n', level: 5 }, '·²'],
    ])
  })

  it('finds the tokens of spans, which have no levels', () => {
    const [first] = planted(RULES[1]!, 'top', 1, new Random(3))
    const example = { ...first!, tokens: [0, 4, 3, 5, 10], activations: [0, 9, 8, 0, 0] }
    const { messages } = explainRequest(bundledExplainPrompt('delimiters'), [example], 9, textsOf)
    const question = readQuestion(messages.at(-1)!.content)
    if (question.task !== 'explain') throw new Error(question.task)
    const fires = (token: string): { token: string; level: number } => ({ token, level: 9 })
    expect(question.windows).toEqual([
      [' the', fires(' «'), fires('9'), fires('»'), fires('\n'), ':4·\\u{B2}'],
    ])
  })
})
