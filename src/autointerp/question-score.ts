import type { ControlName, ControlResult, ScoreResult, UndefinedReason } from '../core/scores.ts'
import { type Bootstrap, percentileInterval, type ResampledGain } from './bootstrap.ts'
import {
  areaUnderCurve,
  balancedAccuracy,
  type Judged,
  precisionAt,
  type Sample,
  type Statistic,
} from './question-statistics.ts'
import { type Question, YES } from './questions.ts'

/** What one judge made of the questions about a feature. */
export interface Verdicts {
  /** Options by question; null where no answer could be read. */
  readonly answers: readonly (number | null)[]
  /** P(yes) by question, where log-probabilities were read; null where there are none. */
  readonly beliefs: readonly (number | null)[] | null
}

/** The answers of a control; null where it has none. */
export interface ControlVerdicts extends Verdicts {
  readonly name: ControlName
}

/** The thresholds below which too few windows were answered. */
export interface QuestionLimits {
  readonly minimumExamples: number
  readonly minimumFiring: number
}

/** A statistic of the answers with its controls. */
export interface QuestionScore {
  readonly result: ScoreResult
  readonly controls: readonly ControlResult[]
}

/** All that is known of one explanation from its answers. */
export interface QuestionScores {
  /** Balanced accuracy; for questions of a single class, the share of right answers. */
  readonly accuracy: QuestionScore
  /** Precision at natural density; null where that is no question. */
  readonly precision: QuestionScore | null
  /** Area under the ROC curve; null where there is no yes and no. */
  readonly auc: QuestionScore | null
  readonly coverage: Readonly<Record<string, readonly [answered: number, drawn: number]>>
}

/** What is asked of a statistic beside the answers. */
interface Setting {
  readonly options: number
  /** Share of random windows in which the feature fires; null where it plays no part. */
  readonly firingShare: number | null
  readonly limits: QuestionLimits
  readonly bootstrap: Bootstrap
  /** Whether at least one call got a reply. */
  readonly anyReply: boolean
}

/**
 * Scores answers. Intervals are percentiles of resamples of the questions within their classes; gains over controls
 * are taken on the questions that both answered, on the same resamples.
 */
export function scoreQuestions(
  questions: readonly Question[],
  own: Verdicts,
  controls: readonly ControlVerdicts[],
  setting: Setting,
): QuestionScores {
  const coverage = coverageOf(questions, own.answers)
  const yesNo = setting.options === 2
  const reason = undefinedReason(questions, own, setting, yesNo)
  const statistic = (of: Statistic, chance: number): QuestionScore =>
    reason === null
      ? scoreBy(of, chance, questions, own, controls, setting)
      : unscoredBy(reason, answeredCount(own), controls)
  const { firingShare } = setting
  return {
    accuracy: statistic(balancedAccuracy, 1 / setting.options),
    precision: firingShare === null ? null : statistic(precisionAt(firingShare), firingShare),
    auc: yesNo ? statistic(areaUnderCurve, 0.5) : null,
    coverage,
  }
}

/**
 * The accuracy of {@link scoreQuestions} alone, without an interval; null where too little was answered.
 *
 * @param options the answers that a question has
 */
export function accuracyOf(
  questions: readonly Question[],
  own: Verdicts,
  { options, limits }: Pick<Setting, 'options' | 'limits'>,
): number | null {
  if (undefinedReason(questions, own, { limits, anyReply: true }, options === 2) !== null) return null
  const answered = own.answers.flatMap((answer, index) => (answer === null ? [] : [index]))
  const sample = sampleOf(questions, own, answered, { options })
  const value = balancedAccuracy(sample)(ones(sample))
  return typeof value === 'string' ? null : value
}

function scoreBy(
  statistic: Statistic,
  chance: number,
  questions: readonly Question[],
  own: Verdicts,
  controls: readonly ControlVerdicts[],
  setting: Setting,
): QuestionScore {
  const everyone = own.answers.flatMap((answer, index) => (answer === null ? [] : [index]))
  const sample = sampleOf(questions, own, everyone, setting)
  const value = statistic(sample)(ones(sample))
  const constant = controlResult('constant', null, chance, null)
  if (typeof value === 'string') {
    const none = unscoredBy(value, everyone.length, controls)
    return { ...none, controls: [constant, ...none.controls.filter(({ name }) => name !== 'constant')] }
  }
  const interval = intervalOf(setting.bootstrap, sample, [sample], statistic, ([score]) => score!)
  const said = new Set(everyone.map((index) => own.answers[index]))
  return {
    result: {
      value,
      low: interval?.low ?? null,
      high: interval?.high ?? null,
      n: everyone.length,
      undefined: null,
      flag: said.size === 1 ? 'constantPrediction' : null,
    },
    controls: [
      // A constant answer scores chance on every resample too.
      controlResult(
        'constant',
        value,
        chance,
        intervalOf(setting.bootstrap, sample, [sample], statistic, ([mine]) => mine! - chance),
      ),
      ...controls.map((control) => gainOver(statistic, control, questions, own, setting)),
    ],
  }
}

