import { examplesWanted, type Slice, type SliceMix } from '../core/protocol.ts'
import { Random } from '../core/random.ts'

/** Numbers of score examples after which adaptive scoring looks at the interval. None is earlier: at 20 coverage suffers. */
export const LOOKS = [40, 60, 90, 120, 180] as const

/** Examples of each stratum; all intervals together are one. */
export interface StratumCounts {
  readonly top: number
  readonly interval: number
  readonly random: number
  readonly other: number
}

const STRATA = ['top', 'interval', 'random', 'other'] as const

/** The stratum of a slice. */
export function stratumOf(slice: Slice): keyof StratumCounts {
  return slice === 'top' || slice === 'random' || slice === 'other' ? slice : 'interval'
}

/**
 * A mix at another number of examples, in whole numbers: each stratum its share, rounded down, and what is left over
 * to the largest remainders (ties in the order of the strata).
 * @example
 * mixAt({ top: 6, perInterval: 2, random: 10, other: 20 }, 12, 40) // 4, 16, 7, 13
 */
export function mixAt(mix: SliceMix, intervals: number, examples: number): StratumCounts {
  const whole = examplesWanted(mix, intervals)
  const wanted = { ...mix, interval: intervals * mix.perInterval }
  const shares = STRATA.map((stratum) => (wanted[stratum] * examples) / whole)
  const counts = shares.map(Math.floor)
  const byRemainder = STRATA.map((_, place) => place).toSorted(
    (a, b) => shares[b]! - counts[b]! - (shares[a]! - counts[a]!) || a - b,
  )
  const left = examples - counts.reduce((sum, count) => sum + count, 0)
  for (const place of byRemainder.slice(0, left)) counts[place]!++
  const [top, interval, random, other] = counts as [number, number, number, number]
  return { top, interval, random, other }
}

/** What comes between two mixes of one protocol. */
export function mixBetween(from: StratumCounts, to: StratumCounts): StratumCounts {
  return {
    top: to.top - from.top,
    interval: to.interval - from.interval,
    random: to.random - from.random,
    other: to.other - from.other,
  }
}

/** Examples of each interval, from the first, where `count` are spread evenly; who gets one more is drawn. */
export function spreadOverIntervals(count: number, intervals: number, random: Random): number[] {
  const counts = Array.from({ length: intervals }, () => Math.floor(count / intervals))
  const order = random.shuffle(Array.from(counts.keys()))
  for (const interval of order.slice(0, count % intervals)) counts[interval]!++
  return counts
}

/**
 * Examples look by look: those of look i are all that it adds to the look before. The looks up to the protocol's own
 * number of examples divide the standard ones, so that at that number exactly these are scored; within a slice the
 * seed decides which come first. Later looks take the extra examples in the order in which they were drawn.
 *
 * @param standard the protocol's score examples
 * @param extra those drawn beyond, round by round
 */
export function examplesByLook<Of extends { readonly slice: Slice }>(
  standard: readonly Of[],
  extra: readonly Of[],
  mix: SliceMix,
  intervals: number,
  seed: number,
  feature: number,
): Of[][] {
  const own = examplesWanted(mix, intervals)
  const random = new Random(seed, 'looks', feature)
  const queues = new Map(STRATA.map((stratum) => [stratum, ofStratum(standard, stratum, random)]))
  const extras = new Map(
    STRATA.map((stratum) => [stratum, extra.filter(({ slice }) => stratumOf(slice) === stratum)]),
  )
  let before: StratumCounts = { top: 0, interval: 0, random: 0, other: 0 }
  return LOOKS.filter((look) => look <= own || extra.length > 0).map((look) => {
    const upTo = mixAt(mix, intervals, look)
    const added = mixBetween(before, upTo)
    before = upTo
    return STRATA.flatMap((stratum) =>
      // What a scarce feature lacks of the standard ones is not made up for: strata keep their numbers.
      (look <= own ? queues : extras).get(stratum)!.splice(0, added[stratum]),
    )
  })
}

/** A stratum's examples in the order in which looks take them: of intervals one each before any second. */
function ofStratum<Of extends { readonly slice: Slice }>(
  examples: readonly Of[],
  stratum: keyof StratumCounts,
  random: Random,
): Of[] {
  const mine = random.shuffle(examples.filter(({ slice }) => stratumOf(slice) === stratum))
  const seen = new Map<Slice, number>()
  return mine
    .map((example) => {
      const turn = seen.get(example.slice) ?? 0
      seen.set(example.slice, turn + 1)
      return { example, turn }
    })
    .toSorted((a, b) => (stratum === 'interval' ? a.turn - b.turn : 0))
    .map(({ example }) => example)
}
