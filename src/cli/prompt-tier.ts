import { UsageError } from '../core/errors.ts'
import type { Protocol } from '../core/protocol.ts'
import type { Store } from '../core/store.ts'

interface CheckedStudy {
  readonly protocol: Pick<Protocol, 'name' | 'scale'>
  readonly store: { readonly endpoints: Pick<Store['endpoints'], 'get'> }
}

interface CheckedEndpoints {
  readonly model: string
  readonly endpoints: readonly { readonly baseUrl: string }[]
}

/**
 * Makes sure that `--tier promptLogprobs` can be asked for, by what gloss doctor found.
 *
 * @throws {UsageError} `tier-…` where prompts cannot be read at every endpoint, or not on this scale
 */
export function checkPromptTier(
  { protocol, store }: CheckedStudy,
  { endpoints, model }: CheckedEndpoints,
): void {
  if (protocol.scale > 9)
    throw new UsageError(
      'tier-scale',
      `expected a scale of 9 at most with --tier promptLogprobs, found ${protocol.scale} in ${protocol.name}: ` +
        'where "10" is two tokens, "1" would stand for both; use --tier integersSparse',
    )
  for (const { baseUrl } of endpoints) {
    const capabilities = store.endpoints.get(baseUrl, model)?.capabilities
    if (!capabilities)
      throw new UsageError(
        'tier-unknown',
        `expected to know how ${baseUrl} gives log-probabilities of a prompt, found nothing stored; ` +
          `run gloss doctor --llm ${baseUrl} --llm-model ${model} in this study first`,
      )
    if (capabilities.promptLogprobs === null)
      throw new UsageError(
        'tier-unsupported',
        `expected an endpoint that gives log-probabilities of a prompt, found none at ${baseUrl}; ` +
          'use another --tier, or run gloss doctor again if the server has changed',
      )
  }
}
