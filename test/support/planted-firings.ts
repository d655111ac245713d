import type { FeatureFirings } from '../../src/collect/firings.ts'
import { hash32, Random } from '../../src/core/random.ts'
import type { TokenCorpus } from '../../src/core/token-corpus.ts'

/** Entries of the vocabulary of planted text. */
export const VOCABULARY = 2000

/** Tokens that prompts and parsers have to be careful with, among them pieces of characters. */
const HOSTILE: readonly (string | number[])[] = [
  '\n',
  '\t',
  '\r\n',
  '\n\n',
  ' ',
  '',
  '1: yes',
  'none',
  '«',
  '»',
  '⁹',
  '\\',
  '\\n',
  '·',
  '=9',
  '"',
  '\u202E',
  '\u200B',
  [0xe2],
  [0xe2, 0x80],
  [0x94],
  [0x80, 0x93],
  [0xf0, 0x9f],
  [0xff],
]
/** Every so many features fire on hostile tokens first. */
const HOSTILE_EVERY = 4
/** Of all tokens, what one token of a feature that fires in contexts makes it fire on at the most. */
const MOST_OF_A_TOKEN = 0.0005

/**
 * What planted features fire on. `ownTokens`: nearly every occurrence of a few tokens, so that rare features fire on rare
 * tokens alone. `inContext`: a few tokens behind some others only, tokens as frequent as text's own at every density.
 */
export type PlantedRule = 'ownTokens' | 'inContext'

/** Text that features are planted in. */
export interface PlantedText {
  readonly ids: TokenCorpus['ids']
  /** Share of the text that each entry is. */
  readonly shares: Float64Array
  /** Places of each entry that count. */
  readonly byToken: readonly (readonly number[])[]
  /** Of the windows, as labels. */
  readonly hashes: Uint32Array
}

/** The firings of a planted feature. */
export function plantedFirings(
  rule: PlantedRule,
  feature: number,
  density: number,
  text: PlantedText,
  seed: number,
): FeatureFirings {
  const firing = (rule === 'ownTokens' ? onOwnTokens : inContexts)(feature, density, text, seed)
  firing.sort(([a], [b]) => a - b)
  const tokens = Uint32Array.from(firing, ([token]) => token)
  return {
    feature,
    tokens,
    activations: Float32Array.from(firing, ([, activation]) => activation),
    labels: tokens.map((token) => text.hashes[token]!),
  }
}

/** The bytes of the vocabulary's entries. */
export function vocabularyBytes(): Uint8Array[] {
  const encoder = new TextEncoder()
  return Array.from({ length: VOCABULARY }, (_, id) => {
    // Hostile tokens at ranks from frequent to rare, so that some fit every density.
    const hostile = id % 20 === 5 ? HOSTILE[(id - 5) / 20] : undefined
    if (Array.isArray(hostile)) return Uint8Array.from(hostile)
    return encoder.encode(hostile ?? ` w${id.toString(36)}`)
  })
}

function isHostile(token: number): boolean {
  return token % 20 === 5 && (token - 5) / 20 < HOSTILE.length
}

type Firing = [token: number, activation: number]

/** Fires on nine tenths of the occurrences of a few tokens, each as strongly as it is, more or less. */
function onOwnTokens(
  feature: number,
  density: number,
  { shares, byToken }: PlantedText,
  seed: number,
): Firing[] {
  const random = new Random(seed, 'rule', feature)
  const order = random.shuffle(Array.from({ length: VOCABULARY }, (_, id) => id))
  if (feature % HOSTILE_EVERY === 0) order.sort((a, b) => Number(isHostile(b)) - Number(isHostile(a)))
  const firing: Firing[] = []
  let reached = 0
  for (const id of order) {
    const share = 0.9 * shares[id]!
    if (reached + share > 1.1 * density) continue
    reached += share
    const strength = 2 + 8 * random.uniform()
    for (const token of byToken[id]!) {
      const chance = hash32(seed, feature, token) / 2 ** 32
      if (chance < 0.9) firing.push([token, strength * (0.3 + 0.7 * (chance / 0.9))])
    }
    if (reached > 0.9 * density) break
  }
  return firing
}

/** Fires on a few tokens, drawn as text draws them, behind as many others as give each its part of the density. */
function inContexts(
  feature: number,
  density: number,
  { ids, shares, byToken }: PlantedText,
  seed: number,
): Firing[] {
  const random = new Random(seed, 'rule', feature)
  // An exponential time by share orders tokens as drawing without putting back does (Efraimidis and Spirakis, 2006).
  const times = shares.map((share) => -Math.log(1 - random.uniform()) / share)
  const order = Array.from({ length: VOCABULARY }, (_, id) => id).toSorted((a, b) => times[a]! - times[b]!)
  const firing: Firing[] = []
  let reached = 0
  for (const id of order) {
    if (reached > 0.9 * density) break
    const part = Math.min(0.9 * shares[id]!, MOST_OF_A_TOKEN, 1.1 * density - reached)
    reached += part
    const strength = 2 + 8 * random.uniform()
    for (const token of byToken[id]!) {
      if (hash32(seed, feature, ids[token - 1]!, id) / 2 ** 32 >= part / shares[id]!) continue
      firing.push([token, strength * (0.3 + 0.7 * (hash32(seed, feature, token) / 2 ** 32))])
    }
  }
  return firing
}
