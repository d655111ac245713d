import type { FeatureFirings } from './firings.ts'
import { WindowSet } from './window-set.ts'
import type { WindowIndex } from './windows.ts'

/**
 * Windows with a firing nominal token: the tokens in ascending order, with their activations and documents. Columns
 * rather than objects, and walked in order, because a dense feature has tens of thousands.
 */
export interface FiringWindows {
  readonly tokens: Uint32Array
  readonly activations: Float32Array
  readonly documents: Uint32Array
}

const REMOVED = 0xffff_ffff

/** Finds the distinct firing windows of one feature after the other, in memory that is used again. */
export class DistinctFiringWindows {
  readonly #windows: WindowIndex
  readonly #set: WindowSet

  constructor(windows: WindowIndex) {
    this.#windows = windows
    this.#set = new WindowSet(windows, 0)
  }

  /**
   * A feature's firing windows, equal ones once: of copies, the one with the smallest rank stays.
   * @param firings with the windows' hashes as labels
   * @param rank of a nominal token
   */
  of({ tokens, activations, labels }: FeatureFirings, rank: (token: number) => number): FiringWindows {
    const { documentStarts } = this.#windows
    const set = this.#set
    set.clear(tokens.length)
    const places = new Uint32Array(tokens.length)
    let found = 0
    let removed = 0
    for (let place = 0; place < tokens.length; place++) {
      const hash = labels[place]!
      if (hash === 0) continue
      const token = tokens[place]!
      const copy = set.add(token, found, hash)
      if (copy !== null) {
        if (rank(tokens[places[copy]!]!) <= rank(token)) continue
        places[copy] = REMOVED
        removed++
        set.replace(token, found, hash)
      }
      places[found++] = place
    }
    const kept = {
      tokens: new Uint32Array(found - removed),
      activations: new Float32Array(found - removed),
      documents: new Uint32Array(found - removed),
    }
    let document = 0
    for (let i = 0, count = 0; i < found; i++) {
      const place = places[i]!
      if (place === REMOVED) continue
      const token = tokens[place]!
      while (documentStarts[document + 1]! <= token) document++
      kept.tokens[count] = token
      kept.activations[count] = activations[place]!
      kept.documents[count++] = document
    }
    return kept
  }

  /** The nominal token that stands for a window among those last found, or null. */
  standsFor(token: number): number | null {
    return this.#set.find(token)
  }
}

/** The windows whose documents belong. */
export function windowsIn(windows: FiringWindows, belongs: (document: number) => boolean): FiringWindows {
  const { tokens, activations, documents } = windows
  const chosen = {
    tokens: new Uint32Array(tokens.length),
    activations: new Float32Array(tokens.length),
    documents: new Uint32Array(tokens.length),
  }
  let count = 0
  let document = -1
  let wanted = false
  for (let i = 0; i < tokens.length; i++) {
    if (documents[i] !== document) {
      document = documents[i]!
      wanted = belongs(document)
    }
    if (!wanted) continue
    chosen.tokens[count] = tokens[i]!
    chosen.activations[count] = activations[i]!
    chosen.documents[count++] = document
  }
  return {
    tokens: chosen.tokens.subarray(0, count),
    activations: chosen.activations.subarray(0, count),
    documents: chosen.documents.subarray(0, count),
  }
}

/** Documents that hold some of the windows, with how many each holds. */
export function countByDocument({ documents }: FiringWindows): { document: number; firingWindows: number }[] {
  const counts: { document: number; firingWindows: number }[] = []
  for (let i = 0; i < documents.length;) {
    const document = documents[i]!
    const start = i
    while (documents[i] === document) i++
    counts.push({ document, firingWindows: i - start })
  }
  return counts
}

/** Places of the windows with the largest activations, in descending order; ties by position. */
export function strongestFirst({ activations }: FiringWindows, count: number): number[] {
  const best: number[] = []
  for (let place = 0; place < activations.length; place++) {
    const activation = activations[place]!
    if (best.length === count && !(activation > activations[best.at(-1)!]!)) continue
    let at = best.length
    while (at > 0 && activations[best[at - 1]!]! < activation) at--
    best.splice(at, 0, place)
    if (best.length > count) best.pop()
  }
  return best
}
