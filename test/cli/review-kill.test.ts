import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import { Random } from '../../src/core/random.ts'
import type { Store } from '../../src/core/store.ts'
import { RatingDesk, readEvent } from '../../src/pipeline/rating-desk.ts'
import { createRatingSession, openRatingSession } from '../../src/pipeline/rating-session.ts'
import { foldEvents } from '../../src/review/fold.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { keymap } from '../../src/tui/review/keymap.ts'
import { KeyDecoder } from '../../src/tui/review/keys.ts'
import { RateScreen } from '../../src/tui/review/rate-screen.ts'
import { ROOT, temporaryFolder } from '../support/paths.ts'
import { writeReviewStudy } from '../support/review-study.ts'
import { drawTask, studyOf } from '../support/task-session.ts'

/** 500 take some minutes: `KILL_SEQUENCES=500 npx vitest run test/cli/review-kill.test.ts`. */
const SEQUENCES = Number(process.env['KILL_SEQUENCES'] ?? 4)
const KEYS_BETWEEN_KILLS = 60
const RATER = join(ROOT, 'test', 'support', 'key-rater.mjs')

const PRESSED = [
  ...Array.from('01234501233yny\r\r\r\r\tewüx\u007fuuzZsfcnpjkhl: '),
  '\u001b',
  '\u001b[Z',
  '\u001b[200~a paste\u001b[201~',
]

/** A study with a session in which nobody rated yet. */
async function studyFor(rubric: string): Promise<{ folder: string; store: Store }> {
  const task = ['detection', 'intruder'].includes(rubric)
  const folder = writeReviewStudy(temporaryFolder(), { features: 16, contrasts: task })
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  if (task) {
    await drawTask(studyOf(store), rubric)
    return { folder, store }
  }
  createRatingSession(
    store,
    {
      name: 'pilot',
      rubricText: readFileSync(join(ROOT, 'prompts', 'rubrics', `${rubric}.yaml`), 'utf8'),
      draw: { seed: 1, items: 6, repeats: 0.2, checks: 0.2, overlap: 0, raters: null },
      protocol: 'monosemanticity',
      sets: store.featureSets.all(),
      selection: { kind: 'all' },
    },
    new Date(0),
  )
  return { folder, store }
}

/** What the log of a study adds up to, time aside. */
function stateOf(store: Store): object {
  const { items, done, undone, seq } = foldEvents(store.ratings.events('pilot', 'ana').map(readEvent))
  return { items, done, undone, seq }
}

/** Presses keys in another process, kills it behind a drawn one, and returns how many it had answered. */
async function pressAndKill(
  folder: string,
  keys: readonly string[],
  edit: number,
  killAt: number,
): Promise<number> {
  const child = spawn(process.execPath, [RATER, folder, JSON.stringify(keys), String(edit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let answered = 0
  child.stdout.on('data', (dots: Buffer) => {
    answered += dots.length
    if (answered >= killAt) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return answered
}

/** A rater who is never killed: presses the same keys on a study of its own. */
class Unkilled {
  readonly #store: Store
  #screen!: RateScreen
  readonly #decoder = new KeyDecoder()

  constructor(store: Store) {
    this.#store = store
  }

  sitDown(edit: number): void {
    const desk = new RatingDesk(
      this.#store,
      openRatingSession(this.#store, 'pilot')!,
      'ana',
      () => new Date(),
    )
    this.#screen = new RateScreen(desk, keymap(), edit)
  }

  press(sent: string): void {
    for (const key of [...this.#decoder.push(sent), ...this.#decoder.flush()]) this.#screen.press(key)
    this.#screen.lines({
      columns: 80,
      rows: 23,
      style: { bold: String, dim: String, accent: String, highlight: String },
      terse: false,
    })
  }
}

describe('kill -9 while rating', () => {
  it(`loses no key: ${SEQUENCES} random sequences, killed twice each`, async () => {
    let pressed = 0
    for (let sequence = 0; sequence < SEQUENCES; sequence++) {
      const random = new Random(sequence, 'kill')
      const rubric = random.pick(['monosemanticity', 'scaling', 'fast', 'detection', 'intruder'])
      const [killed, whole] = [await studyFor(rubric), await studyFor(rubric)]
      const unkilled = new Unkilled(whole.store)
      for (const edit of [1000, 2000]) {
        const keys = Array.from({ length: KEYS_BETWEEN_KILLS }, () => random.pick(PRESSED))
        const answered = await pressAndKill(killed.folder, keys, edit, 1 + random.below(KEYS_BETWEEN_KILLS))
        expect(answered).toBeGreaterThan(0)
        pressed += answered
        unkilled.sitDown(edit)
        for (const key of keys.slice(0, answered)) unkilled.press(key)
        // The key after the last answer may be stored already.
        const [found, wanted] = [stateOf(killed.store), stateOf(whole.store)]
        if (JSON.stringify(found, plain) !== JSON.stringify(wanted, plain) && answered < keys.length)
          unkilled.press(keys[answered]!)
        expect(stateOf(killed.store), `sequence ${sequence}`).toEqual(stateOf(whole.store))
      }
      killed.store.close()
      whole.store.close()
    }
    expect(pressed).toBeGreaterThan(SEQUENCES * 10)
  }, 3_600_000)
})

function plain(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}
