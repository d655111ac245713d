import type { Random } from '../core/random.ts'

/** How often a uniform draw is tried before the candidates are listed instead. */
const REJECTIONS_BEFORE_LISTING = 200

/** One of the usable candidates, uniformly; null if there is none. */
export function pickUsable(
  random: Random,
  candidates: Uint32Array,
  usable: (candidate: number) => boolean,
): number | null {
  if (candidates.length === 0) return null
  for (let attempt = 0; attempt < REJECTIONS_BEFORE_LISTING; attempt++) {
    const candidate = candidates[random.below(candidates.length)]!
    if (usable(candidate)) return candidate
  }
  const listed = candidates.filter(usable)
  return listed.length > 0 ? listed[random.below(listed.length)]! : null
}

/** Up to `wanted` different numbers below `count`, uniformly. */
export function drawOrdinals(random: Random, count: number, wanted: number): number[] {
  const drawn: number[] = []
  while (drawn.length < Math.min(wanted, count)) {
    const ordinal = random.below(count)
    if (!drawn.includes(ordinal)) drawn.push(ordinal)
  }
  return drawn
}
