import fc from 'fast-check'
import type { FeatureFirings } from '../../src/collect/firings.ts'
import { contextOffset, eligibleTokens, planContexts } from '../../src/core/contexts.ts'
import { Random } from '../../src/core/random.ts'
import type { Example } from '../../src/core/records.ts'
import type { TokenCorpus } from '../../src/core/token-corpus.ts'
import { corpusOf } from './corpora.ts'

/** Entries of the vocabulary. */
export const VOCABULARY = 60
const BEGIN = 0
/** Entries 50 to 59 are all-digit tokens. */
export const isDigits = (id: number): boolean => id >= 50

/** What decides a world and a feature's firings there. */
export const WORLDS = fc.record({
  documents: fc.integer({ min: 4, max: 30 }),
  length: fc.integer({ min: 20, max: 150 }),
  entries: fc.uniqueArray(fc.integer({ min: 1, max: VOCABULARY - 1 }), { minLength: 1, maxLength: 6 }),
  rate: fc.double({ min: 0.1, max: 1, noNaN: true }),
  seed: fc.nat(10_000),
})

/** A made-up corpus, cut into contexts. */
export interface World {
  readonly corpus: TokenCorpus
  readonly plan: ReturnType<typeof planContexts>
  readonly eligible: Uint8Array
}

/** Documents of random tokens, some of which repeat themselves, some but for their digits. */
export function worldOf(documents: number, length: number, seed: number, contextLength = 40): World {
  const random = new Random(seed, 'world')
  const corpus = corpusOf(
    Array.from({ length: documents }, () => {
      const tokens = Array.from(
        { length: length + random.below(length) },
        () => 1 + random.below(VOCABULARY - 1),
      )
      // Some windows repeat, some but for their digits.
      return random.below(3) === 0
        ? [...tokens, ...tokens.map((token) => (isDigits(token) ? 50 + random.below(10) : token))]
        : tokens
    }),
  )
  const plan = planContexts(corpus, contextLength, BEGIN)
  const eligible = eligibleTokens(corpus, plan, [BEGIN, 17])
  return { corpus, plan, eligible }
}

/** A feature that fires on some entries, sometimes. */
export function firingsOf(
  { corpus, eligible }: World,
  feature: number,
  entries: readonly number[],
  rate: number,
  seed: number,
): FeatureFirings {
  const random = new Random(seed, 'firings', feature)
  const tokens: number[] = []
  const activations: number[] = []
  for (let token = 0; token < corpus.ids.length; token++) {
    const fires = eligible[token] && entries.includes(corpus.ids[token]!) && random.uniform() < rate
    if (!fires) continue
    tokens.push(token)
    activations.push(Math.fround(0.05 + random.uniform() ** 2))
  }
  return {
    feature,
    tokens: Uint32Array.from(tokens),
    activations: Float32Array.from(activations),
    labels: new Uint32Array(),
  }
}

/** The corpus token of an example's nominal token. */
export function nominalToken({ plan }: World, example: Example): number {
  return plan.starts[example.context]! + example.position - contextOffset(plan)
}

/** A window's tokens as they are shown, digits folded, as a text. */
export function shownKey({ tokens }: Example): string {
  return tokens.map((id) => (isDigits(id) ? 'digits' : id)).join()
}

/** The tokens around an example's nominal one, digits folded, as a text: a second implementation. */
export function centredKey(world: World, example: Example): string {
  const nominal = nominalToken(world, example)
  const half = example.tokens.length >> 1
  return Array.from(world.corpus.ids.slice(nominal - half, nominal + half + 1), (id) =>
    isDigits(id) ? 'digits' : id,
  ).join()
}