/** A control against the score on the questions that both answered. */
function gainOver(
  statistic: Statistic,
  control: ControlVerdicts,
  questions: readonly Question[],
  own: Verdicts,
  setting: Setting,
): ControlResult {
  const common = own.answers.flatMap((answer, index) =>
    answer === null || control.answers[index] == null ? [] : [index],
  )
  const answers = own.answers.map((answer, index) => (control.answers[index] == null ? null : answer))
  if (undefinedReason(questions, { ...own, answers }, setting, setting.options === 2) !== null)
    return controlResult(control.name, null, null, null)
  const ofScore = sampleOf(questions, own, common, setting)
  const ofControl = sampleOf(questions, control, common, setting)
  const score = statistic(ofScore)(ones(ofScore))
  const value = statistic(ofControl)(ones(ofControl))
  if (typeof score === 'string' || typeof value === 'string')
    return controlResult(control.name, null, typeof value === 'string' ? null : value, null)
  const interval = intervalOf(
    setting.bootstrap,
    ofScore,
    [ofScore, ofControl],
    statistic,
    ([mine, its]) => mine! - its!,
  )
  return controlResult(control.name, score, value, interval)
}

function controlResult(
  name: ControlName,
  score: number | null,
  value: number | null,
  interval: ResampledGain | null,
): ControlResult {
  return {
    name,
    value,
    gain: score === null || value === null ? null : score - value,
    gainLow: interval?.low ?? null,
    gainHigh: interval?.high ?? null,
    p: interval?.p ?? null,
  }
}

const UNDEFINED_SHARE = 0.05

/** A percentile interval over resamples that count for all samples; null where over 5 % of them are undefined. */
function intervalOf(
  bootstrap: Bootstrap,
  { sizes, judged }: Sample,
  samples: readonly Sample[],
  statistic: Statistic,
  combine: (values: readonly number[]) => number,
): ResampledGain | null {
  const found = new Float64Array(bootstrap.resamples)
  const weights = new Float64Array(judged.length)
  const prepared = samples.map(statistic)
  for (let index = 0, defined = 0; defined < found.length; index++) {
    const { examples, weights: counts } = bootstrap.resample(sizes, index)
    weights.fill(0)
    for (let drawn = 0; drawn < examples.length; drawn++) weights[examples[drawn]!] = counts[drawn]!
    const values = prepared.map((one) => one(weights))
    if (values.some((value) => typeof value === 'string')) {
      if (index - defined + 1 > UNDEFINED_SHARE * found.length) return null
      continue
    }
    found[defined++] = combine(values as number[])
  }
  const notAbove = found.reduce((count, value) => count + Number(value <= 0), 0)
  return { ...percentileInterval(found), p: (1 + notAbove) / (1 + found.length) }
}

/** Yes and no are two classes, resampled apart; questions with one right answer among several are one. */
function sampleOf(
  questions: readonly Question[],
  { answers, beliefs }: Verdicts,
  indices: readonly number[],
  { options }: Pick<Setting, 'options'>,
): Sample {
  const judge = (index: number): Judged => ({
    right: answers[index] === questions[index]!.answer,
    said: answers[index]!,
    belief: beliefs?.[index] ?? null,
  })
  if (options !== 2) return { judged: indices.map(judge), sizes: [indices.length] }
  const positives = indices.filter((index) => questions[index]!.answer === YES)
  const negatives = indices.filter((index) => questions[index]!.answer !== YES)
  return { judged: [...positives, ...negatives].map(judge), sizes: [positives.length, negatives.length] }
}

function ones({ judged }: Sample): Float64Array {
  return new Float64Array(judged.length).fill(1)
}

/** The first reason that holds why the answers cannot be scored. Windows count as examples. */
function undefinedReason(
  questions: readonly Question[],
  { answers }: Verdicts,
  { anyReply, limits }: Pick<Setting, 'anyReply' | 'limits'>,
  yesNo: boolean,
): UndefinedReason | null {
  // Nothing was asked where a class is absent.
  if (lacksClass(questions, yesNo)) return 'oneClass'
  if (!anyReply) return 'callsFailed'
  const answered = questions.filter((_, index) => answers[index] !== null)
  const windows = answered.reduce((sum, question) => sum + question.windows.length, 0)
  const firing = answered.reduce((sum, question) => sum + firingWindows(question, yesNo), 0)
  const groups = Object.values(coverageOf(questions, answers))
  if (
    windows < limits.minimumExamples ||
    firing < limits.minimumFiring ||
    answered.length < questions.length / 2 ||
    groups.some(([some]) => some === 0)
  )
    return 'lowCoverage'
  return null
}

/** Whether there is nothing to tell apart. */
export function lacksClass(questions: readonly Question[], yesNo: boolean): boolean {
  if (!yesNo) return questions.length === 0
  return !questions.some(({ answer }) => answer === YES) || !questions.some(({ answer }) => answer !== YES)
}

function firingWindows({ windows, answer }: Question, yesNo: boolean): number {
  if (!yesNo) return windows.length - 1
  return answer === YES ? 1 : 0
}

function coverageOf(
  questions: readonly Question[],
  answers: readonly (number | null)[],
): Record<string, readonly [number, number]> {
  const coverage: Record<string, [number, number]> = {}
  for (const [index, { group }] of questions.entries()) {
    const counts = (coverage[group] ??= [0, 0])
    if (answers[index] !== null) counts[0]++
    counts[1]++
  }
  return coverage
}

function answeredCount({ answers }: Verdicts): number {
  return answers.filter((answer) => answer !== null).length
}

function unscoredBy(reason: UndefinedReason, n: number, controls: readonly ControlVerdicts[]): QuestionScore {
  return {
    result: { value: null, low: null, high: null, n, undefined: reason, flag: null },
    controls: [
      controlResult('constant', null, null, null),
      ...controls.map(({ name }) => controlResult(name, null, null, null)),
    ],
  }
}
