import { MARKS, slotOf, type SlotValue } from './event.ts'
import type { RaterFold } from './fold.ts'
import { hasReveal, type Rubric, type RubricField, type ScoreField } from './rubric.ts'

/** What a unit has that fields can need, and what is scored of it. */
export interface FormItem {
  readonly code: string
  readonly hasLogits: boolean
  readonly hasExplanation: boolean
  /** Names of its groups of examples, strongest first. */
  readonly groups: readonly string[]
  /** Names of its examples, over all groups: `group/number`. */
  readonly examples: readonly string[]
}

/** One question about one item: a field, for one group or example where it is asked for each. */
export interface Question {
  readonly field: RubricField
  readonly part: string | null
  readonly slot: string
  readonly value: SlotValue
  /** `fixed`: other answers leave one value only. `inapplicable`: the unit lacks what it is about. */
  readonly state: 'open' | 'locked' | 'fixed' | 'hidden' | 'inapplicable'
}

/** The parts that a field is asked for. */
export function partsOf(field: RubricField, item: FormItem): readonly (string | null)[] {
  if (field.kind === 'text' || field.per === 'unit') return [null]
  return field.per === 'interval' ? item.groups : item.examples
}

/** All questions about an item, in the rubric's order, with what a rater answered so far. */
export function questionsOf(rubric: Rubric, item: FormItem, state: RaterFold): Question[] {
  const revealed = isRevealed(rubric, item, state)
  const fixed = fixedScores(rubric, item, state)
  return rubric.fields.flatMap((field) =>
    partsOf(field, item).map((part): Question => {
      const question = { field, part, slot: slotOf(field.name, part) }
      // What comes later stays hidden, also where it will not apply: that alone would give the unit away.
      if (field.phase === 'revealed' && !revealed)
        return { ...question, value: state.value(item.code, field.name, part), state: 'hidden' }
      if (lacks(field, item)) return { ...question, value: null, state: 'inapplicable' }
      const score = field.kind === 'score' ? fixed.get(field.name) : undefined
      if (score !== undefined) return { ...question, value: score, state: 'fixed' }
      const value = state.value(item.code, field.name, part)
      return { ...question, value, state: field.phase === 'own' && revealed ? 'locked' : 'open' }
    }),
  )
}

function lacks(field: RubricField, item: FormItem): boolean {
  if (field.kind === 'text') return false
  return (
    (field.needs === 'logits' && !item.hasLogits) || (field.needs === 'explanation' && !item.hasExplanation)
  )
}

/** Fields whose only possible score follows from other answers. The first rule that applies holds. */
function fixedScores(rubric: Rubric, item: FormItem, state: RaterFold): Map<string, number> {
  const fixed = new Map<string, number>()
  for (const { when, to } of rubric.fixes) {
    const given = fixed.get(when.field) ?? state.value(item.code, when.field)
    if (given !== when.is) continue
    for (const [name, score] of Object.entries(to)) if (!fixed.has(name)) fixed.set(name, score)
  }
  return fixed
}

/** Whether the machine's explanation is shown: the own phase is over, or the rubric has none. */
export function isRevealed(rubric: Rubric, item: FormItem, state: RaterFold): boolean {
  if (!rubric.fields.some(({ phase }) => phase === 'own')) return true
  return hasReveal(rubric) && state.value(item.code, MARKS.revealed) === true
}

/** Questions of a phase that lack an answer. */
export function unanswered(
  rubric: Rubric,
  item: FormItem,
  state: RaterFold,
  phase: RubricField['phase'],
): Question[] {
  return questionsOf(rubric, item, state).filter(
    (question) =>
      question.field.phase === phase &&
      question.value === null &&
      (question.state === 'open' || question.state === 'hidden'),
  )
}

/** Totals of an item for a group of it; null where an answer is missing or inapplicable. */
export function totalsOf(
  rubric: Rubric,
  item: FormItem,
  state: RaterFold,
): { readonly name: string; readonly part: string | null; readonly value: number | null }[] {
  const questions = questionsOf(rubric, item, state)
  return rubric.totals.flatMap(({ name, of }) => {
    const fields = rubric.fields.filter(
      (field): field is ScoreField => field.kind === 'score' && of.includes(field.name),
    )
    const parts = fields.some(({ per }) => per === 'interval') ? item.groups : [null]
    return parts.map((part) => ({
      name,
      part,
      value: sumOrNull(fields.map((field) => scoreFor(field, part, questions))),
    }))
  })
}

/** A field's score for a group: its own, the unit's, or the mean over examples. */
function scoreFor(field: ScoreField, part: string | null, questions: readonly Question[]): number | null {
  const answers = questions.filter((question) => question.field.name === field.name)
  if (field.per === 'interval') return scoreOf(answers.find((answer) => answer.part === part))
  const sum = sumOrNull(answers.map(scoreOf))
  return sum === null || answers.length === 0 ? null : sum / answers.length
}

function scoreOf(question: Question | undefined): number | null {
  return typeof question?.value === 'number' ? question.value : null
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  )
}
