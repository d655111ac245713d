import { describe, expect, it, onTestFinished } from 'vitest'
import type { Capabilities } from '../../src/core/capabilities.ts'
import type { LlmTier } from '../../src/core/scores.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { score } from '../../src/pipeline/score.ts'
import { started } from '../fake-llm/asking.ts'
import type { DialectName } from '../fake-llm/options.ts'
import type { OracleMode } from '../fake-llm/oracle.ts'
import { unescapeShown } from '../fake-llm/prompt-reading.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const FEATURES = { kind: 'random', count: 4 } as const
const LABEL = 'Description: '
const byDescription = new Map(PLANTED_RULES.map((rule) => [rule.description, rule]))

/** What a model that knows the rules believes in at a line of a simulation prompt, and is not quite sure. */
function nextToken(before: string): Record<string, number> {
  // This runs at every token of long prompts.
  const at = before.lastIndexOf(LABEL)
  if (!before.endsWith('\t') || at < 0) return { x: 1 }
  const [description] = before.slice(at + LABEL.length, at + LABEL.length + 1000).split('\n', 1)
  const token = before.slice(before.lastIndexOf('\n') + 1, -1)
  const level = byDescription.get(description!)?.level(unescapeShown(token)) ?? 0
  const near = level === 0 ? 1 : level - 1
  return { [` ${level}`]: 0.5, [level]: 0.4, [near]: 0.05, x: 0.05 }
}

async function valuesOf(
  oracleMode: OracleMode,
  tier: LlmTier,
  dialect: DialectName,
  promptLogprobs: Capabilities['promptLogprobs'],
): Promise<number[]> {
  const prompts = tier === 'promptLogprobs' ? { nextToken } : {}
  const llm = await started({ rules: PLANTED_RULES, oracleMode, dialect, ...prompts })
  const study = plantedStudy()
  // One text a call, as usual for prompts, is tested in simulate-prompt.test.ts: here it would be slow.
  const few = tier === 'promptLogprobs' ? { examplesPerCall: 20 } : {}
  const judge = judgeAt(llm, study, { tier, promptLogprobs, ...few })
  onTestFinished(async () => {
    await judge.chat.close()
    study.store.close()
  })
  await eventsOf(explain(study, judge, FEATURES))
  await eventsOf(score(study, judge, FEATURES))
  const rows = study.store.scores.all('planted', 'simulation').filter(({ scorer }) => scorer === 'simulation')
  expect(rows).toHaveLength(FEATURES.count)
  for (const row of rows) expect(row).toMatchObject({ tier, undefined: null, failedCalls: 0 })
  return rows.map(({ value }) => value!)
}

describe.each([
  ['integersSparse', 'openai', null],
  ['integersDense', 'openai', null],
  ['chatLogprobs', 'openai', null],
  ['chatLogprobs', 'llamacpp', null],
  ['promptLogprobs', 'vllm', 'prompt_logprobs'],
  ['promptLogprobs', 'vllm', 'echo'],
  ['promptLogprobs', 'sglang', 'generate'],
] as const)('an oracle in the tier %s, on %s by %s', (tier, dialect, way) => {
  it('scores true explanations high', async () => {
    expect(Math.min(...(await valuesOf('true', tier, dialect, way)))).toBeGreaterThanOrEqual(0.95)
  })

  it('scores false explanations at nothing', async () => {
    const values = await valuesOf('false', tier, dialect, way)
    expect(values.toSorted((a, b) => a - b)[values.length >> 1]).toBeLessThanOrEqual(0.1)
    expect(Math.max(...values)).toBeLessThan(0.3)
  })
})
