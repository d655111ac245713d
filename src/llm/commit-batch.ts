/**
 * Joins writes that come in the same turn of the event loop into one transaction: at a thousand replies a second a
 * commit for each would take longer than everything else.
 */
export class CommitBatch {
  readonly #transaction: (work: () => void) => void
  #waiting: { write: () => void; done: () => void; failed: (error: unknown) => void }[] = []

  constructor(transaction: (work: () => void) => void) {
    this.#transaction = transaction
  }

  /** Resolves once `write` is committed; rejects, as all of its batch, where the transaction fails. */
  add(write: () => void): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush())
      this.#waiting.push({ write, done, failed })
    })
  }

  #flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    try {
      this.#transaction(() => {
        for (const { write } of batch) write()
      })
    } catch (error) {
      for (const { failed } of batch) failed(error)
      return
    }
    for (const { done } of batch) done()
  }
}
