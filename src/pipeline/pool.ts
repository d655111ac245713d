/**
 * Runs work on items with at most `concurrency` at a time and yields the results as they come. Items are started in
 * order. After an error, or once `signal` is aborted, no further item starts; those in flight are waited for, and
 * their results are yielded before the error is thrown.
 */
export async function* runPool<Item, Result>(
  items: Iterable<Item>,
  concurrency: number,
  signal: AbortSignal,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting = items[Symbol.iterator]()
  const inFlight = new Set<Promise<void>>()
  const results: Result[] = []
  const errors: unknown[] = []
  const startNext = (): boolean => {
    if (signal.aborted || errors.length > 0) return false
    const next = waiting.next()
    if (next.done) return false
    const running: Promise<void> = work(next.value)
      .then(
        (result) => void results.push(result),
        (error: unknown) => void errors.push(error),
      )
      .finally(() => inFlight.delete(running))
    inFlight.add(running)
    return true
  }
  for (;;) {
    while (inFlight.size < concurrency && startNext());
    if (inFlight.size === 0) break
    await Promise.race(inFlight)
    yield* results.splice(0)
  }
  yield* results
  if (errors.length > 0) throw errors[0]
}
