import type { Answer, LlmRequest } from '../core/chat-model.ts'
import { UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import type { Bootstrap } from '../autointerp/bootstrap.ts'
import type { QuestionPrompt } from '../autointerp/question-prompt.ts'
import type { IsolateBlock } from '../autointerp/isolate-blocks.ts'
import { contentId } from '../core/hash.ts'
import {
  type ControlName,
  type QuestionScorerName,
  type ScorerName,
  SCORERS,
  type Tier,
} from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, ScoreRecord, StoredExample } from '../core/store.ts'
import { CONTRAST_RECIPE } from './contrast.ts'
import type { Llm, QuestionKind, Study } from './study.ts'

/** An explanation to score, with the one that stands in for it in the shuffled control. */
export interface ScoreItem {
  readonly explanation: ExplanationRecord
  readonly partner: ExplanationRecord | null
  /** Whether the blank control is asked for too, which costs as much as the score. */
  readonly blank: boolean
}

/** The rows that come of scoring one explanation. */
export interface ScoreOutcome {
  readonly scores: ScoreRecord[]
  readonly controls: ControlRecord[]
  readonly reasons: readonly string[]
}

/** A request that scoring would send, for an estimate of what it costs. */
export interface ExpectedRequest {
  readonly request: LlmRequest
  /** The control that it is for; null for the score itself. */
  readonly control: ControlName | null
  /** The reply as it is expected. */
  readonly reply: string
  /** Whether a stored reply lacks an answer, so that `--reask` would ask again. */
  readonly isIncomplete: (stored: Extract<Answer, { kind: 'reply' }>) => boolean
}

/** What is known of the features in blocks. */
export interface Isolation {
  readonly blocks: readonly IsolateBlock[]
  readonly planned: readonly number[]
  readonly textOf: (feature: number) => string
  readonly examplesOf: (feature: number) => readonly StoredExample[]
}

/** What else a scorer may be made with. */
export interface ScorerParts {
  /** What intervals are taken from. */
  readonly bootstrap?: Bootstrap
  /** The features that share calls, where the prompt puts several into one. */
  readonly isolation?: Isolation | null
}

/**
 * Turns an explanation and examples into scores. It asks through a `ChatModel`, which remembers replies, so scoring
 * again reads what is stored.
 */
export interface Scorer {
  readonly name: ScorerName
  readonly tier: Tier
  /** @param priority calls of lower numbers are sent first */
  score(item: ScoreItem, priority: number): Promise<ScoreOutcome>
  /**
   * Finds what scoring these features needs of the collection, where it is not there yet.
   * @param keep whether it may be stored; an estimate stores nothing
   */
  prepare(features: readonly number[], keep: boolean): AsyncGenerator<StudyEvent>
  /** What {@link score} would ask, in its order. */
  requests(item: ScoreItem): Iterable<ExpectedRequest>
}

/**
 * How a scorer's answers are read: without an LLM by the token table. Questions are answered in one form, so what
 * differs is only whether the model's own probabilities are read.
 * @throws {UsageError} `scorer-tier` for a tier that a scorer does not have
 */
export function scorerTier(llm: Llm | null, scorer: ScorerName): Tier {
  if (llm === null) return 'table'
  if (scorer === 'simulation') return llm.tier
  if (llm.tier === 'promptLogprobs')
    throw new UsageError(
      'scorer-tier',
      `expected a tier of chat completions with --scorer ${scorer}, found promptLogprobs; use chatLogprobs, or leave --tier out`,
    )
  return llm.tier === 'chatLogprobs' ? 'chatLogprobs' : 'integersSparse'
}

/** The prompt that a scorer asks with. */
export function questionKind(scorer: QuestionScorerName): QuestionKind {
  return scorer === 'detection-neighbours' || scorer === 'detection-cooccurrence' ? 'detection' : scorer
}

/** Questions of one call: as the study is set (a flag, or gloss.yaml), else as the prompt says. */
export function questionsPerCall({ config }: Pick<Study, 'config'>, llm: Llm, kind: QuestionKind): number {
  return config.score.questionsPerCall ?? llm.questions[kind].questionsPerCall
}

/** The hash of a question prompt together with the number of questions of one call, where that is not its own. */
export function questionPromptHash(prompt: QuestionPrompt, perCall: number): string {
  return perCall === prompt.questionsPerCall
    ? prompt.hash
    : contentId({ prompt: prompt.hash, questionsPerCall: perCall })
}

/**
 * A score's id: the hash of everything that decides what is asked.
 *
 * @param scorer a scorer or one of its statistics
 */
export function scoreId(
  study: Study,
  llm: Llm | null,
  explanation: ExplanationRecord,
  scorer: string,
  tier: Tier,
): string {
  const asking = SCORERS.find((name) => name === scorer.split('.')[0])
  const kind = asking === undefined || asking === 'simulation' ? null : questionKind(asking)
  return contentId({
    explanation: explanation.id,
    scorer,
    protocol: study.protocol.hash,
    ...(study.precision == null ? {} : { precision: study.precision }),
    tier,
    prompt: (kind === null ? llm?.simulate.hash : llm?.questions[kind].hash) ?? null,
    endpoint: llm?.chat.group ?? null,
    llm: llm?.chat.model ?? null,
    ...(kind === null
      ? seedOfItsOwn(study, explanation)
      : {
          seed: study.config.seed,
          contrast: CONTRAST_RECIPE,
          perCall: llm && questionsPerCall(study, llm, kind),
        }),
  })
}

/** Seeds of explanations by their provenance, of which there are few. */
const explainSeeds = new WeakMap<Study['store'], Map<string, number>>()

/**
 * The seed of a simulation, where it is not the one that its explanation was made with: it deals examples to calls,
 * finds partners and draws resamples, so that scores of another seed are others.
 */
function seedOfItsOwn(
  { store, config }: Study,
  { provenanceId }: ExplanationRecord,
): { readonly seed?: number } {
  // What is only expected is made with the same seed.
  if (provenanceId === '') return {}
  const seeds = explainSeeds.get(store) ?? new Map<string, number>()
  explainSeeds.set(store, seeds)
  let seed = seeds.get(provenanceId)
  if (seed === undefined) {
    // Explanations of other tools have none.
    seed = store.provenance.get(provenanceId).seed ?? 0
    seeds.set(provenanceId, seed)
  }
  return seed === config.seed ? {} : { seed: config.seed }
}
