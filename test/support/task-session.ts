import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundledProtocol } from '../../src/cli/assets.ts'
import type { Store } from '../../src/core/store.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'
import { RatingDesk } from '../../src/pipeline/rating-desk.ts'
import type { RatingSession } from '../../src/pipeline/rating-session.ts'
import type { SessionRequest } from '../../src/pipeline/session-units.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { drawTaskSession } from '../../src/pipeline/task-session.ts'
import type { SessionItem } from '../../src/review/session.ts'
import { ROOT } from './paths.ts'

/** The text of a rubric that comes with gloss. */
export function bundledRubric(name: string): string {
  return readFileSync(join(ROOT, 'prompts', 'rubrics', `${name}.yaml`), 'utf8')
}

/** As much of a study as drawing questions takes where all windows are stored already. */
export function studyOf(store: Store): Study {
  const config = studyConfigSchema.parse({ model: 'planted', hook: 'planted' })
  const missing = (): never => {
    throw new Error('this study has no model')
  }
  return {
    folder: '/nowhere',
    config,
    corpusPaths: [],
    protocol: bundledProtocol('monosemanticity'),
    store,
    workshop: {
      startTraining: missing,
      saveNeurons: missing,
      saveRandomDirections: missing,
      alignedPairs: missing,
      resumeTraining: missing,
      load: missing,
    },
    version: '0',
    model: missing,
    tokenizer: missing,
    now: () => new Date(0),
    signal: new AbortController().signal,
  }
}

/** Draws a session of a scorer's task. */
export async function drawTask(
  study: Study,
  rubric: string,
  {
    draw,
    ...others
  }: Omit<Partial<SessionRequest>, 'draw'> & { draw?: Partial<SessionRequest['draw']> } = {},
): Promise<RatingSession> {
  const events = drawTaskSession(
    study,
    {
      name: 'pilot',
      rubricText: bundledRubric(rubric),
      draw: { seed: 1, items: 6, repeats: 0.2, checks: 0.2, overlap: 0, raters: null, ...draw },
      protocol: study.protocol.name,
      sets: study.store.featureSets.all(),
      selection: { kind: 'all' },
      ...others,
    },
    new Date(0),
  )
  for (;;) {
    const next = await events.next()
    if (next.done) return next.value
  }
}

/** Answers every item of a session as a function of the item, the place and the right answer says; null: leave the item. */
export function answerAll(
  store: Store,
  session: RatingSession,
  rater: string,
  answer: (item: SessionItem, place: number, right: number) => number | null,
): RatingDesk {
  const desk = new RatingDesk(store, session, rater, () => new Date(0))
  for (const [place, item] of session.manifest.items.entries()) {
    desk.goTo(place)
    for (const [index, { part, answer: right }] of item.task!.questions.entries()) {
      const value = answer(item, index, right)
      if (value !== null) desk.act({ do: 'set', field: 'answer', part, value })
    }
    desk.act({ do: 'submit' })
  }
  return desk
}
