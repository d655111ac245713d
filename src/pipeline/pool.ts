/**
 * Runs work on items with at most `concurrency` at a time and yields the results as they come. Items are started in
 * order. After an error, or once `signal` is aborted, no further item starts; those in flight are waited for, and
 * their results are yielded before the error is thrown.
 */
export async function* runPool<Item, Result>(
  items: Iterable<Item>,
  concurrency: number,
  signal: AbortSignal,
  work: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting = items[Symbol.iterator]()
  const results: Result[] = []
  const errors: unknown[] = []
  let started = 0
  let inFlight = 0
  let wake = (): void => {}
  const startNext = (): boolean => {
    if (inFlight >= concurrency || signal.aborted || errors.length > 0) return false
    const next = waiting.next()
    if (next.done) return false
    inFlight++
    void work(next.value, started++)
      .then(
        (result) => void results.push(result),
        (error: unknown) => void errors.push(error),
      )
      .finally(() => {
        inFlight--
        wake()
      })
    return true
  }
  for (;;) {
    while (startNext());
    if (inFlight === 0) break
    if (results.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    yield* results.splice(0)
  }
  yield* results
  if (errors.length > 0) throw errors[0]
}

/** The results of all, in order; when one has failed, its error, but not before all have ended. */
export async function allEnded<const Work extends readonly unknown[]>(
  work: Work,
): Promise<{ -readonly [Place in keyof Work]: Awaited<Work[Place]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
