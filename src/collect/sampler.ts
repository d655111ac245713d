import type { ContextPlan } from '../core/contexts.ts'
import type { Protocol } from '../core/protocol.ts'
import type { Example } from '../core/records.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'
import { BlockIndex } from './blocks.ts'
import { ContrastSampler } from './contrast-sample.ts'
import type { FeatureFirings } from './firings.ts'
import { RankStrideSampler } from './rank-stride.ts'
import { type FeatureSample, FeatureSampler } from './sample.ts'
import { WindowIndex } from './windows.ts'

/** What examples are drawn from. */
export interface SampledCorpus {
  readonly corpus: TokenCorpus
  readonly plan: ContextPlan
  /** 1 for tokens that may stand in a window. */
  readonly eligible: Uint8Array
  readonly vocabularySize: number
  /** Whether a vocabulary entry matches `^ ?[0-9]+$`. */
  readonly allDigits: (id: number) => boolean
}

/** Draws a protocol's examples, feature by feature. */
export interface Sampler {
  /** A number for every corpus token that a feature's firings must come with, or null. */
  readonly labels: Uint32Array | null
  sample(firings: FeatureFirings): FeatureSample
  /** Score examples beyond the protocol's own; null where the protocol has no way to draw them. */
  readonly sampleMore: ((firings: FeatureFirings) => Example[]) | null
  /** {@link ContrastSampler.sample}; null where the protocol has no way to draw what questions need. */
  readonly sampleContrasts: ContrastSampler['sample'] | null
}

/** The sampler that a protocol names. */
export function samplerFor(
  protocol: Protocol,
  { corpus, plan, eligible, vocabularySize, allDigits }: SampledCorpus,
  seed: number,
): Sampler {
  if (protocol.sampler === 'rank-stride') {
    const blocks = new BlockIndex(corpus, plan, eligible, protocol.window, vocabularySize, allDigits)
    const sampler = new RankStrideSampler(blocks, plan, protocol, seed)
    const sample = sampler.sample.bind(sampler)
    return { labels: null, sample, sampleMore: null, sampleContrasts: null }
  }
  const windows = new WindowIndex(corpus, plan, eligible, protocol.window, vocabularySize, allDigits)
  const sampler = new FeatureSampler(windows, plan, corpus.documents.length, protocol, seed)
  let contrasts: ContrastSampler | null = null
  return {
    labels: windows.hashes,
    sample: (firings) => sampler.sample(firings),
    sampleMore: (firings) => sampler.sampleMore(firings),
    sampleContrasts: (...drawing) => {
      contrasts ??= new ContrastSampler(windows, plan, corpus.documents.length, protocol, seed)
      return contrasts.sample(...drawing)
    },
  }
}
