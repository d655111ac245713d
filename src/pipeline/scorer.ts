import type { Answer, LlmRequest } from '../core/chat-model.ts'
import { contentId } from '../core/hash.ts'
import type { ControlName, ScorerName, Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, ScoreRecord } from '../core/store.ts'
import type { Llm, Study } from './study.ts'

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

/**
 * Turns an explanation and examples into scores. It asks through a `ChatModel`, which remembers replies, so scoring
 * again reads what is stored.
 */
export interface Scorer {
  readonly name: ScorerName
  readonly tier: Tier
  /** The names of the rows that it writes: its own first, then other statistics of the same replies. */
  readonly statistics: readonly string[]
  /** @param priority calls of lower numbers are sent first */
  score(item: ScoreItem, priority: number): Promise<ScoreOutcome>
  /** What {@link score} would ask, in its order. */
  requests(item: ScoreItem): Iterable<ExpectedRequest>
}

/** How a scorer's answers are read: without an LLM by the token table. */
export function scorerTier(llm: Llm | null, _scorer: ScorerName): Tier {
  return llm?.tier ?? 'table'
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
  return contentId({
    explanation: explanation.id,
    scorer,
    protocol: study.protocol.hash,
    ...(study.precision == null ? {} : { precision: study.precision }),
    tier,
    prompt: llm?.simulate.hash ?? null,
    endpoint: llm?.chat.group ?? null,
    llm: llm?.chat.model ?? null,
  })
}
