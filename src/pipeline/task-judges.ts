import { accuracyOf } from '../autointerp/question-score.ts'
import type { ScoreRecord, Store } from '../core/store.ts'
import { estimateByFeature } from '../review/bootstrap-features.ts'
import { cohenKappa } from '../review/cohen-kappa.ts'
import { grouped } from '../review/grouped.ts'
import type { SessionItem } from '../review/session.ts'
import { mean } from '../review/session-ratings.ts'
import {
  answersTo,
  askedQuestions,
  openTaskSession,
  raterStates,
  shownExplanation,
  type TaskSession,
} from './human-scores.ts'
import { PastScores, type PastTools } from './past-scores.ts'
import { QuestionScorer } from './question-scorer.ts'
import type { SessionReport } from './rating-report.ts'
import type { Study } from './study.ts'
import type { JudgeReport, TaskReport, TaskScoreRow } from './task-report.ts'
import { questionId } from './task-session.ts'
import { taskOptions } from '../review/rubric.ts'

/** Adds to reports on tasks what LLMs answered to the same questions. Replies are read again as they are stored; nothing is sent. */
export async function withJudges(
  study: Study,
  tools: PastTools,
  reports: readonly SessionReport[],
): Promise<SessionReport[]> {
  const done: SessionReport[] = []
  for (const report of reports) {
    const session = report.task && openTaskSession(study.store, report.session)
    done.push(
      session && report.task ? { ...report, task: await judged(study, tools, session, report.task) } : report,
    )
  }
  return done
}

/** A judge's answers to one item's questions. */
interface JudgedItem {
  readonly score: ScoreRecord
  readonly llm: string | null
  /** In the order of the item's questions; or why there are none. */
  readonly answers: readonly (number | null)[] | string
}

async function judged(
  study: Study,
  tools: PastTools,
  session: TaskSession,
  report: TaskReport,
): Promise<TaskReport> {
  const states = raterStates(study.store, session.manifest.name)
  const past = new Map<string, PastScores>()
  const items = new Map(session.manifest.items.map((item) => [item.code, item]))
  const found = new Map<string, readonly JudgedItem[]>()
  for (const { item: code } of report.scores) {
    const item = items.get(code)!
    if (!found.has(code)) found.set(code, await judgesOf(study, tools, session, item, past))
  }
  const rows = report.scores.map((row): Compared => {
    const item = items.get(row.item)!
    return {
      row,
      item,
      human: answersTo(session, item, states.get(row.rater)!),
      judges: found.get(row.item)!,
    }
  })
  const names = [...new Set([...found.values()].flat().map(nameOf))].toSorted()
  return {
    ...report,
    scores: rows.map((one) => ({
      ...one.row,
      judges: one.judges.map((judge) => ({
        llm: judge.llm,
        tier: judge.score.tier,
        value: judge.score.value,
        onSame: valueOnSame(session, one.item, judge),
        equal: equalShare(pairsOf(one, judge)),
      })),
    })),
    judges: names.map((name) => judgeReport(session, name, rows)),
  }
}

/** What one rater said of one item, beside what judges say. */
interface Compared {
  readonly row: TaskScoreRow
  readonly item: SessionItem
  readonly human: readonly (number | null)[]
  readonly judges: readonly JudgedItem[]
}

function nameOf({ llm, score }: JudgedItem): string {
  return JSON.stringify([llm, score.tier, score.protocol])
}

async function judgesOf(
  study: Study,
  tools: PastTools,
  { task }: TaskSession,
  item: SessionItem,
  past: Map<string, PastScores>,
): Promise<JudgedItem[]> {
  const { store } = study
  const explanation = shownExplanation(store, item)
  if (!explanation) return []
  const scores = pastOf(study, tools, item.setId, past)
  const judges: JudgedItem[] = []
  for (const score of store.scores.of(explanation.id)) {
    if (score.scorer !== task) continue
    const { llm } = store.provenance.get(score.provenanceId)
    const made = scores.open(explanation, score)
    if (typeof made === 'string') judges.push({ score, llm, answers: made })
    else if (made.scorer instanceof QuestionScorer) {
      const answered = await made.scorer.answers(made.item, 0)
      const byId = new Map(
        answered?.questions.map((question, index) => [
          questionId(question),
          answered.own.answers[index] ?? null,
        ]),
      )
      judges.push({ score, llm, answers: item.task!.questions.map(({ id }) => byId.get(id) ?? null) })
    }
  }
  return judges
}

function pastOf(study: Study, tools: PastTools, setId: string, past: Map<string, PastScores>): PastScores {
  const known = past.get(setId) ?? new PastScores(study, setOf(study.store, setId), tools)
  past.set(setId, known)
  return known
}

function setOf(store: Store, id: string) {
  return store.featureSets.get(id)!
}

/** Pairs of answers: the person's, the judge's. */
function pairsOf({ human }: Compared, { answers }: JudgedItem): [number, number][] {
  if (typeof answers === 'string') return []
  return human.flatMap((one, index): [number, number][] => {
    const other = answers[index] ?? null
    return one === null || other === null ? [] : [[one, other]]
  })
}

function equalShare(pairs: readonly (readonly [number, number])[]): number | null {
  return pairs.length === 0 ? null : pairs.filter(([a, b]) => a === b).length / pairs.length
}

/** The judge's score on the questions that people were asked. */
function valueOnSame(
  { task, manifest }: TaskSession,
  item: SessionItem,
  { answers }: JudgedItem,
): number | null {
  if (typeof answers === 'string') return null
  return accuracyOf(
    askedQuestions(task, item),
    { answers, beliefs: null },
    { options: taskOptions(task), limits: manifest.limits! },
  )
}

function judgeReport(session: TaskSession, name: string, rows: readonly Compared[]): JudgeReport {
  const { seed } = session.manifest
  const found = rows.flatMap((one) =>
    one.judges
      .filter((judge) => nameOf(judge) === name)
      .map((judge) => ({
        feature: `${one.row.setId} ${one.row.feature}`,
        judge,
        pairs: pairsOf(one, judge),
        human: one.row.value,
        onSame: valueOnSame(session, one.item, judge),
      })),
  )
  const { llm, score } = found[0]!.judge
  const byFeature = [...grouped(found, ({ feature }) => feature).values()]
  const pairGroups = byFeature.map((group) => group.flatMap(({ pairs }) => pairs))
  const both = found.flatMap(({ feature, human, onSame }) =>
    human === null || onSame === null ? [] : [{ feature, human, onSame }],
  )
  const reasons = new Map<string, number>()
  for (const { judge } of found)
    if (typeof judge.answers === 'string') reasons.set(judge.answers, (reasons.get(judge.answers) ?? 0) + 1)
  const stream = `task ${session.task} ${name}`
  return {
    llm,
    tier: score.tier,
    protocol: score.protocol,
    features: new Set(both.map(({ feature }) => feature)).size,
    pairs: pairGroups.flat().length,
    equal: estimateByFeature(pairGroups, equalShare, seed, `${stream} equal`),
    kappa: estimateByFeature(pairGroups, cohenKappa, seed, `${stream} kappa`),
    people: meanOrNull(both.map(({ human }) => human)),
    judge: meanOrNull(both.map(({ onSame }) => onSame)),
    difference: estimateByFeature(
      [...grouped(both, ({ feature }) => feature).values()],
      (drawn) => meanOrNull(drawn.map(({ human, onSame }) => human - onSame)),
      seed,
      `${stream} difference`,
    ),
    notCompared: [...reasons].map(([reason, count]) => ({ reason, count })),
  }
}

function meanOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : mean(values)
}
