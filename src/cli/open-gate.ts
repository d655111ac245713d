import { UsageError } from '../core/errors.ts'
import { BatchGate } from '../llm/batch-gate.ts'
import { Gate } from '../llm/gate.ts'
import { Lane } from '../llm/lane.ts'
import { OpenAiClient } from '../llm/openai-client.ts'
import { priceList } from '../llm/prices.ts'
import type { AskingStudy } from '../pipeline/study.ts'
import { checkTier } from './check-tier.ts'
import { resolveEndpoints } from './endpoint.ts'
import { openLocalGate } from './local-gate.ts'
import { modelFileOf } from './model-file.ts'
import type { StudyOptions } from './options.ts'
import type { Surroundings } from './terminal.ts'

/**
 * The way to the LLM that flags, environment or gloss.yaml name: to endpoints, to a provider's batches, or to a model
 * file; null for none. Close it.
 * @throws {UsageError} `batch-tier`, `batch-endpoints`, `tier-…`, and those of the parts
 */
export async function openGate(
  options: StudyOptions,
  study: AskingStudy,
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
      maxReplyTokens: config.llm.maxReplyTokens,
      temperature: config.llm.temperature,
      parameters: config.llm.parameters,
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
