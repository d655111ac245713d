import { UsageError } from '../core/errors.ts'
import { Gate } from '../llm/gate.ts'
import { GgufClient } from '../llm/gguf-client.ts'
import { Lane } from '../llm/lane.ts'
import { FREE } from '../llm/prices.ts'
import type { AskingStudy } from '../pipeline/study.ts'
import type { StudyOptions } from './options.ts'
import { checkScale } from './check-tier.ts'

/**
 * The gate to a model file in this process: one request at a time, for nothing.
 *
 * @throws {UsageError} `batch-local`, `tier-scale`, `gguf-…` @throws {DataError} `gguf-…`
 */
export async function openLocalGate(
  path: string,
  options: StudyOptions,
  { config, protocol, store, signal, now }: AskingStudy,
): Promise<Gate> {
  if (options.batch)
    throw new UsageError(
      'batch-local',
      'expected an endpoint with --batch, found a model file; leave --batch out',
    )
  const name = options.llmModel ?? (options.llm === undefined ? config.llm.model : undefined)
  const client = await GgufClient.open(path, { name, maxReplyTokens: config.llm.maxReplyTokens })
  const { baseUrl: group, model } = client
  // A file's own distributions can always be read.
  const { tier } = options
  if (tier === 'promptLogprobs' || tier === 'chatLogprobs')
    checkScale({ protocol, store }, { endpoints: [client], model }, tier)
  const limits = { weight: 1, mostInFlight: 1, requestsPerMinute: null, tokensPerMinute: null }
  const known = store.endpoints.get(group, model)?.limits ?? null
  const lane = new Lane({ ...limits, client, prices: FREE, known }, performance.now())
  return new Gate({
    group,
    model,
    store,
    signal,
    now,
    lanes: [lane],
    maxCost: options.maxCost ?? null,
  })
}
