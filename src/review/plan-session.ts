import { UsageError } from '../core/errors.ts'
import { Random } from '../core/random.ts'

/** What a unit is. Raters never see it. */
export type UnitKind = 'feature' | 'neuron' | 'random' | 'imported'

/** A unit that a session can ask about. */
export interface Candidate {
  readonly kind: UnitKind
  readonly setId: string
  readonly feature: number
  readonly density: number
  readonly explained: boolean
}

/** How a session is drawn. Shares are of the number of items. */
export interface SessionDraw {
  readonly seed: number
  /** Units to be rated; checks and repeats come on top. */
  readonly items: number
  /** Silent repeats, for the agreement of raters with themselves. */
  readonly repeats: number
  /** Attention checks: examples of one unit, the explanation of another. */
  readonly checks: number
  /** Items that all raters get; the others are dealt. Counts only where raters are named. */
  readonly overlap: number
  /** Null: whoever comes rates everything. */
  readonly raters: readonly string[] | null
}

/** One entry of a session, in the order in which it is asked. */
export interface PlannedItem {
  /** All that a rater sees of what the item is. */
  readonly code: string
  readonly kind: UnitKind
  readonly setId: string
  readonly feature: number
  readonly role: 'rating' | 'repeat' | 'check'
  /** A repeat's first showing. */
  readonly original: string | null
  /** The feature whose explanation is shown. */
  readonly explanationOf: number
  /** Null: all. */
  readonly raters: readonly string[] | null
}

const STRATA = 10
/** A repeat comes at least this many items after its first showing, where there are as many. */
const REPEAT_GAP = 10

/**
 * Draws a session: as many units of each kind as there are kinds to share the items, spread over the deciles of
 * density within the kind, drawn without replacement, the kinds interleaved. The same candidates and draw give the
 * same session.
 *
 * @param withChecks whether the rubric shows explanations, so that a wrong one can be noticed
 * @throws {UsageError} `session-empty`
 */
export function planSession(
  units: readonly Candidate[],
  draw: SessionDraw,
  withChecks: boolean,
): PlannedItem[] {
  const candidates = units.toSorted(
    (a, b) =>
      a.density - b.density || a.feature - b.feature || Number(a.setId > b.setId) - Number(a.setId < b.setId),
  )
  const kinds = [...new Set(candidates.map(({ kind }) => kind))].toSorted()
  if (kinds.length === 0)
    throw new UsageError(
      'session-empty',
      'expected features with examples to rate, found none; run gloss sample first, or widen --only',
    )
  const pools = kinds.map((kind) =>
    stratified(
      candidates.filter((candidate) => candidate.kind === kind),
      new Random(draw.seed, 'session', kind),
    ),
  )
  const quotas = quotasOf(
    draw.items,
    pools.map(({ length }) => length),
  )
  const drawn = pools.map((pool, index) => pool.slice(0, quotas[index]))
  const rated = interleave(drawn, new Random(draw.seed, 'session order')).map((unit) => ({
    unit,
    role: 'rating' as const,
    explanationOf: unit.feature,
  }))
  const spare = pools.flatMap((pool, index) => pool.slice(quotas[index]))
  const checks = withChecks ? drawChecks(spare, candidates, draw) : []
  const order = scatter(rated, checks, new Random(draw.seed, 'session checks'))
  return withRepeats(order, draw)
}

/** Units by density, in an order whose every beginning is spread over its deciles. */
function stratified(units: readonly Candidate[], random: Random): Candidate[] {
  const strata = Array.from({ length: STRATA }, (_, decile) =>
    random.shuffle(
      units.slice(
        Math.round((decile * units.length) / STRATA),
        Math.round(((decile + 1) * units.length) / STRATA),
      ),
    ),
  )
  return interleave(strata, random)
}

/** Lists dealt one by one, the order of the lists drawn anew in every round. */
function interleave<T>(lists: readonly (readonly T[])[], random: Random): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, round) => round).flatMap((round) =>
    random.shuffle(lists.flatMap((list) => (round < list.length ? [list[round]!] : []))),
  )
}

