// Spearman's correlations on many resamples at once, in AssemblyScript (https://www.assemblyscript.org), compiled to
// WebAssembly with 128-bit SIMD. Addresses are bytes in the module's memory. A lane is a resample; eight of them, two
// vectors of 32-bit integers, go through a step together.
//
// Ranks are centred and doubled, hence integers. With N tokens in a resample all sums that are used are at most N³ / 3,
// which for N ≤ 1860 fits 32 bits; what wraps on the way there does no harm. So everything up to the last division is
// exact, and that is done in 64-bit floats.
//
// On each side (truth or one set of predictions) the tokens of the commonest value, the base, are only counted. The
// others are visited from either end towards the base: groups of equal values below it from the smallest, those above
// it from the largest.

/** Room of eight resamples' numbers. */
const STRIDE: usize = 32

/** The doubled, centred rank of a group of weight `own` behind `passed`, seen from its end; total is N. */
// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function outerRank(total: v128, passed: v128, own: v128): v128 {
  return i32x4.sub(i32x4.sub(total, passed), i32x4.add(passed, own))
}

/** Four correlations, two of them from the low and two from the high halves; NaN where the truth is constant. */
// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function storeCorrelations(out: usize, together: v128, truthSpread: v128, spread: v128): void {
  storePair(out, together, truthSpread, spread)
  storePair(
    out + 16,
    v128.shuffle<i32>(together, together, 2, 3, 2, 3),
    v128.shuffle<i32>(truthSpread, truthSpread, 2, 3, 2, 3),
    v128.shuffle<i32>(spread, spread, 2, 3, 2, 3),
  )
}

// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function storePair(out: usize, together: v128, truthSpread: v128, spread: v128): void {
  const truth = f64x2.convert_low_i32x4_s(truthSpread)
  const predicted = f64x2.convert_low_i32x4_s(spread)
  const zero = f64x2.splat(0)
  const quotient = f64x2.div(f64x2.convert_low_i32x4_s(together), f64x2.sqrt(f64x2.mul(truth, predicted)))
  // Rounding can carry a perfect correlation past 1.
  const clamped = f64x2.max(f64x2.splat(-1), f64x2.min(f64x2.splat(1), quotient))
  const defined = v128.bitselect(zero, clamped, f64x2.eq(predicted, zero))
  v128.store(out, v128.bitselect(f64x2.splat(NaN), defined, f64x2.eq(truth, zero)))
}

/**
 * The correlations of one truth with several sets of predictions.
 *
 * @param chunks number of eights of resamples
 * @param examples number of examples
 * @param lengths tokens of each example, i32
 * @param weights how often each example counts, u16: chunk by chunk, example by example, eight resamples
 * @param truth i32: runs of equal values below the base; runs above it; tokens below; tokens above; the length of each
 *   run; for each token outside the base, run by run, its example · 32
 * @param predictions i32, for each set: groups below the base; groups above it; for each group the number of its tokens,
 *   the number of those that are outside the truth's base too, each token's example · 32, each such token's place among
 *   the truth's · 32
 * @param sets number of sets of predictions
 * @param wide room for 32 bytes an example
 * @param moments room for 32 bytes a token outside the truth's base
 * @param out f64: by set, by resample
 * @param setBytes from one set's results to the next one's
 */
