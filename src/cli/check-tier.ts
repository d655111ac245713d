import { UsageError } from '../core/errors.ts'
import type { Protocol } from '../core/protocol.ts'
import type { LlmTier, Tier } from '../core/scores.ts'
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
 * Makes sure that a tier can be asked for, by what gloss doctor found.
 *
 * @throws {UsageError} `tier-…` where prompts cannot be read at every endpoint, or levels on this scale
 */
export function checkTier(study: CheckedStudy, found: CheckedEndpoints, tier: LlmTier): void {
  if (tier === 'integersSparse' || tier === 'integersDense') return
  checkScale(study, found, tier)
  if (tier === 'promptLogprobs') checkPrompts(study, found)
}

/**
 * Where "10" is two tokens, the probability of "1" stands for both.
 * @throws {UsageError} `tier-scale`
 */
export function checkScale(
  { protocol, store }: CheckedStudy,
  { model, endpoints }: CheckedEndpoints,
  tier: Tier,
): void {
  if (protocol.scale <= 9) return
  const oneToken = ({ baseUrl }: { readonly baseUrl: string }): boolean =>
    store.endpoints.get(baseUrl, model)?.capabilities?.tenIsOneToken === true
  if (protocol.scale === 10 && endpoints.every(oneToken)) return
  throw new UsageError(
    'tier-scale',
    `expected a scale of 9 at most with --tier ${tier}, found ${protocol.scale} in ${protocol.name}: ` +
      'where "10" is two tokens, "1" would stand for both, and gloss doctor has not seen it to be one; ' +
      'use --tier integersSparse',
  )
}

function checkPrompts({ store }: CheckedStudy, { model, endpoints }: CheckedEndpoints): void {
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
