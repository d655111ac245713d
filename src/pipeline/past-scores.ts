import type { QuestionPrompt } from '../autointerp/question-prompt.ts'
import { parseScoringName, type Protocol } from '../core/protocol.ts'
import { LLM_TIERS, type LlmTier, type ScorerName, SCORERS } from '../core/scores.ts'
import type { ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { isolationOf, storedBlocks } from './isolate.ts'
import {
  type Isolation,
  questionKind,
  questionPromptHash,
  scoreId,
  type ScoreItem,
  type Scorer,
} from './scorer.ts'
import { makeScorer } from './scorers.ts'
import type { Llm, Study } from './study.ts'

/** What past scores are made again with. */
export interface PastTools {
  /** An LLM that answers from stored replies alone. */
  readonly llmOf: (made: {
    readonly endpoint: string
    readonly llm: string
    readonly promptHash: string | null
    readonly tier: LlmTier
    readonly protocol: Protocol
  }) => Llm
  /** The protocol of a name; null where there is none any more. */
  readonly protocolOf: (name: string) => Protocol | null
}

/** A score as it was made: run its scorer on its item again and the same rows come out. Nothing is sent or stored. */
export interface PastScore {
  readonly study: Study
  readonly llm: Llm | null
  readonly scorer: Scorer
  readonly item: ScoreItem
}

/** Finds what scores were made of: their protocol, seed, prompts, replies, and the explanations of their controls. */
export class PastScores {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #tools: PastTools
  readonly #scorers = new Map<string, Omit<PastScore, 'item'> | string>()

  constructor(study: Study, set: FeatureSetRecord, tools: PastTools) {
    this.#study = study
    this.#set = set
    this.#tools = tools
  }

  /** The making of a score and of the other statistics of the same replies, or why it cannot be repeated. */
  open(explanation: ExplanationRecord, record: ScoreRecord): PastScore | string {
    const name = scorerOf(record)
    if (name === null) return `no scorer is called ${record.scorer}`
    const key = `${explanation.provenanceId} ${record.provenanceId} ${record.tier} ${record.protocol} ${name}`
    let made = this.#scorers.get(key)
    if (made === undefined) {
      made = this.#make(name, explanation, record)
      this.#scorers.set(key, made)
    }
    if (typeof made === 'string') return made
    if (scoreId(made.study, made.llm, explanation, record.scorer, record.tier) !== record.id)
      return 'its prompt or protocol is not the one that this version of gloss has'
    return { ...made, item: this.#item(explanation, record, name) }
  }

  #make(
    name: ScorerName,
    explanation: ExplanationRecord,
    record: ScoreRecord,
  ): Omit<PastScore, 'item'> | string {
    const { store, config } = this.#study
    const provenance = store.provenance.get(record.provenanceId)
    const { protocol: protocolName, precision } = parseScoringName(record.protocol)
    const protocol = this.#tools.protocolOf(protocolName)
    if (protocol === null) return `the protocol ${record.protocol} is not there`
    const tier = LLM_TIERS.find((one) => one === record.tier)
    const { llm: model, endpoint, promptHash } = provenance
    if (tier && (model === null || endpoint == null))
      return 'it was made by a version of gloss that did not record the endpoint; score again'
    const study: Study = {
      ...this.#study,
      protocol,
      precision,
      config: { ...config, seed: provenance.seed ?? config.seed },
      // Recomputing leaves no trace.
      store: {
        ...store,
        provenance: { get: (id) => store.provenance.get(id), put: () => record.provenanceId },
      },
    }
    const llm = tier
      ? this.#tools.llmOf({ endpoint: endpoint!, llm: model!, promptHash, tier, protocol })
      : null
    if (llm !== null && name !== 'simulation') {
      const questionsPerCall = askedPerCall(llm.questions[questionKind(name)], promptHash)
      const asked: Study = { ...study, config: { ...study.config, score: { questionsPerCall } } }
      return { study: asked, llm, scorer: makeScorer(name, asked, this.#set, llm) }
    }
    const isolation = llm?.simulate.isolate ? this.#isolation(study, llm, explanation) : null
    return { study, llm, scorer: makeScorer(name, study, this.#set, llm, { isolation }) }
  }

  /** The features that shared calls, as they were put into blocks. */
  #isolation(study: Study, llm: Llm, explanation: ExplanationRecord): Isolation {
    const { promptHash } = study.store.provenance.get(explanation.provenanceId)
    const explain = { ...llm.explain, hash: promptHash ?? llm.explain.hash }
    const blocks = storedBlocks(study, this.#set, { ...llm, explain })
    const features = blocks.flatMap((block) => block.map(({ feature }) => feature))
    return isolationOf(
      study,
      this.#set,
      blocks,
      features,
      (feature) => this.#likeOf(explanation, feature) ?? explanation,
    )
  }

  #item(explanation: ExplanationRecord, record: ScoreRecord, name: ScorerName): ScoreItem {
    const { store } = this.#study
    const main = store.scores
      .of(explanation.id)
      .find(
        (one) => one.scorer === name && one.tier === record.tier && one.provenanceId === record.provenanceId,
      )
    const controls = main ? store.scores.controlsOf(main.id) : []
    const partner = controls.find((control) => control.name === 'shuffled')?.partner ?? null
    return {
      explanation,
      partner: partner === null ? null : this.#likeOf(explanation, partner),
      blank: controls.some((control) => control.name === 'blank'),
    }
  }

  /** Another feature's explanation by the same explainer, LLM and prompt. */
  #likeOf(explanation: ExplanationRecord, feature: number): ExplanationRecord | null {
    const { store } = this.#study
    const { prompt, promptHash, protocolHash } = store.provenance.get(explanation.provenanceId)
    const alike = store.explanations
      .of(this.#set.id, feature)
      .filter(({ explainer, llm }) => explainer === explanation.explainer && llm === explanation.llm)
    return (
      alike.find(({ provenanceId }) => provenanceId === explanation.provenanceId) ??
      alike.find(({ provenanceId }) => {
        const other = store.provenance.get(provenanceId)
        return (
          other.prompt === prompt && other.promptHash === promptHash && other.protocolHash === protocolHash
        )
      }) ??
      null
    )
  }
}

function scorerOf({ scorer }: ScoreRecord): ScorerName | null {
  return SCORERS.find((name) => scorer === name || scorer.startsWith(`${name}.`)) ?? null
}

/** Questions that a call may have held, at most. */
const MOST_QUESTIONS = 1000

/** The questions of one call that a prompt was asked with, by the hash that stands for both; its own where none does. */
function askedPerCall(prompt: QuestionPrompt, promptHash: string | null): number {
  for (let perCall = 1; perCall <= MOST_QUESTIONS; perCall++)
    if (questionPromptHash(prompt, perCall) === promptHash) return perCall
  return prompt.questionsPerCall
}