/** Equal shares of `total`, as far as the pools go; what one lacks the others give. */
function quotasOf(total: number, sizes: readonly number[]): number[] {
  const quotas = sizes.map(() => 0)
  for (let left = total; left > 0;) {
    const open = quotas.flatMap((quota, index) => (quota < sizes[index]! ? [index] : []))
    if (open.length === 0) break
    for (const index of open) {
      if (left === 0) break
      quotas[index]!++
      left--
    }
  }
  return quotas
}

interface Entry {
  readonly unit: Candidate
  readonly role: 'rating' | 'check'
  readonly explanationOf: number
}

/** Units that are not rated otherwise, each with the explanation of another unit of its set. */
function drawChecks(spare: readonly Candidate[], all: readonly Candidate[], draw: SessionDraw): Entry[] {
  const random = new Random(draw.seed, 'session partners')
  const wanted = Math.round(draw.checks * draw.items)
  return spare
    .filter(({ explained }) => explained)
    .slice(0, wanted)
    .flatMap((unit): Entry[] => {
      const partners = all.filter(
        (other) => other.explained && other.setId === unit.setId && other.feature !== unit.feature,
      )
      return partners.length === 0
        ? []
        : [{ unit, role: 'check', explanationOf: random.pick(partners).feature }]
    })
}

/** Puts entries among others, at drawn places. */
function scatter(entries: readonly Entry[], among: readonly Entry[], random: Random): Entry[] {
  const order = [...entries]
  for (const entry of among) order.splice(random.below(order.length + 1), 0, entry)
  return order
}

function withRepeats(order: readonly Entry[], draw: SessionDraw): PlannedItem[] {
  const random = new Random(draw.seed, 'session repeats')
  const gap = Math.min(REPEAT_GAP, Math.floor(order.length / 3))
  const ratings = order.flatMap(({ role }, place) => (role === 'rating' ? [place] : []))
  const repeated = random
    .shuffle(ratings.filter((place) => place + gap < order.length))
    .slice(0, Math.round(draw.repeats * ratings.length))
  const places = [
    ...order.map((_, place) => ({ place, at: place, repeat: false })),
    ...repeated.map((place) => ({
      place,
      at: place + gap + random.below(order.length - place - gap) + 0.5,
      repeat: true,
    })),
  ].toSorted((a, b) => a.at - b.at || a.place - b.place)
  const digits = Math.max(3, String(places.length).length)
  const codes = places.map((_, index) => `item ${String(index + 1).padStart(digits, '0')}`)
  const firstCodes = new Map(
    places.flatMap(({ place, repeat }, index) => (repeat ? [] : [[place, codes[index]!]])),
  )
  const raters = dealRaters(order, draw)
  return places.map(({ place, repeat }, index): PlannedItem => {
    const { unit, role, explanationOf } = order[place]!
    return {
      code: codes[index]!,
      kind: unit.kind,
      setId: unit.setId,
      feature: unit.feature,
      role: repeat ? 'repeat' : role,
      original: repeat ? firstCodes.get(place)! : null,
      explanationOf,
      raters: raters[place]!,
    }
  })
}

/** Who gets what: the overlap and the checks are everybody's, the rest goes round. */
function dealRaters(
  order: readonly Entry[],
  { seed, overlap, raters }: SessionDraw,
): (readonly string[] | null)[] {
  if (raters === null) return order.map(() => null)
  const ratings = order.flatMap(({ role }, place) => (role === 'rating' ? [place] : []))
  const shared = new Set(
    new Random(seed, 'session overlap').shuffle([...ratings]).slice(0, Math.round(overlap * ratings.length)),
  )
  let next = 0
  return order.map(({ role }, place) =>
    role === 'check' || shared.has(place) ? null : [raters[next++ % raters.length]!],
  )
}

/** The items that a rater is asked, in order. */
export function queueOf<T extends { readonly raters: readonly string[] | null }>(
  items: readonly T[],
  rater: string,
): T[] {
  return items.filter(({ raters }) => raters === null || raters.includes(rater))
}
