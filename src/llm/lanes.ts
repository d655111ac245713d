import type { Store } from '../core/store.ts'
import type { Lane } from './lane.ts'

/** The endpoints of a run. */
export class Lanes {
  readonly #lanes: readonly Lane[]

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes
  }

  /** Requests under way at once, at most. */
  get mostInFlight(): number {
    return this.#lanes.reduce((sum, { mostInFlight }) => sum + mostInFlight, 0)
  }

  /** Requests that may be under way now. */
  get window(): number {
    return this.#lanes.reduce((sum, { window }) => sum + window, 0)
  }

  /** Whether there is still one to ask. */
  get anyLeft(): boolean {
    return this.#lanes.some(({ tripped }) => tripped === null)
  }

  /** Among those that are free soonest, the one that has least to do for its weight. @param tokens of the request */
  freest(tokens: number, now: number): { lane: Lane; wait: number } {
    let best: { lane: Lane; wait: number; load: number } | null = null
    for (const lane of this.#lanes) {
      const wait = lane.waitFor(tokens, now)
      const load = lane.inFlight / lane.weight
      if (!best || wait < best.wait || (wait === best.wait && load < best.load)) best = { lane, wait, load }
    }
    return best!
  }

  /** How long requests of so many tokens in all are expected to take; null where an endpoint is not known. */
  expectedSeconds(requests: number, tokens: number): number | null {
    if (requests === 0) return 0
    const rates = this.#lanes.map((lane) => lane.expectedRate(tokens / requests))
    const sum = rates.reduce<number>((total, rate) => total + (rate ?? 0), 0)
    return rates.includes(null) || sum === 0 ? null : requests / sum
  }

  /** Stores what was learned, and closes the connections. */
  async close(endpoints: Store['endpoints'], now: Date): Promise<void> {
    for (const lane of this.#lanes) {
      const limits = lane.learned()
      const { baseUrl, model } = lane.client
      if (limits) endpoints.put({ baseUrl, model, server: null, capabilities: null, limits }, now)
    }
    await Promise.all(this.#lanes.map(({ client }) => client.close()))
  }
}
