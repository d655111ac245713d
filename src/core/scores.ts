/**
 * Why a score has no value (reference: the table of undefined values in ARCHITECTURE.md). `oneClass`: there is nothing to
 * tell apart, as one class of questions is absent. `hardAnswers`: a statistic of beliefs, where answers are yes or no or
 * of two values. `noneNamed`: a precision, where nothing was named.
 */
export const UNDEFINED_REASONS = [
  'noExplanation',
  'callsFailed',
  'lowCoverage',
  'constantTruth',
  'oneClass',
  'hardAnswers',
  'noneNamed',
] as const
/** One of {@link UNDEFINED_REASONS}. */
export type UndefinedReason = (typeof UNDEFINED_REASONS)[number]

/** What a reader must know of a score that has a value. `constantPrediction`: its value is 0 by rule. */
export type ScoreFlag = 'constantPrediction'

/** What turns an explanation and examples into a score. */
export const SCORERS = [
  'simulation',
  'detection',
  'detection-neighbours',
  'detection-cooccurrence',
  'fuzzing',
  'intruder',
  'logits',
] as const
/** One of {@link SCORERS}. */
export type ScorerName = (typeof SCORERS)[number]
/** Scorers that ask questions with a right answer. */
export type QuestionScorerName = Exclude<ScorerName, 'simulation'>

/** The tiers that can be asked of an LLM, by the form of the answer and what is read of it. */
export const LLM_TIERS = ['integersSparse', 'integersDense', 'chatLogprobs', 'promptLogprobs'] as const
/** One of {@link LLM_TIERS}. */
export type LlmTier = (typeof LLM_TIERS)[number]
/** How predictions were read. Scores of different tiers are never compared silently. */
export const TIERS = [...LLM_TIERS, 'table'] as const
/** One of {@link TIERS}. */
export type Tier = (typeof TIERS)[number]

/** Null explanations and judges that read none, whose score stands beside a score. */
export const CONTROLS = [
  'constant',
  'position',
  'composition',
  'tokenTable',
  'bigram',
  'shuffled',
  'blank',
] as const
/** One of {@link CONTROLS}. */
export type ControlName = (typeof CONTROLS)[number]

/** A control's score on the same answered examples, and the score minus it. Null where either has no value. */
export interface ControlResult {
  readonly name: ControlName
  readonly value: number | null
  readonly gain: number | null
  readonly gainLow: number | null
  readonly gainHigh: number | null
  /** (1 + resamples whose gain is 0 or less) / (1 + resamples). */
  readonly p: number | null
}

/** A statistic of one simulation. `value` is null exactly where `undefined` names a reason. */
export interface ScoreResult {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
  /** Tokens that were scored. */
  readonly n: number
  readonly undefined: UndefinedReason | null
  readonly flag: ScoreFlag | null
}
