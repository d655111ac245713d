import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type ExplainPrompt, parseExplainPrompt } from '../autointerp/explain-prompt.ts'
import { parseSimulatePrompt, type SimulatePrompt } from '../autointerp/prompt-file.ts'
import { parseQuestionPrompt, type QuestionPrompt } from '../autointerp/question-prompt.ts'
import { UsageError } from '../core/errors.ts'
import type { PageAssets } from '../export/report-file.ts'
import { REPORT_STYLE } from '../export/report-style.ts'
import { readText } from '../core/files.ts'
import { contentId } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import { parseProtocol, type Protocol } from '../core/protocol.ts'
import type { LlmTier } from '../core/scores.ts'
import { QUESTION_KINDS, type QuestionKind } from '../pipeline/study.ts'
import { type Migration, readMigrations } from '../store/migrations.ts'

/** The folder of gloss's package.json; compiled and source files lie equally deep in it. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The version of this program. */
export function packageVersion(): string {
  const path = join(PACKAGE_ROOT, 'package.json')
  return parseJson(readText(path, "gloss's package.json"), z.looseObject({ version: z.string() }), path)
    .version
}

/** The oldest version of Node that gloss runs on. */
export function requiredNode(): string {
  const path = join(PACKAGE_ROOT, 'package.json')
  const schema = z.looseObject({ engines: z.looseObject({ node: z.string() }) })
  return parseJson(readText(path, "gloss's package.json"), schema, path).engines.node.replace(/^>=/, '')
}

/** The migrations of the database that come with gloss. */
export function bundledMigrations(): Migration[] {
  return readMigrations(join(PACKAGE_ROOT, 'migrations'))
}

/** Names of the protocols that come with gloss. */
export function bundledProtocolNames(): string[] {
  return readdirSync(join(PACKAGE_ROOT, 'prompts', 'protocols'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .toSorted()
}

/** A protocol that comes with gloss. @throws {UsageError} `protocol-unknown` */
export function bundledProtocol(name: string): Protocol {
  const known = bundledProtocolNames()
  if (!known.includes(name))
    throw new UsageError(
      'protocol-unknown',
      `expected one of the protocols ${known.join(', ')}, found ${JSON.stringify(name)}`,
    )
  const path = join(PACKAGE_ROOT, 'prompts', 'protocols', `${name}.yaml`)
  return parseProtocol(readText(path, 'a protocol'), path)
}

/** The names of the explain prompts that come with gloss. */
export function bundledExplainers(): string[] {
  return readdirSync(join(PACKAGE_ROOT, 'prompts', 'explain'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .toSorted()
}

/** An explain prompt that comes with gloss. */
export function bundledExplainPrompt(name = 'pairs'): ExplainPrompt {
  const path = join(PACKAGE_ROOT, 'prompts', 'explain', `${name}.yaml`)
  return parseExplainPrompt(readText(path, 'a prompt'), path)
}

const SIMULATE_PROMPTS: Readonly<Record<LlmTier, string>> = {
  integersSparse: 'sparse',
  integersDense: 'dense',
  chatLogprobs: 'dense',
  promptLogprobs: 'prompt',
}

/** What may be chosen about a simulate prompt. */
export interface SimulateChoices {
  /** One example each of several features a call, instead of several of one. */
  readonly isolate?: boolean | undefined
  readonly examplesPerCall?: number | undefined
}

/**
 * The simulate prompt that comes with gloss for a tier. Its hash covers what was chosen: scores by it are others.
 * @throws {UsageError} `isolate-tier`
 */
export function bundledSimulatePrompt(
  tier: LlmTier = 'integersSparse',
  { isolate = false, examplesPerCall }: SimulateChoices = {},
): SimulatePrompt {
  if (isolate && tier !== 'integersSparse')
    throw new UsageError(
      'isolate-tier',
      `expected --tier integersSparse with --isolate, found ${tier}; leave one of them out`,
    )
  const name = isolate ? 'isolate' : SIMULATE_PROMPTS[tier]
  const path = join(PACKAGE_ROOT, 'prompts', 'simulate', `${name}.yaml`)
  const prompt = parseSimulatePrompt(readText(path, 'a prompt'), path)
  return examplesPerCall === undefined ? prompt : withExamples(prompt, examplesPerCall)
}

function withExamples(prompt: SimulatePrompt, examplesPerCall: number): SimulatePrompt {
  if (examplesPerCall === prompt.examplesPerCall) return prompt
  return { ...prompt, examplesPerCall, hash: contentId({ prompt: prompt.hash, examplesPerCall }) }
}

/** The prompts that come with gloss for scorers that ask questions. */
export function bundledQuestionPrompts(): Record<QuestionKind, QuestionPrompt> {
  const prompts = QUESTION_KINDS.map((kind) => {
    const path = join(PACKAGE_ROOT, 'prompts', 'score', `${kind}.yaml`)
    return [kind, parseQuestionPrompt(readText(path, 'a prompt'), path)]
  })
  return Object.fromEntries(prompts) as Record<QuestionKind, QuestionPrompt>
}

/** Examples that a call may have held, at most. */
const MOST_EXAMPLES = 200

/** The simulate prompt with a hash, whatever was chosen about it; the usual one of the tier where none has it. */
export function simulatePromptOf(tier: LlmTier, hash: string | null): SimulatePrompt {
  const usual = bundledSimulatePrompt(tier)
  for (const isolate of tier === 'integersSparse' ? [false, true] : [false]) {
    const prompt = bundledSimulatePrompt(tier, { isolate })
    if (prompt.hash === hash) return prompt
    for (let examplesPerCall = 1; examplesPerCall <= MOST_EXAMPLES; examplesPerCall++) {
      const chosen = withExamples(prompt, examplesPerCall)
      if (chosen.hash === hash) return chosen
    }
  }
  return usual
}

/** The folder of a model that comes with gloss, or null if there is none of this name. */
export function bundledModelFolder(name: string): string | null {
  return readdirSync(join(PACKAGE_ROOT, 'data')).includes(name) && !name.includes('..')
    ? join(PACKAGE_ROOT, 'data', name)
    : null
}

/** The modules of the report's page, each after those that it imports. */
const PAGE_MODULES = ['text', 'elements', 'ratings', 'feature', 'table', 'main']

/** The compiled script and the style of the report's page. */
export function pageAssets(): PageAssets {
  const folder = join(PACKAGE_ROOT, 'dist', 'export', 'page')
  const modules = PAGE_MODULES.map((name) => readText(join(folder, `${name}.js`), "the report's script"))
  // A file that is opened from disk may import nothing: the modules, whose names are distinct, become one function.
  const script = modules
    .join('')
    .replace(/^import [^;]*;\n/gm, '')
    .replace(/^export \{[^}]*\};\n/gm, '')
    .replace(/^export /gm, '')
  return { script: `'use strict';(() => {\n${script}})()`, style: REPORT_STYLE }
}
