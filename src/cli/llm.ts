import type { SimulatePrompt } from '../autointerp/prompt-file.ts'
import { UsageError } from '../core/errors.ts'
import { contentHash } from '../core/hash.ts'
import { isImported, nameOfImported } from '../core/imported.ts'
import type { Protocol } from '../core/protocol.ts'
import type { LlmTier } from '../core/scores.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import { namedImported } from '../pipeline/imported-explanations.ts'
import type { PastTools } from '../pipeline/past-scores.ts'
import type { AskingStudy, Llm, Study } from '../pipeline/study.ts'
import { StoredReplies } from '../llm/stored-replies.ts'
import { bundledQuestionPrompts, bundledSimulatePrompt, simulatePromptOf } from './assets.ts'
import { resolveEndpoints } from './endpoint.ts'
import { isBundled, type NamedExplainer, namedExplainer, usualPrompt } from './explainer.ts'
import { modelFileOf } from './model-file.ts'
import { openGate } from './open-gate.ts'
import type { StudyOptions } from './options.ts'
import { findProtocol } from './protocols.ts'
import type { Surroundings } from './terminal.ts'

/**
 * Opens the LLM that flags, environment or gloss.yaml name, with the prompts to use it with; null for none, or where
 * the explainer is a baseline, which the study then knows. What was learned of endpoints is kept when `work` is over.
 *
 * @param before the explainer that was last worked with, where that is meant unless another is named
 * @throws {UsageError} `llm-missing` where the explainer needs one
 */
export async function withLlm<Result>(
  options: StudyOptions,
  study: Study,
  surroundings: Surroundings,
  work: (llm: Llm | null, study: Study) => Promise<Result>,
  before: string | null = null,
): Promise<Result> {
  const folders = { workspace: study.folder, current: surroundings.folder }
  const explainer =
    namedExplainer(options, study.config, folders) ?? earlierExplainer(before, options, study, surroundings)
  if (explainer && 'baseline' in explainer) return work(null, { ...study, baseline: explainer.baseline })
  if (explainer && 'imported' in explainer)
    return withImported(explainer.imported, options, study, surroundings, work)
  return withUsualLlm(options, study, surroundings, (llm) => {
    if (llm !== null) return work({ ...llm, explain: explainer?.prompt ?? llm.explain }, study)
    if (explainer === null) return work(null, study)
    throw new UsageError(
      'llm-missing',
      `expected an endpoint with the explainer ${explainer.prompt.name}, found none; add --llm URL and --llm-model NAME, or use --explainer table`,
    )
  })
}

/** The same for explanations that were imported: an LLM scores them; without one, tables of the set's tokens alone. */
async function withImported<Result>(
  name: string,
  options: StudyOptions,
  study: Study,
  surroundings: Surroundings,
  work: (llm: Llm | null, study: Study) => Promise<Result>,
): Promise<Result> {
  const imported = namedImported(study.store, currentSet(study), name)
  const opened = { ...study, imported }
  return withUsualLlm(options, study, surroundings, (llm) => {
    if (llm === null) return work(null, opened)
    // What is asked about explanations is told apart by how they were made.
    const hash = contentHash({ imported: imported.explainer, llm: imported.llm })
    return work({ ...llm, explain: { ...llm.explain, name: imported.explainer, hash } }, opened)
  })
}

/** The same for work that explains nothing. */
export async function withUsualLlm<Result>(
  options: StudyOptions,
  study: AskingStudy,
  surroundings: Surroundings,
  work: (llm: Llm | null) => Promise<Result>,
): Promise<Result> {
  const gate = await openGate(options, study, surroundings)
  if (gate === null) return work(null)
  const tier = options.tier ?? 'integersSparse'
  try {
    const prompts = bundledPrompts(bundledSimulatePrompt(tier, options), tier, study.protocol)
    return await work({ ...prompts, chat: gate, reask: options.reask ?? false })
  } finally {
    await gate.close()
  }
}

/** A protocol may want fewer examples in a call than the prompt has. */
function withExamplesPerCall(prompt: SimulatePrompt, { examplesPerCall }: Protocol): SimulatePrompt {
  return { ...prompt, examplesPerCall: Math.min(prompt.examplesPerCall, examplesPerCall ?? Infinity) }
}

function bundledPrompts(
  simulate: SimulatePrompt,
  tier: LlmTier,
  protocol: Protocol,
): Omit<Llm, 'chat' | 'reask'> {
  return {
    explain: usualPrompt(protocol),
    simulate: withExamplesPerCall(simulate, protocol),
    choose: bundledSimulatePrompt(),
    questions: bundledQuestionPrompts(),
    tier,
  }
}

/** What past scores are made again with: stored replies, the prompts of gloss, the study's protocols. */
export function pastTools({ store, folder }: Study): PastTools {
  return {
    llmOf: ({ endpoint, llm: model, promptHash, tier, protocol }) => ({
      ...bundledPrompts(simulatePromptOf(tier, promptHash), tier, protocol),
      chat: new StoredReplies(store, endpoint, model),
      reask: false,
    }),
    protocolOf: (name) => {
      try {
        return findProtocol(name, folder, folder)
      } catch (error) {
        if (error instanceof UsageError) return null
        throw error
      }
    },
  }
}

/** The explainer of before, if it can be meant: a baseline without an LLM, a prompt with one; imported explanations always. */
function earlierExplainer(
  before: string | null,
  options: StudyOptions,
  { config, folder, store }: Study,
  surroundings: Surroundings,
): NamedExplainer {
  if (before === null) return null
  if (isImported(before)) {
    const llm = store.study.get('llm')
    return { imported: nameOfImported({ explainer: before, llm: llm === '' ? null : llm }) }
  }
  const byName = (name: string): NamedExplainer =>
    namedExplainer({ explainer: name }, config, { workspace: folder, current: surroundings.folder })
  const hasLlm =
    modelFileOf(options, config, { current: surroundings.folder, study: folder }) !== null ||
    resolveEndpoints(options, config, surroundings.environment) !== null
  if (isBundled(before)) {
    const explainer = byName(before)
    return explainer !== null && 'prompt' in explainer === hasLlm ? explainer : null
  }
  if (!hasLlm) return null
  throw new UsageError(
    'explainer-unnamed',
    `expected the prompt ${before}, which explanations were last written with; add --explain-prompt FILE, or name an --explainer`,
  )
}
