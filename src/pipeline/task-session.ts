import { lacksClass } from '../autointerp/question-score.ts'
import { subsetOfQuestions } from '../autointerp/question-subset.ts'
import { type Question, YES } from '../autointerp/questions.ts'
import { UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { contentId } from '../core/hash.ts'
import { Random } from '../core/random.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { grouped } from '../review/grouped.ts'
import { type Candidate, type PlannedItem, planSession } from '../review/plan-session.ts'
import { parseRubric, taskOptions, type TaskName } from '../review/rubric.ts'
import type { SessionExample, SessionItem, SessionManifest } from '../review/session.ts'
import { QuestionSource } from './question-source.ts'
import { textHash } from './human-scores.ts'
import { type RatingSession, storeSession } from './rating-session.ts'
import { candidatesOf, manifestHead, type SessionRequest, UnitView } from './session-units.ts'
import type { Study } from './study.ts'

/** What a question is known by, whoever asks it: the hash of its windows' tokens and highlights. */
export function questionId({ windows }: Question): string {
  return contentId({ windows: windows.map(({ tokens, highlighted }) => ({ tokens, highlighted })) })
}

/**
 * Draws a session in which people do a scorer's task: a part of the questions that an LLM is asked of each unit, from
 * the same source. Only explained units take part, and of these only such whose questions are enough for a score;
 * where the scorer has scored enough of them already, only those, so that there is something to compare with. Windows
 * that are not drawn yet are drawn and stored as scoring would.
 *
 * @throws {UsageError} `session-empty`, `questions-too-few`, `scorer-protocol`, `collection-missing`
 */
export async function* drawTaskSession(
  study: Study,
  request: SessionRequest,
  now: Date,
): AsyncGenerator<StudyEvent, RatingSession> {
  const { store, protocol } = study
  const { name, rubricText, draw, sets } = request
  const rubric = parseRubric(rubricText, `the rubric of session ${name}`)
  const task = rubric.task!
  const limits = {
    minimumExamples: protocol.minimumScoreExamples,
    minimumFiring: protocol.minimumFiringExamples,
  }
  const yesNo = taskOptions(task) === 2
  const asked = new Map(sets.map((set) => [set.id, new AskedSet(study, set, task, draw.seed)]))
  const questionsOf = ({ setId, feature }: Pick<PlannedItem, 'setId' | 'feature'>): Question[] =>
    asked.get(setId)!.questions(feature, rubric.questions!)
  const enough = (questions: readonly Question[]): boolean =>
    !lacksClass(questions, yesNo) &&
    questions.reduce((sum, { windows }) => sum + windows.length, 0) >= limits.minimumExamples &&
    questions.reduce((sum, question) => sum + firingIn(question, yesNo), 0) >= limits.minimumFiring
  const least = yesNo ? limits.minimumExamples : Math.ceil(limits.minimumExamples / taskOptions(task))
  if (rubric.questions! < least)
    throw new UsageError(
      'questions-too-few',
      `expected at least ${least} questions in the rubric ${rubric.name}, found ${rubric.questions}; the protocol ${protocol.name} scores nothing below ${limits.minimumExamples} windows`,
    )
  const explained = sets
    .flatMap((set) => candidatesOf(store, set, asked.get(set.id)!.view, request))
    .filter((candidate) => candidate.explained)
  const candidates = preferScored(explained, request, (one) => asked.get(one.setId)!.isScored(one.feature))
  const fit: Candidate[] = []
  for (const round of shortlists(candidates, request, () => fit)) {
    for (const [setId, one] of asked)
      yield* one.prepare(round.filter((unit) => unit.setId === setId).map(({ feature }) => feature))
    fit.push(...round.filter((unit) => enough(questionsOf(unit))))
  }
  if (fit.length === 0)
    throw new UsageError(
      'session-empty',
      `expected explained features with windows enough for ${task}, found none; run gloss explain first, or widen --only`,
    )
  const planned = planSession(fit, draw, true)
  const manifest: SessionManifest = {
    ...manifestHead(request, rubric),
    limits,
    items: planned.map((item) => asked.get(item.setId)!.freeze(item, questionsOf(item))),
  }
  storeSession(store, rubricText, manifest, now)
  return { manifest, rubric }
}

function firingIn({ windows, answer }: Question, yesNo: boolean): number {
  return yesNo ? Number(answer === YES) : windows.length - 1
}

/**
 * Units to look at, in rounds until there are enough fitting ones of each kind: whether a unit has windows enough is known
 * only once they are drawn, which takes a pass over the collection, however many units it is for.
 */
function* shortlists(
  candidates: readonly Candidate[],
  { draw }: SessionRequest,
  fitting: () => readonly Candidate[],
): Generator<readonly Candidate[]> {
  const kinds = [...grouped(candidates, ({ kind }) => kind)].map(([kind, units]) => ({
    kind,
    waiting: new Random(draw.seed, 'session shortlist', kind).shuffle([...units]),
  }))
  const wanted = Math.ceil(unitsOf(draw) / kinds.length)
  for (;;) {
    const round = kinds.flatMap(({ kind, waiting }) =>
      fitting().filter((unit) => unit.kind === kind).length < wanted ? waiting.splice(0, 2 * wanted) : [],
    )
    if (round.length === 0) return
    yield round
  }
}

/** Units that a session asks about: those that are rated, and those of attention checks. */
function unitsOf({ items, checks }: SessionRequest['draw']): number {
  return items + Math.round(checks * items)
}

/** Those that the scorer has scored, where they are as many as the session needs. */
function preferScored(
  candidates: readonly Candidate[],
  { draw }: SessionRequest,
  isScored: (candidate: Candidate) => boolean,
): readonly Candidate[] {
  const scored = candidates.filter(isScored)
  return scored.length >= unitsOf(draw) ? scored : candidates
}

/** The questions about the units of one set. */
class AskedSet {
  readonly view: UnitView
  readonly #set: FeatureSetRecord
  readonly #task: TaskName
  readonly #seed: number
  readonly #source: QuestionSource
  readonly #scored: ReadonlySet<string>

  constructor(study: Study, set: FeatureSetRecord, task: TaskName, seed: number) {
    this.view = new UnitView(study.store, set, study.protocol.name)
    this.#set = set
    this.#task = task
    this.#seed = seed
    this.#source = new QuestionSource(task, study, set)
    const scores = study.store.scores
      .all(set.id, task)
      .filter(({ scorer, value }) => scorer === task && value !== null)
    this.#scored = new Set(scores.map(({ explanationId }) => explanationId))
  }

  prepare(features: readonly number[]): AsyncGenerator<StudyEvent> {
    return this.#source.prepare(features, true)
  }

  isScored(feature: number): boolean {
    return this.#scored.has(this.view.explanationOf(feature)?.id ?? '')
  }

  questions(feature: number, count: number): Question[] {
    return subsetOfQuestions(
      this.#source.questions(feature),
      count,
      taskOptions(this.#task) === 2,
      new Random(this.#seed, 'session questions', this.#task, this.#set.id, feature),
    )
  }

  freeze(item: PlannedItem, questions: readonly Question[]): SessionItem {
    const yesNo = taskOptions(this.#task) === 2
    const windows = questions.map((question) =>
      question.windows.map(({ tokens, highlighted }): SessionExample => ({
        tokens: this.view.textsOf(tokens),
        levels: tokens.map((_, index) => Number(highlighted.includes(index))),
        nominal: 0,
      })),
    )
    return {
      ...this.view.bare(item),
      groups: yesNo
        ? [{ name: TEXTS, scored: true, examples: windows.flat() }]
        : windows.map((examples, index) => ({ name: String(index + 1), scored: true, examples })),
      task: {
        text: textHash(this.view.explanationOf(item.explanationOf)!),
        questions: questions.map((question, index) => ({
          part: yesNo ? `${TEXTS}/${index + 1}` : String(index + 1),
          id: questionId(question),
          answer: question.answer,
          group: question.group,
        })),
        firingShare: this.#task.startsWith('detection') ? this.#source.firingShare(item.feature) : null,
      },
    }
  }
}

const TEXTS = 'text'
