import type { LogitEffects } from '../core/store.ts'

/** The tokens with the largest and the smallest logit effects, strongest first, ties by token id. */
export function logitExtremes(effects: Float32Array, top: number, bottom: number): LogitEffects {
  return { top: largest(effects, top, 1), bottom: largest(effects, bottom, -1) }
}

function largest(effects: Float32Array, count: number, sign: 1 | -1): [number, number][] {
  const best: number[] = []
  for (let token = 0; token < effects.length; token++) {
    const effect = sign * effects[token]!
    if (best.length === count && !(effect > sign * effects[best.at(-1)!]!)) continue
    let place = best.length
    while (place > 0 && sign * effects[best[place - 1]!]! < effect) place--
    best.splice(place, 0, token)
    if (best.length > count) best.pop()
  }
  return best.map((token) => [token, effects[token]!])
}
