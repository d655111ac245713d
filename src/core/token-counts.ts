/** How often each token occurs among the eligible tokens of a set's collection. */
export interface TokenCounts {
  /** Empty where none were put. */
  get(setId: string): Map<number, number>
  /** Replaces those of the set. */
  put(setId: string, counts: Iterable<readonly [token: number, count: number]>): void
}
