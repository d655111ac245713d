// The sparse part of a TopK training step, in AssemblyScript (https://www.assemblyscript.org), compiled to WebAssembly
// with 128-bit SIMD. Addresses are bytes in the module's memory; matrices are float32, row-major, their width a
// multiple of 4. An entry is a (row, feature) pair that TopK selected; entries with a value of 0 or less are off.
//
// Every sum runs in a fixed order on one thread, so equal inputs give equal bits.

/** a += scale · b */
// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function addScaled(a: usize, b: usize, scale: v128, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16)
    v128.store(a + at, f32x4.add(v128.load(a + at), f32x4.mul(scale, v128.load(b + at))))
}

/** a · b, in four times two partial sums. */
// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function dot(a: usize, b: usize, bytes: usize): f32 {
  let first = f32x4.splat(0)
  let second = f32x4.splat(0)
  let at: usize = 0
  for (; at + 32 <= bytes; at += 32) {
    first = f32x4.add(first, f32x4.mul(v128.load(a + at), v128.load(b + at)))
    second = f32x4.add(second, f32x4.mul(v128.load(a + at, 16), v128.load(b + at, 16)))
  }
  if (at < bytes) first = f32x4.add(first, f32x4.mul(v128.load(a + at), v128.load(b + at)))
  return sumLanes(f32x4.add(first, second))
}

// @ts-ignore -- AssemblyScript inlines by a decorator on a function, where TypeScript allows none
@inline
function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  )
}

/** centred = x − b_dec, row by row. */
export function centre(rows: u32, width: u32, x: usize, bDec: usize, centred: usize): void {
  const bytes = (<usize>width) << 2
  for (let row: u32 = 0; row < rows; row++) {
    const start = <usize>row * bytes
    for (let at: usize = 0; at < bytes; at += 16)
      v128.store(centred + start + at, f32x4.sub(v128.load(x + start + at), v128.load(bDec + at)))
  }
}

/**
 * The error's gradient g = 2 (f W_dec − (x − b_dec)) / rows, and each row's squared error ‖x̂ − x‖².
 */
export function decode(
  rows: u32,
  width: u32,
  k: u32,
  centred: usize,
  features: usize,
  values: usize,
  wDec: usize,
  g: usize,
  squaredErrors: usize,
): void {
  const bytes = (<usize>width) << 2
  const scale = f32x4.splat(<f32>2 / <f32>rows)
  for (let row: u32 = 0; row < rows; row++) {
    const out = g + <usize>row * bytes
    const target = centred + <usize>row * bytes
    for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, f32x4.neg(v128.load(target + at)))
    for (let j: u32 = 0; j < k; j++) {
      const entry = (<usize>(row * k + j)) << 2
      const value = load<f32>(values + entry)
      if (value > 0) addScaled(out, wDec + <usize>load<u32>(features + entry) * bytes, f32x4.splat(value), bytes)
    }
    store<f32>(squaredErrors + ((<usize>row) << 2), dot(out, out, bytes))
    for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, f32x4.mul(v128.load(out + at), scale))
  }
}

/** The gradient at each entry's pre-activation: g · W_dec row where the feature is on, else 0. */
export function entryGradients(
  rows: u32,
  width: u32,
  k: u32,
  g: usize,
  features: usize,
  values: usize,
  wDec: usize,
  gradients: usize,
): void {
  const bytes = (<usize>width) << 2
  for (let row: u32 = 0; row < rows; row++)
    for (let j: u32 = 0; j < k; j++) {
      const entry = (<usize>(row * k + j)) << 2
      const on = load<f32>(values + entry) > 0
      store<f32>(
        gradients + entry,
        on ? dot(g + <usize>row * bytes, wDec + <usize>load<u32>(features + entry) * bytes, bytes) : 0,
      )
    }
}

/**
 * Sorts entries that are on by feature (counting sort): those of feature i are `order[starts[i] … starts[i + 1] − 1]`,
 * in the order of their rows. `next` is scratch, one u32 a feature.
 */
export function groupByFeature(
  entries: u32,
  featureCount: u32,
  features: usize,
  values: usize,
  starts: usize,
  next: usize,
  order: usize,
): void {
  memory.fill(starts, 0, (<usize>featureCount + 1) << 2)
  for (let entry: u32 = 0; entry < entries; entry++) {
    const at = (<usize>entry) << 2
    if (!(load<f32>(values + at) > 0)) continue
    const count = starts + ((<usize>load<u32>(features + at)) << 2)
    store<u32>(count, load<u32>(count, 4) + 1, 4)
  }
  for (let feature: u32 = 0; feature < featureCount; feature++) {
    const at = (<usize>feature) << 2
    store<u32>(starts + at, load<u32>(starts + at, 4) + load<u32>(starts + at), 4)
    store<u32>(next + at, load<u32>(starts + at))
  }
  for (let entry: u32 = 0; entry < entries; entry++) {
    const at = (<usize>entry) << 2
    if (!(load<f32>(values + at) > 0)) continue
    const place = next + ((<usize>load<u32>(features + at)) << 2)
    store<u32>(order + ((<usize>load<u32>(place)) << 2), entry)
    store<u32>(place, load<u32>(place) + 1)
  }
}

