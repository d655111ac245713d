// Sums over examples on many resamples at once, in AssemblyScript: one module with `resampled-ranks.ts`, which reads the
// same resamples.

/**
 * Sums over examples of what each adds times how often a resample has it, in 64-bit floats.
 *
 * @param chunks number of eights of resamples
 * @param examples number of examples
 * @param weights how often each example counts, u16: chunk by chunk, example by example, eight resamples
 * @param columns f64, column by column: what each example adds
 * @param count number of columns
 * @param wide room for 64 bytes an example
 * @param out f64: by column, by resample
 * @param columnBytes from one column's results to the next one's
 */
export function addUp(
  chunks: u32,
  examples: u32,
  weights: usize,
  columns: usize,
  count: u32,
  wide: usize,
  out: usize,
  columnBytes: usize,
): void {
  const end = wide + ((<usize>examples) << 6)
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    for (let at = wide; at < end; at += 64) {
      const eight = v128.load(weights)
      weights += 16
      const low = i32x4.extend_low_i16x8_u(eight)
      const high = i32x4.extend_high_i16x8_u(eight)
      v128.store(at, f64x2.convert_low_i32x4_s(low))
      v128.store(at, f64x2.convert_low_i32x4_s(v128.shuffle<i32>(low, low, 2, 3, 2, 3)), 16)
      v128.store(at, f64x2.convert_low_i32x4_s(high), 32)
      v128.store(at, f64x2.convert_low_i32x4_s(v128.shuffle<i32>(high, high, 2, 3, 2, 3)), 48)
    }
    let added = columns
    let result = out
    for (let column: u32 = 0; column < count; column++) {
      let sum0 = f64x2.splat(0)
      let sum1 = sum0
      let sum2 = sum0
      let sum3 = sum0
      for (let at = wide; at < end; at += 64) {
        const one = v128.load64_splat(added)
        added += 8
        sum0 = f64x2.add(sum0, f64x2.mul(one, v128.load(at)))
        sum1 = f64x2.add(sum1, f64x2.mul(one, v128.load(at, 16)))
        sum2 = f64x2.add(sum2, f64x2.mul(one, v128.load(at, 32)))
        sum3 = f64x2.add(sum3, f64x2.mul(one, v128.load(at, 48)))
      }
      v128.store(result, sum0)
      v128.store(result, sum1, 16)
      v128.store(result, sum2, 32)
      v128.store(result, sum3, 48)
      result += columnBytes
    }
    out += 64
  }
}
