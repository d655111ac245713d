import type { Spending } from '../core/chat-model.ts'
import type { TrainingStep } from '../core/dictionary.ts'
import type { StudyEvent } from '../core/events.ts'
import type { StageName } from '../core/stages.ts'
import type { StageRecord } from '../core/store.ts'
import type { Study } from './study.ts'

/** Keeps the stage table in step with a verb, across kills and resumes, and makes the verb's events. */
export class StageRecorder {
  readonly #study: Study
  readonly #name: StageName
  readonly #total: number
  readonly #startedAt: number
  readonly #secondsBefore: number
  #done: number

  /** @param done items that earlier runs finished */
  constructor(study: Study, name: StageName, done: number, total: number) {
    const earlier = study.store.stages.all().find((stage) => stage.name === name)
    this.#study = study
    this.#name = name
    this.#done = done
    this.#total = total
    this.#startedAt = study.now().getTime()
    // Time counts on from an earlier run only where that was about the same work.
    this.#secondsBefore = earlier?.total === total && done > 0 ? earlier.seconds : 0
    this.#put('running')
  }

  /** Items that have an outcome. */
  get done(): number {
    return this.#done
  }

  start(unit: 'tokens' | 'features', note: string): StudyEvent {
    return { type: 'stage-start', stage: this.#name, unit, done: this.#done, total: this.#total, note }
  }

  /** Call it in the transaction that makes the items count. */
  record(done: number): void {
    this.#done = done
    this.#put('running')
  }

  progress(details: { training?: TrainingStep; spending?: Spending } = {}): StudyEvent {
    return { type: 'stage-progress', stage: this.#name, done: this.#done, total: this.#total, ...details }
  }

  end(note: string): StudyEvent {
    this.#put('done')
    return { type: 'stage-end', stage: this.#name, seconds: this.#seconds(), note }
  }

  /** The run is stopping early. */
  stop(): void {
    this.#put('stopped')
  }

  /** Passes work's events on; where it fails, the stage counts as stopped. */
  async *watch(work: AsyncGenerator<StudyEvent>): AsyncGenerator<StudyEvent> {
    try {
      yield* work
    } catch (error) {
      this.stop()
      throw error
    }
  }

  #seconds(): number {
    return this.#secondsBefore + (this.#study.now().getTime() - this.#startedAt) / 1000
  }

  #put(state: StageRecord['state']): void {
    this.#study.store.stages.put({
      name: this.#name,
      state,
      done: this.#done,
      total: this.#total,
      seconds: this.#seconds(),
    })
  }
}
