import { hash32, Random } from '../core/random.ts'

/** A feature as the shuffled control sees it. */
export interface PartnerCandidate {
  readonly feature: number
  readonly density: number
}

const DECILES = 10
const LARGEST_COSINE = 0.3

/**
 * The feature whose explanation stands in for each feature's own in the shuffled control: of the same density
 * decile, with a decoder cosine below 0.3, itself never. Within a decile partners are a seeded derangement (each
 * explanation is used once) as far as the cosines allow. A feature with fewer than two candidates has none.
 *
 * @param cosine of two features' decoder rows; where a set has no decoder, 0
 */
export function shuffledPartners(
  features: readonly PartnerCandidate[],
  cosine: (a: number, b: number) => number,
  seed: number,
): Map<number, number> {
  const byDensity = features.toSorted((a, b) => a.density - b.density || a.feature - b.feature)
  const partners = new Map<number, number>()
  for (let decile = 0; decile < DECILES; decile++) {
    const from = Math.floor((decile * byDensity.length) / DECILES)
    const to = Math.floor(((decile + 1) * byDensity.length) / DECILES)
    const members = byDensity.slice(from, to).map(({ feature }) => feature)
    for (const [feature, partner] of derange(members, cosine, seed, decile)) partners.set(feature, partner)
  }
  return partners
}

function derange(
  members: readonly number[],
  cosine: (a: number, b: number) => number,
  seed: number,
  decile: number,
): Map<number, number> {
  const ring = new Random(seed, 'shuffled partners', decile).shuffle([...members])
  const partner = ring.map((_, place) => ring[(place + 1) % ring.length]!)
  const fits = (place: number, candidate: number): boolean =>
    candidate !== ring[place] && cosine(ring[place]!, candidate) < LARGEST_COSINE

  for (let place = 0; place < ring.length; place++) {
    if (fits(place, partner[place]!)) continue
    const other = partner.findIndex(
      (candidate, at) => at !== place && fits(place, candidate) && fits(at, partner[place]!),
    )
    if (other >= 0) [partner[place], partner[other]] = [partner[other]!, partner[place]!]
  }

  const chosen = new Map<number, number>()
  for (const [place, feature] of ring.entries()) {
    // Nearly all pairs fit, so the first two candidates from a drawn place on are found at once.
    const start = hash32(seed, feature) % ring.length
    const candidates: number[] = []
    for (let step = 0; step < ring.length && candidates.length < 2; step++) {
      const candidate = ring[(start + step) % ring.length]!
      if (fits(place, candidate)) candidates.push(candidate)
    }
    if (candidates.length === 2)
      chosen.set(feature, fits(place, partner[place]!) ? partner[place]! : candidates[0]!)
  }
  return chosen
}
