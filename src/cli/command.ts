import type { Command } from 'commander'
import type { StageName } from '../core/stages.ts'
import type { SimulatePrompt } from '../autointerp/prompt-file.ts'
import type { Protocol } from '../core/protocol.ts'
import { parseSelection, type Selection } from '../core/selection.ts'
import { UsageError } from '../core/errors.ts'
import type { Store, StudySetting } from '../core/store.ts'
import { BatchGate } from '../llm/batch-gate.ts'
import { Gate } from '../llm/gate.ts'
import { Lane } from '../llm/lane.ts'
import { OpenAiClient } from '../llm/openai-client.ts'
import { priceList } from '../llm/prices.ts'
import { StoredReplies } from '../llm/stored-replies.ts'
import type { LlmTier } from '../core/scores.ts'
import type { PastTools } from '../pipeline/past-scores.ts'
import { status } from '../pipeline/status.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import { findSet } from '../pipeline/sets.ts'
import type { Llm, Study } from '../pipeline/study.ts'
import { bundledQuestionPrompts, bundledSimulatePrompt, simulatePromptOf } from './assets.ts'
import { resolveEndpoints } from './endpoint.ts'
import { isBundled, type NamedExplainer, namedExplainer, usualPrompt } from './explainer.ts'
import { openLocalGate } from './local-gate.ts'
import { modelFileOf } from './model-file.ts'
import type { CommonOptions, StudyOptions } from './options.ts'
import { checkTier } from './check-tier.ts'
import { findProtocol } from './protocols.ts'
import { type Surroundings, Terminal } from './terminal.ts'
import { openStudy } from './workspace.ts'

/** A command of the program: declares itself on the parent. */
export type CommandDefinition = (parent: Command, surroundings: Surroundings) => void

/** The terminal for a command's flags. */
export function terminalFor(options: CommonOptions, surroundings: Surroundings): Terminal {
  return new Terminal(surroundings, { color: options.color, quiet: options.quiet ?? false })
}

/**
 * Opens the study, holds its lock while `work` runs unless that only reads, and closes everything after it. A feature set
 * that the flags name becomes the current one; of a study that is only read, for this command alone.
 */
export async function withStudy<Result>(
  options: StudyOptions,
  surroundings: Surroundings,
  work: (study: Study) => Promise<Result>,
  purpose: 'work' | 'read' = 'work',
): Promise<Result> {
  const { study, close } = openStudy(options, surroundings, purpose)
  try {
    if (options.set === undefined) return await work(study)
    const { id } = findSet(study.store, options.set)
    if (purpose === 'read') return await work({ ...study, store: withSetting(study.store, 'set', id) })
    study.store.study.put('set', id)
    return await work(study)
  } finally {
    await close()
  }
}

/** The same store, but for one setting of the study. */
function withSetting(store: Store, setting: StudySetting, value: string): Store {
  const { get, put } = store.study
  return { ...store, study: { put, get: (name) => (name === setting ? value : get(name)) } }
}

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
  const gate = await openGate(options, study, surroundings)
  if (gate === null) {
    if (explainer === null) return work(null, study)
    throw new UsageError(
      'llm-missing',
      `expected an endpoint with the explainer ${explainer.prompt.name}, found none; add --llm URL and --llm-model NAME, or use --explainer table`,
    )
  }
  const tier = options.tier ?? 'integersSparse'
  try {
    const prompts = bundledPrompts(bundledSimulatePrompt(tier, options), tier, study.protocol)
    return await work(
      {
        ...prompts,
        explain: explainer?.prompt ?? prompts.explain,
        chat: gate,
        reask: options.reask ?? false,
      },
      study,
    )
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

/** The explainer of before, if it can be meant: a baseline without an LLM, a prompt with one. */
function earlierExplainer(
  before: string | null,
  options: StudyOptions,
  { config, folder }: Study,
  surroundings: Surroundings,
): NamedExplainer {
  if (before === null) return null
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

async function openGate(
  options: StudyOptions,
  study: Study,
  surroundings: Surroundings,
): Promise<Gate | BatchGate | null> {
  const { config, store, signal, now } = study
  const file = modelFileOf(options, config, { current: surroundings.folder, study: study.folder })
  if (file !== null) return openLocalGate(file, options, study)
  const found = resolveEndpoints(options, config, surroundings.environment)
  if (found === null) return null
  const { group, model } = found
  if (options.tier) checkTier(study, found, options.tier)
  const timeoutMs = config.llm.timeoutSeconds * 1000
  const endpoints = found.endpoints.map(({ baseUrl, key, ...limits }) => {
    const known = store.endpoints.get(baseUrl, model)
    const capabilities = known?.capabilities
    const client = new OpenAiClient({
      baseUrl,
      model,
      key,
      timeoutMs,
      ...(capabilities
        ? { tokenLimit: capabilities.tokenLimit, promptLogprobs: capabilities.promptLogprobs }
        : {}),
    })
    const prices = priceList(baseUrl, model, config.llm.prices ?? null)
    return { client, prices, limits, known: known?.limits ?? null }
  })
  const shared = { group, model, store, signal, now, maxCost: options.maxCost ?? null }
  if (options.batch) {
    if (options.tier === 'promptLogprobs')
      throw new UsageError(
        'batch-tier',
        'expected a tier of chat completions with --batch, found promptLogprobs; leave --batch or --tier out',
      )
    if (endpoints.length > 1)
      throw new UsageError(
        'batch-endpoints',
        `expected one endpoint with --batch, found ${endpoints.length}; name one with --llm, or leave --batch out`,
      )
    const { client, prices } = endpoints[0]!
    return new BatchGate({ ...shared, client, prices, pollMs: config.llm.batchPollSeconds * 1000 })
  }
  const lanes = endpoints.map(({ limits: { concurrency, ...limits }, ...endpoint }) => {
    return new Lane({ ...limits, ...endpoint, mostInFlight: concurrency }, performance.now())
  })
  return new Gate({ ...shared, lanes })
}

/** The features that `--only` names; all without it. */
export function selectionOf(options: StudyOptions): Selection {
  return parseSelection(options.only ?? 'all')
}

/**
 * How many examples a wanted precision takes is decided by replies, which a dry run does not ask for.
 * @throws {UsageError} `precision-dry-run`
 */
export function refuseDryPrecision({ precision }: StudyOptions): void {
  if (precision !== undefined)
    throw new UsageError(
      'precision-dry-run',
      'expected --dry-run without --precision, since replies decide how many calls it takes; without it you see those of the standard examples, with it scoring takes from two thirds of these to three times as many',
    )
}

/** What `explain`, `score` and `run` print for scripts. */
export function countsJson(study: Study): object {
  const { missing, ...counts } = status(study.store, currentSet(study))
  return { ...counts, failures: missing }
}

/** The stages that a command shows. */
export type Stages = readonly StageName[]
