import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { parseYaml } from '../core/parse.ts'
import type { QuestionScorerName } from '../core/scores.ts'

const nameSchema = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9]*$/, 'expected a name of letters and digits that begins with a small letter')

const phaseSchema = z.enum(['own', 'revealed'])

/** Scorers whose questions people can answer. */
export const TASKS = [
  'detection',
  'detection-neighbours',
  'detection-cooccurrence',
  'fuzzing',
  'intruder',
] as const satisfies readonly QuestionScorerName[]
/** One of {@link TASKS}. */
export type TaskName = (typeof TASKS)[number]

const textFieldSchema = z.strictObject({
  name: nameSchema,
  kind: z.literal('text'),
  phase: phaseSchema,
  label: z.string().min(1),
  help: z.string().default(''),
})

const scoreFieldSchema = z.strictObject({
  name: nameSchema,
  kind: z.literal('score'),
  phase: phaseSchema,
  label: z.string().min(1),
  help: z.string().default(''),
  /** Scores go from 0 to this; one key enters one. */
  most: z.int().min(1).max(9),
  /** How Krippendorff's α weighs a disagreement. */
  metric: z.enum(['nominal', 'ordinal', 'interval']),
  /** What is scored: the unit once, each of its groups, or each of its examples. */
  per: z.enum(['unit', 'interval', 'example']).default('unit'),
  /** What a unit must have for the field to apply. */
  needs: z.enum(['logits', 'explanation']).optional(),
  /** Words for the scores, from 0 on. */
  names: z.array(z.string().min(1)).optional(),
  /** A key for each score, from 0 on, in place of digits. */
  keys: z.array(z.string().length(1)).optional(),
})

const rubricSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  description: z.string().min(1),
  /** The scorer whose questions are asked, of windows that are drawn for it; the only field holds the answers. */
  task: z.enum(TASKS).optional(),
  /** Of a task: questions about each unit, a part of those that an LLM is asked. */
  questions: z.int().min(1).max(100).optional(),
  /** Groups of examples shown of each unit: the strongest, and others at even steps of the range. */
  intervals: z.int().min(1).max(13).default(3),
  /** Examples shown of each group. */
  examples: z.int().min(1).max(10).default(4),
  fields: z.array(z.discriminatedUnion('kind', [textFieldSchema, scoreFieldSchema])).min(1),
  /** Where a field has a value, others can have one value only. An empty text is "none". */
  fixes: z
    .array(
      z.strictObject({
        when: z.strictObject({ field: z.string(), is: z.union([z.int(), z.literal('')]) }),
        to: z.record(z.string(), z.int().nonnegative()),
      }),
    )
    .default([]),
  /** Sums of fields; of a field that is scored per example, its mean. The first is the headline. */
  totals: z
    .array(z.strictObject({ name: nameSchema, of: z.array(z.string()).min(1), most: z.int().positive() }))
    .default([]),
  /** The field or total that rates the machine's explanation: what automatic scores are compared with. */
  judges: z.string().optional(),
  /** An attention check is failed where this field rates another unit's explanation higher than this. */
  check: z.strictObject({ field: z.string(), atMost: z.int().nonnegative() }).optional(),
})

/** A rubric: the fields of a rating form and the rules between them. The hash is that of its file's text. */
export type Rubric = z.output<typeof rubricSchema> & { readonly hash: string }
/** One question of a rubric. */
export type RubricField = Rubric['fields'][number]
/** A question that is answered by a digit. */
export type ScoreField = Extract<RubricField, { kind: 'score' }>

/**
 * Reads a rubric file.
 * @throws {ConfigError} `yaml-malformed`, `yaml-schema`, `rubric-inconsistent`
 */
export function parseRubric(text: string, source: string): Rubric {
  const rubric = { ...parseYaml(text, rubricSchema, source), hash: sha256(text) }
  const [problem] = problemsOf(rubric)
  if (problem !== undefined)
    throw new ConfigError('rubric-inconsistent', `${source}: ${problem}; correct the file`)
  return rubric
}

function problemsOf(rubric: Rubric): string[] {
  const names = rubric.fields.map(({ name }) => name)
  const scores = new Map(scoreFields(rubric).map((field) => [field.name, field]))
  const totals = new Set(rubric.totals.map(({ name }) => name))
  const problems = names
    .filter((name, index) => names.indexOf(name) < index)
    .map((name) => `two fields are called ${name}`)
  for (const { name, most, names: words, keys } of scores.values()) {
    if (words && words.length !== most + 1)
      problems.push(`names of ${name}: expected ${most + 1}, one for each score, found ${words.length}`)
    if (keys && (keys.length !== most + 1 || new Set(keys).size < keys.length))
      problems.push(`keys of ${name}: expected ${most + 1} different ones, found ${keys.join(', ')}`)
  }
  problems.push(...taskProblems(rubric))
  for (const { when, to } of rubric.fixes) {
    const given = rubric.fields.find(({ name }) => name === when.field)
    if (!given || (given.kind === 'text') !== (when.is === ''))
      problems.push(
        `fixes: expected a text field with '' or a score field with a number, found ${when.field}`,
      )
    for (const [name, value] of Object.entries(to))
      if (!(value <= (scores.get(name)?.most ?? -1)))
        problems.push(`fixes: expected a score field and one of its scores, found ${name}: ${value}`)
  }
  for (const { name, of } of rubric.totals)
    for (const part of of)
      if (!scores.has(part)) problems.push(`total ${name}: expected score fields, found ${part}`)
  const { judges, check } = rubric
  if (judges !== undefined && !scores.has(judges) && !totals.has(judges))
    problems.push(`judges: expected a score field or a total, found ${judges}`)
  if (check && scores.get(check.field)?.phase !== 'revealed')
    problems.push(`check: expected a score field of the phase revealed, found ${check.field}`)
  return problems
}

/** Questions of a task are answered in one field: for each window, or for each group where one of several is chosen. */
function taskProblems({ task, questions, fields, totals, fixes, judges, check }: Rubric): string[] {
  if (task === undefined) return questions === undefined ? [] : ['questions: expected a task beside it']
  const per = task === 'intruder' ? 'interval' : 'example'
  const most = taskOptions(task) - 1
  const [field] = fields
  const fits =
    fields.length === 1 &&
    field?.kind === 'score' &&
    field.phase === 'revealed' &&
    field.per === per &&
    field.most === most &&
    field.metric === 'nominal'
  const others = Object.entries({ totals: totals[0], fixes: fixes[0], judges, check })
  return [
    ...(fits
      ? []
      : [
          `task ${task}: expected one field, a score of the phase revealed, most ${most}, metric nominal, per ${per}`,
        ]),
    ...(questions === undefined ? [`task ${task}: expected the number of questions`] : []),
    ...others.flatMap(([name, found]) =>
      found === undefined ? [] : [`task ${task}: its score is the scorer's; leave ${name} out`],
    ),
  ]
}

/** The fields that are answered by a digit. */
export function scoreFields(rubric: Rubric): ScoreField[] {
  return rubric.fields.filter((field) => field.kind === 'score')
}

/** Answers that a question of a task has: yes and no, or one of five windows. */
export function taskOptions(task: TaskName): number {
  return task === 'intruder' ? 5 : 2
}

/** Whether a rubric shows the machine's explanation. */
export function hasReveal(rubric: Rubric): boolean {
  return rubric.fields.some(({ phase }) => phase === 'revealed')
}