/**
 * Gradients of both weight rows and the encoder bias of every feature. The part of a decoder row's gradient along
 * the (unit-norm) row is removed.
 */
export function weightGradients(
  featureCount: u32,
  width: u32,
  k: u32,
  centred: usize,
  g: usize,
  values: usize,
  gradients: usize,
  starts: usize,
  order: usize,
  wDec: usize,
  gradEnc: usize,
  gradDec: usize,
  gradBEnc: usize,
): void {
  const bytes = (<usize>width) << 2
  for (let feature: u32 = 0; feature < featureCount; feature++) {
    const enc = gradEnc + <usize>feature * bytes
    const dec = gradDec + <usize>feature * bytes
    memory.fill(enc, 0, bytes)
    memory.fill(dec, 0, bytes)
    const from = load<u32>(starts + ((<usize>feature) << 2))
    const to = load<u32>(starts + ((<usize>feature) << 2), 4)
    let bias: f32 = 0
    for (let i = from; i < to; i++) {
      const entry = load<u32>(order + ((<usize>i) << 2))
      const row = <usize>(entry / k) * bytes
      const gradient = load<f32>(gradients + ((<usize>entry) << 2))
      bias += gradient
      addScaled(enc, centred + row, f32x4.splat(gradient), bytes)
      addScaled(dec, g + row, f32x4.splat(load<f32>(values + ((<usize>entry) << 2))), bytes)
    }
    store<f32>(gradBEnc + ((<usize>feature) << 2), bias)
    const unit = wDec + <usize>feature * bytes
    if (to > from) addScaled(dec, unit, f32x4.splat(-dot(dec, unit, bytes)), bytes)
  }
}

/** ∂b_dec = Σ_n g − Σ_i ∂b_enc,i W_enc,i. */
export function decoderBiasGradient(
  rows: u32,
  featureCount: u32,
  width: u32,
  g: usize,
  gradBEnc: usize,
  wEnc: usize,
  gradBDec: usize,
): void {
  const bytes = (<usize>width) << 2
  memory.fill(gradBDec, 0, bytes)
  for (let row: u32 = 0; row < rows; row++) addScaled(gradBDec, g + <usize>row * bytes, f32x4.splat(1), bytes)
  for (let feature: u32 = 0; feature < featureCount; feature++) {
    const bias = load<f32>(gradBEnc + ((<usize>feature) << 2))
    if (bias != 0) addScaled(gradBDec, wEnc + <usize>feature * bytes, f32x4.splat(-bias), bytes)
  }
}

/** Σ a², in float64 over sums of 4,096 numbers. */
export function squaredNorm(numbers: u32, a: usize): f64 {
  let total: f64 = 0
  for (let first: u32 = 0; first < numbers; first += 4096) {
    const end = min(first + 4096, numbers)
    let partial = f32x4.splat(0)
    for (let i = first; i < end; i += 4) {
      const v = v128.load(a + ((<usize>i) << 2))
      partial = f32x4.add(partial, f32x4.mul(v, v))
    }
    total += <f64>sumLanes(partial)
  }
  return total
}

/** One step of Adam (Kingma and Ba 2015), in place; gradients are multiplied by `scale` first. */
export function adam(
  numbers: u32,
  parameter: usize,
  gradient: usize,
  firstMoment: usize,
  secondMoment: usize,
  stepSize: f32,
  inverseRoot: f32,
  scale: f32,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
): void {
  const clip = f32x4.splat(scale)
  const keep1 = f32x4.splat(<f32>beta1)
  const keep2 = f32x4.splat(<f32>beta2)
  const take1 = f32x4.splat(<f32>(1 - beta1))
  const take2 = f32x4.splat(<f32>(1 - beta2))
  const rate = f32x4.splat(stepSize)
  const root = f32x4.splat(inverseRoot)
  const floor = f32x4.splat(epsilon)
  const end = (<usize>numbers) << 2
  for (let at: usize = 0; at < end; at += 16) {
    const grad = f32x4.mul(v128.load(gradient + at), clip)
    const m = f32x4.add(f32x4.mul(keep1, v128.load(firstMoment + at)), f32x4.mul(take1, grad))
    const v = f32x4.add(f32x4.mul(keep2, v128.load(secondMoment + at)), f32x4.mul(take2, f32x4.mul(grad, grad)))
    v128.store(firstMoment + at, m)
    v128.store(secondMoment + at, v)
    const divisor = f32x4.add(f32x4.mul(f32x4.sqrt(v), root), floor)
    v128.store(parameter + at, f32x4.sub(v128.load(parameter + at), f32x4.div(f32x4.mul(rate, m), divisor)))
  }
}

/** Gives every row unit norm; a row of zeros stays. */
export function normalizeRows(rows: u32, width: u32, a: usize): void {
  const bytes = (<usize>width) << 2
  for (let row: u32 = 0; row < rows; row++) {
    const start = a + <usize>row * bytes
    const squares = dot(start, start, bytes)
    if (squares == 0) continue
    const inverse = f32x4.splat(1 / sqrt<f32>(squares))
    for (let at: usize = 0; at < bytes; at += 16) v128.store(start + at, f32x4.mul(v128.load(start + at), inverse))
  }
}
