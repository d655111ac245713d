import { bigramTable, renderBigramTable } from '../autointerp/bigram-table.ts'
import type { ExplainPrompt } from '../autointerp/explain-prompt.ts'
import { renderTokenTable, tokenTable } from '../autointerp/token-table.ts'
import type { CandidateRecord } from '../core/candidates.ts'
import type { Answer, LlmRequest } from '../core/chat-model.ts'
import type { ExplanationRecord, FeatureSetRecord } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { explainExamples } from './explain-plan.ts'
import type { Study } from './study.ts'
import { vocabularyOf } from './token-texts.ts'

/** One thing that an explainer asks. */
export interface Question {
  readonly request: LlmRequest
  /** Whether a reply lacks what was asked for. */
  readonly isUnreadable: (reply: Extract<Answer, { kind: 'reply' }>) => boolean
  /** A reply as it is expected: a rehearsal takes it for the answer. */
  readonly expected: string
}

/** Brings the answer to a question, from memory where it is stored. */
export type Ask = (question: Question) => Promise<Answer>

/** What an explainer made of a feature. */
export interface Explained extends Pick<ExplanationRecord, 'text' | 'problem' | 'requestHash'> {
  /** What it was chosen among; none where there was only one. */
  readonly candidates: readonly Omit<CandidateRecord, 'explanationId' | 'provenanceId'>[]
  /** Why calls failed, or replies could not be read. */
  readonly reasons: readonly string[]
}

/**
 * Writes explanations, in as many steps as it likes. What it asks is decided by what is stored and by the answers so
 * far alone: asked again after a kill, it asks the same, and the answers that are stored are not paid for again.
 */
export interface Explainer {
  readonly name: string
  /** Null where no LLM is asked. */
  readonly prompt: ExplainPrompt | null
  explain(feature: number, ask: Ask): Promise<Explained>
}

/** An explainer without an LLM: the table of tokens, or that of tokens and bigrams. */
export function baselineExplainer(study: Study, set: FeatureSetRecord): Explainer {
  const vocabulary = vocabularyOf(study, set)
  const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
  const { scale } = study.protocol
  const name = study.baseline ?? 'table'
  return {
    name,
    prompt: null,
    explain: async (feature) => {
      const examples = explainExamples(study, set, feature)
      const text =
        name === 'table'
          ? renderTokenTable(tokenTable(examples, scale), textOf)
          : renderBigramTable(bigramTable(examples, scale), textOf)
      return { text, problem: null, requestHash: null, candidates: [], reasons: [] }
    },
  }
}