export function correlate(
  chunks: u32,
  examples: u32,
  lengths: usize,
  weights: usize,
  truth: usize,
  predictions: usize,
  sets: u32,
  wide: usize,
  moments: usize,
  out: usize,
  setBytes: usize,
): void {
  const runsBelow = load<u32>(truth)
  const runs = runsBelow + load<u32>(truth, 4)
  const tokensBelow = load<u32>(truth, 8)
  const tokensAbove = load<u32>(truth, 12)
  const runLengths = truth + 16
  const places = runLengths + ((<usize>runs) << 2)
  const zero = i32x4.splat(0)
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    let total0 = zero
    let total1 = zero
    for (let example: u32 = 0; example < examples; example++) {
      const eight = v128.load(weights)
      weights += 16
      const low = i32x4.extend_low_i16x8_u(eight)
      const high = i32x4.extend_high_i16x8_u(eight)
      const at = wide + <usize>example * STRIDE
      v128.store(at, low)
      v128.store(at, high, 16)
      const length = i32x4.splat(load<i32>(lengths + ((<usize>example) << 2)))
      total0 = i32x4.add(total0, i32x4.mul(low, length))
      total1 = i32x4.add(total1, i32x4.mul(high, length))
    }

    // The base's rank is known by what is below and above it.
    let below0 = zero
    let below1 = zero
    let above0 = zero
    let above1 = zero
    let place = places
    for (let token: u32 = 0; token < tokensBelow; token++) {
      const at = wide + <usize>load<u32>(place)
      place += 4
      below0 = i32x4.add(below0, v128.load(at))
      below1 = i32x4.add(below1, v128.load(at, 16))
    }
    for (let token: u32 = 0; token < tokensAbove; token++) {
      const at = wide + <usize>load<u32>(place)
      place += 4
      above0 = i32x4.add(above0, v128.load(at))
      above1 = i32x4.add(above1, v128.load(at, 16))
    }
    const truthBase0 = i32x4.sub(below0, above0)
    const truthBase1 = i32x4.sub(below1, above1)
    const truthRest0 = i32x4.sub(total0, i32x4.add(below0, above0))
    const truthRest1 = i32x4.sub(total1, i32x4.add(below1, above1))
    let truthSpread0 = i32x4.mul(truthRest0, i32x4.mul(truthBase0, truthBase0))
    let truthSpread1 = i32x4.mul(truthRest1, i32x4.mul(truthBase1, truthBase1))
    let momentSum0 = zero
    let momentSum1 = zero
    let passed0 = zero
    let passed1 = zero
    let moment = moments
    place = places
    for (let run: u32 = 0; run < runs; run++) {
      if (run == runsBelow) {
        passed0 = zero
        passed1 = zero
      }
      const length = load<u32>(runLengths + ((<usize>run) << 2))
      let own0 = zero
      let own1 = zero
      for (let token: u32 = 0; token < length; token++) {
        const at = wide + <usize>load<u32>(place + ((<usize>token) << 2))
        own0 = i32x4.add(own0, v128.load(at))
        own1 = i32x4.add(own1, v128.load(at, 16))
      }
      let rank0 = outerRank(total0, passed0, own0)
      let rank1 = outerRank(total1, passed1, own1)
      if (run < runsBelow) {
        rank0 = i32x4.neg(rank0)
        rank1 = i32x4.neg(rank1)
      }
      passed0 = i32x4.add(passed0, own0)
      passed1 = i32x4.add(passed1, own1)
      truthSpread0 = i32x4.add(truthSpread0, i32x4.mul(own0, i32x4.mul(rank0, rank0)))
      truthSpread1 = i32x4.add(truthSpread1, i32x4.mul(own1, i32x4.mul(rank1, rank1)))
      const apart0 = i32x4.sub(rank0, truthBase0)
      const apart1 = i32x4.sub(rank1, truthBase1)
      momentSum0 = i32x4.add(momentSum0, i32x4.mul(own0, apart0))
      momentSum1 = i32x4.add(momentSum1, i32x4.mul(own1, apart1))
      for (let token: u32 = 0; token < length; token++) {
        const at = wide + <usize>load<u32>(place)
        place += 4
        v128.store(moment, i32x4.mul(v128.load(at), apart0))
        v128.store(moment, i32x4.mul(v128.load(at, 16), apart1), 16)
        moment += STRIDE
      }
    }

    let cursor = predictions
    let result = out
    for (let set: u32 = 0; set < sets; set++) {
      const groupsBelow = load<u32>(cursor)
      const groups = groupsBelow + load<u32>(cursor, 4)
      cursor += 8
      let spread0 = zero
      let spread1 = zero
      let together0 = zero
      let together1 = zero
      let overlap0 = zero
      let overlap1 = zero
      below0 = zero
      below1 = zero
      passed0 = zero
      passed1 = zero
      for (let group: u32 = 0; group < groups; group++) {
        if (group == groupsBelow) {
          below0 = passed0
          below1 = passed1
          passed0 = zero
          passed1 = zero
        }
        const tokens = cursor + 8
        const overlaps = tokens + ((<usize>load<u32>(cursor)) << 2)
        const end = overlaps + ((<usize>load<u32>(cursor, 4)) << 2)
        let own0 = zero
        let own1 = zero
        for (cursor = tokens; cursor < overlaps; cursor += 4) {
          const at = wide + <usize>load<u32>(cursor)
          own0 = i32x4.add(own0, v128.load(at))
          own1 = i32x4.add(own1, v128.load(at, 16))
        }
        let rank0 = outerRank(total0, passed0, own0)
        let rank1 = outerRank(total1, passed1, own1)
        if (group < groupsBelow) {
          rank0 = i32x4.neg(rank0)
          rank1 = i32x4.neg(rank1)
        }
        passed0 = i32x4.add(passed0, own0)
        passed1 = i32x4.add(passed1, own1)
        spread0 = i32x4.add(spread0, i32x4.mul(own0, i32x4.mul(rank0, rank0)))
        spread1 = i32x4.add(spread1, i32x4.mul(own1, i32x4.mul(rank1, rank1)))
        if (cursor < end) {
          let sum0 = zero
          let sum1 = zero
          for (; cursor < end; cursor += 4) {
            const at = moments + <usize>load<u32>(cursor)
            sum0 = i32x4.add(sum0, v128.load(at))
            sum1 = i32x4.add(sum1, v128.load(at, 16))
          }
          overlap0 = i32x4.add(overlap0, sum0)
          overlap1 = i32x4.add(overlap1, sum1)
          together0 = i32x4.add(together0, i32x4.mul(sum0, rank0))
          together1 = i32x4.add(together1, i32x4.mul(sum1, rank1))
        }
      }
      if (groups == groupsBelow) {
        below0 = passed0
        below1 = passed1
        passed0 = zero
        passed1 = zero
      }
      const base0 = i32x4.sub(below0, passed0)
      const base1 = i32x4.sub(below1, passed1)
      const rest0 = i32x4.sub(total0, i32x4.add(below0, passed0))
      const rest1 = i32x4.sub(total1, i32x4.add(below1, passed1))
      spread0 = i32x4.add(spread0, i32x4.mul(rest0, i32x4.mul(base0, base0)))
      spread1 = i32x4.add(spread1, i32x4.mul(rest1, i32x4.mul(base1, base1)))
      together0 = i32x4.add(together0, i32x4.mul(base0, i32x4.sub(momentSum0, overlap0)))
      together1 = i32x4.add(together1, i32x4.mul(base1, i32x4.sub(momentSum1, overlap1)))
      storeCorrelations(result, together0, truthSpread0, spread0)
      storeCorrelations(result + 32, together1, truthSpread1, spread1)
      result += setBytes
    }
    out += 64
  }
}
