import { Worker } from 'node:worker_threads'
import type { PageDetails } from '../pipeline/page-details.ts'
import type { PageThreadAnswer, PageThreadData } from './page-thread.ts'

/** Details of this many pages are kept. */
const MOST_KEPT = 256

/**
 * Details of pages, found in a thread of their own: loading what reads stored replies, and going through a decoder of
 * hundreds of megabytes, must hold up no key. The thread starts with the first page, or before it.
 */
export class PageDetailsReader {
  readonly #data: PageThreadData
  readonly #kept = new Map<number, PageDetails>()
  #thread: Worker | null = null
  #asked: number | null = null
  /** Asked for while another one was being found; the last one alone counts. */
  #next: number | null = null
  #failure: string | null = null
  /** Called when details have come. */
  onChange: () => void = () => {}

  constructor(data: PageThreadData) {
    this.#data = data
  }

  /** The details of a feature; null until they are there. */
  of(feature: number): PageDetails | null {
    const kept = this.#kept.get(feature)
    if (kept) return kept
    if (this.#failure !== null) return without(this.#failure)
    if (feature === this.#asked) this.#next = null
    else if (this.#asked === null) this.#ask(feature)
    else this.#next = feature
    return null
  }

  /** Starts the thread before the first page is opened. */
  warm(): void {
    this.#thread ??= this.#start()
  }

  close(): void {
    void this.#thread?.terminate()
    this.#thread = null
  }

  #ask(feature: number): void {
    this.#asked = feature
    this.#thread ??= this.#start()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    this.#thread.postMessage(feature)
  }

  #start(): Worker {
    const thread = new Worker(new URL('page-thread.js', import.meta.url), { workerData: this.#data })
    // Whoever leaves does not wait for it.
    thread.unref()
    thread.on('message', ({ feature, details }: PageThreadAnswer) => {
      if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
      this.#kept.set(feature, details)
      this.#asked = null
      if (this.#next !== null) this.#ask(this.#next)
      this.#next = null
      this.onChange()
    })
    thread.on('error', (error) => {
      this.#failure = error.message
      this.onChange()
    })
    return thread
  }
}

function without(reason: string): PageDetails {
  return { simulation: null, withoutSimulation: reason, neighbours: null, withoutNeighbours: reason }
}
