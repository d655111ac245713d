import { estimateByFeature, type Estimate } from './bootstrap-features.ts'
import { cohenKappa } from './cohen-kappa.ts'
import { grouped } from './grouped.ts'
import { intraclassCorrelation } from './intraclass.ts'
import { Coincidences } from './krippendorff.ts'
import { counted, featureOf, type Measure, type Rating, type SessionRatings } from './session-ratings.ts'
import { weightedKappa } from './weighted-kappa.ts'

/** How far raters agree on one measure. */
export interface Agreement {
  readonly name: string
  readonly kind: Measure['kind']
  readonly metric: Measure['metric']
  readonly alpha: Estimate
  /** Units that two or more raters rated. */
  readonly units: number
  /** Of totals alone: null with fewer than ten items that all raters rated. */
  readonly icc: Intraclass | null
}

/** ICC(2,1) and ICC(2,k) over units that all `k` raters rated. */
export interface Intraclass {
  readonly single: Estimate
  readonly average: Estimate
  readonly k: number
  readonly items: number
}

/** How far a rater agrees with themselves, from silent repeats. */
export interface SelfAgreement {
  readonly name: string
  /** Quadratic weights; none where answers have no order. */
  readonly kappa: Estimate
  readonly pairs: number
}

const FEWEST_CROSSED_ITEMS = 10

/** Agreement between raters, checks and repeats left out. */
export function agreementOf(ratings: SessionRatings, seed: number): Agreement[] {
  return ratings.measures.map((measure) => {
    const all = counted(ratings.of(measure))
    const units = [...grouped(all, unitOf).values()].filter(({ length }) => length > 1)
    const coincidences = new Coincidences(all.map(({ value }) => value))
    const byFeature = new Map<string, Rating[][]>()
    for (const unit of units) {
      const feature = featureOf(unit[0]!)
      byFeature.set(feature, [...(byFeature.get(feature) ?? []), unit])
    }
    const { name, kind, metric } = measure
    return {
      name,
      kind,
      metric,
      alpha: estimateByFeature(
        [...byFeature.values()],
        (drawn) => {
          coincidences.clear()
          for (const unit of drawn) coincidences.add(unit.map(({ value }) => value))
          return coincidences.alpha(metric)
        },
        seed,
        `alpha ${name}`,
      ),
      units: units.length,
      icc: kind === 'total' ? crossed(all, seed, name) : null,
    }
  })
}

function unitOf({ item, part }: Rating): string {
  return part === null ? item.code : `${item.code}@${part}`
}

/** The intraclass correlation over units that every rater rated. */
function crossed(ratings: readonly Rating[], seed: number, name: string): Intraclass | null {
  const raters = [...new Set(ratings.map(({ rater }) => rater))].toSorted()
  const full = [...grouped(ratings, unitOf).values()].filter(({ length }) => length === raters.length)
  const items = new Set(full.map((unit) => unit[0]!.item.code)).size
  if (items < FEWEST_CROSSED_ITEMS) return null
  const byFeature = grouped(full, ([first]) => featureOf(first!))
  const groups = [...byFeature.values()].map((units) =>
    units.map((unit) => raters.map((rater) => unit.find((one) => one.rater === rater)!.value)),
  )
  const estimate = (which: 'single' | 'average'): Estimate =>
    estimateByFeature(
      groups,
      (rows) => intraclassCorrelation(rows)?.[which] ?? null,
      seed,
      `icc ${which} ${name}`,
    )
  const single = estimate('single')
  if (single.value === null) return null
  return { single, average: estimate('average'), k: raters.length, items }
}

/** Agreement of a rater's silent repeats with their first showing. */
export function selfAgreementOf(ratings: SessionRatings, rater: string, seed: number): SelfAgreement[] {
  return ratings.measures.map((measure) => {
    const own = ratings.of(measure).filter((rating) => rating.rater === rater)
    const first = new Map(own.map((rating) => [unitOf(rating), rating.value]))
    const pairs = own.flatMap((rating): { feature: string; pair: [number, number] }[] => {
      const { item, part, value } = rating
      if (item.original === null) return []
      const before = first.get(part === null ? item.original : `${item.original}@${part}`)
      return before === undefined ? [] : [{ feature: featureOf(rating), pair: [before, value] }]
    })
    const kappa = estimateByFeature(
      [...grouped(pairs, ({ feature }) => feature).values()],
      (drawn) => {
        const values = drawn.map(({ pair }) => pair)
        return measure.metric === 'nominal' ? cohenKappa(values) : weightedKappa(values)
      },
      seed,
      `kappa ${measure.name} ${rater}`,
    )
    return { name: measure.name, kappa, pairs: pairs.length }
  })
}
