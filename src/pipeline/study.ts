import type { ChatModel } from '../core/chat-model.ts'
import type { DictionaryWorkshop } from '../core/dictionary.ts'
import type { ImportedExplainer } from '../core/imported.ts'
import type { Protocol } from '../core/protocol.ts'
import type { Store } from '../core/store.ts'
import type { StudyConfig } from '../core/study-config.ts'
import type { SubjectModel, Tokenizer } from '../core/subject-model.ts'
import type { LlmTier } from '../core/scores.ts'
import type { ExplainPrompt } from '../autointerp/explain-prompt.ts'
import type { SimulatePrompt } from '../autointerp/prompt-file.ts'
import type { QuestionPrompt } from '../autointerp/question-prompt.ts'

/** What verbs work with. Built once by the command line, handed down as ports. */
export interface Study {
  /** The workspace folder. */
  readonly folder: string
  readonly config: StudyConfig
  /** Corpus files and folders, absolute. */
  readonly corpusPaths: readonly string[]
  readonly protocol: Protocol
  /** The half-width that scores' intervals are to reach; null for the protocol's own number of examples. */
  readonly precision?: number | null
  /** The explainer where no LLM is asked; the token table by default. */
  readonly baseline?: 'table' | 'bigram'
  /** The explainer whose imported explanations are worked with; nothing is explained then. */
  readonly imported?: ImportedExplainer
  readonly store: Store
  readonly workshop: DictionaryWorkshop
  readonly version: string
  /** The model, with its weights shuffled within each tensor where a seed is given; loaded when first asked for. */
  readonly model: (shuffledSeed?: number | null) => SubjectModel
  readonly tokenizer: () => Tokenizer
  readonly now: () => Date
  /** Aborted when the run is to drain and stop. */
  readonly signal: AbortSignal
}

/** What scorers ask, apart from simulations. */
export const QUESTION_KINDS = ['detection', 'fuzzing', 'intruder', 'logits'] as const
/** One of {@link QUESTION_KINDS}. */
export type QuestionKind = (typeof QUESTION_KINDS)[number]

/** What an LLM needs to know of a study. */
export type AskingStudy = Pick<Study, 'folder' | 'config' | 'store' | 'protocol' | 'signal' | 'now'>

/** An LLM with the prompts to use it with. */
export interface Llm {
  readonly chat: ChatModel
  readonly explain: ExplainPrompt
  readonly simulate: SimulatePrompt
  /** The prompts of scorers that ask questions. */
  readonly questions: Readonly<Record<QuestionKind, QuestionPrompt>>
  /** The simulation that explanations are chosen by, where an explainer makes several. */
  readonly choose: SimulatePrompt
  /** How predictions are read from replies. */
  readonly tier: LlmTier
  /** Whether replies that could not be read are asked for again. */
  readonly reask: boolean
}
