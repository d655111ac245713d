import type { UndefinedReason } from '../core/scores.ts'
import { YES } from './questions.ts'

/** Answered questions by class, in the order of the classes, and how many each class has. */
export interface Sample {
  readonly judged: readonly Judged[]
  readonly sizes: readonly number[]
}

/** An answered question. */
export interface Judged {
  readonly right: boolean
  readonly said: number
  readonly belief: number | null
}

/**
 * A statistic of a sample, prepared once: a function of how often each question counts, which gives a value or the
 * reason why there is none.
 */
export type Statistic = (sample: Sample) => (weights: Float64Array) => number | UndefinedReason

/** Mean over the classes of the share of right answers. */
export const balancedAccuracy: Statistic = ({ judged, sizes }) => {
  const right = Float64Array.from(judged, (one) => Number(one.right))
  return (weights) => {
    let first = 0
    let sum = 0
    for (const size of sizes) {
      let hits = 0
      for (let index = first; index < first + size; index++) hits += right[index]! * weights[index]!
      sum += hits / size
      first += size
    }
    return sum / sizes.length
  }
}

/** π·TPR / (π·TPR + (1 − π)·FPR): how many of the windows that are named fire, where windows are drawn at random. */
export function precisionAt(firingShare: number): Statistic {
  return ({ judged, sizes }) => {
    const named = Float64Array.from(judged, ({ said }) => Number(said === YES))
    const [positives, negatives] = [sizes[0]!, sizes[1]!]
    return (weights) => {
      let hits = 0
      let alarms = 0
      for (let index = 0; index < positives; index++) hits += named[index]! * weights[index]!
      for (let index = positives; index < named.length; index++) alarms += named[index]! * weights[index]!
      const rightly = firingShare * (hits / positives)
      const falsely = (1 - firingShare) * (alarms / negatives)
      return rightly + falsely === 0 ? 'noneNamed' : rightly / (rightly + falsely)
    }
  }
}

/** Probability that a positive is believed more than a negative, ties ½. Needs three distinct beliefs. */
export const areaUnderCurve: Statistic = ({ judged, sizes }) => {
  const beliefs = judged.map(({ belief }) => belief)
  if (beliefs.includes(null) || new Set(beliefs).size < 3) return () => 'hardAnswers'
  const [positives, negatives] = [sizes[0]!, sizes[1]!]
  const order = [...judged.keys()].toSorted((a, b) => beliefs[a]! - beliefs[b]!)
  return (weights) => {
    let below = 0
    let sum = 0
    for (let start = 0; start < order.length;) {
      let end = start
      let ofPositives = 0
      let ofNegatives = 0
      for (; end < order.length && beliefs[order[end]!] === beliefs[order[start]!]; end++)
        if (order[end]! < positives) ofPositives += weights[order[end]!]!
        else ofNegatives += weights[order[end]!]!
      sum += ofPositives * (below + ofNegatives / 2)
      below += ofNegatives
      start = end
    }
    return sum / (positives * negatives)
  }
}
