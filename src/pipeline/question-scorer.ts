import type { Bootstrap } from '../autointerp/bootstrap.ts'
import {
  type QuestionScore,
  type QuestionScores,
  scoreQuestions,
  type Verdicts,
} from '../autointerp/question-score.ts'
import { INTRUDER_WINDOWS } from '../autointerp/questions.ts'
import type { StudyEvent } from '../core/events.ts'
import type { ControlName, QuestionScorerName, Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import type { Asked } from './ask-questions.ts'
import { provenanceOf } from './feature-set.ts'
import { type AnsweredItem, ItemQuestioner, nothingAsked } from './question-answers.ts'
import { QuestionSource } from './question-source.ts'
import {
  type ExpectedRequest,
  questionKind,
  questionPromptHash,
  questionsPerCall,
  scoreId,
  type ScoreItem,
  type ScoreOutcome,
  type Scorer,
  scorerTier,
} from './scorer.ts'
import type { Llm, Study } from './study.ts'

/** Puts questions to an explanation and scores the answers: detection, fuzzing, intruder and logits. */
export class QuestionScorer implements Scorer {
  readonly name: QuestionScorerName
  readonly tier: Tier
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #source: QuestionSource
  readonly #questioner: ItemQuestioner
  readonly #bootstrap: Bootstrap
  readonly #options: number
  #provenanceId: string | null = null

  constructor(
    name: QuestionScorerName,
    study: Study,
    set: FeatureSetRecord,
    llm: Llm | null,
    bootstrap: Bootstrap,
  ) {
    const kind = questionKind(name)
    this.name = name
    this.tier = scorerTier(llm, name)
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#source = new QuestionSource(name, study, set)
    this.#bootstrap = bootstrap
    this.#options = kind === 'intruder' ? INTRUDER_WINDOWS : 2
    this.#questioner = new ItemQuestioner(name, study, set, llm, this.#source, this.#options)
  }

  prepare(features: readonly number[], keep: boolean): AsyncGenerator<StudyEvent> {
    return this.#source.prepare(features, keep)
  }

  requests(item: ScoreItem): Iterable<ExpectedRequest> {
    return this.#questioner.requests(item)
  }

  /** What {@link score} is made of. Null for an explanation without a text. */
  answers(item: ScoreItem, priority: number): Promise<AnsweredItem | null> {
    return this.#questioner.answers(item, priority)
  }

  /** The share of windows in which a feature fires, where the scorer has a precision; null where it was not counted. */
  firingShare(feature: number): number | null {
    return questionKind(this.name) === 'detection' ? this.#source.firingShare(feature) : null
  }

  async score(item: ScoreItem, priority: number): Promise<ScoreOutcome> {
    const { explanation, partner } = item
    const { minimumScoreExamples, minimumFiringExamples } = this.#study.protocol
    const answered = await this.#questioner.answers(item, priority)
    if (answered === null) return this.#withoutExplanation(explanation)
    const { questions, own, controls, asked, itself } = answered
    const result = scoreQuestions(questions, verdictsOf(own), controls, {
      options: this.#options,
      firingShare: this.firingShare(explanation.featureId),
      limits: { minimumExamples: minimumScoreExamples, minimumFiring: minimumFiringExamples },
      bootstrap: this.#bootstrap,
      anyReply: own.failedCalls < own.calls,
    })
    return this.#rows(explanation, partner, result, own, asked, itself === 'tokenTable')
  }

  #withoutExplanation(explanation: ExplanationRecord): ScoreOutcome {
    const none: QuestionScore = {
      result: { value: null, low: null, high: null, n: 0, undefined: 'noExplanation', flag: null },
      controls: [],
    }
    const failed = explanation.problem === 'callFailed' ? 1 : 0
    const row = this.#row(explanation, this.name, none, {}, { ...nothingAsked(), failedCalls: failed }, [])
    return { scores: [row], controls: [], reasons: [] }
  }

  #rows(
    explanation: ExplanationRecord,
    partner: ExplanationRecord | null,
    { accuracy, precision, auc, coverage }: QuestionScores,
    own: Asked,
    others: readonly (readonly [ControlName, Asked])[],
    isTokenTable: boolean,
  ): ScoreOutcome {
    const statistics: [name: string, score: QuestionScore | null][] = [
      [this.name, accuracy],
      [`${this.name}.precision`, precision],
      [`${this.name}.auc`, auc],
    ]
    const found = statistics.flatMap(([name, score]) => (score ? [{ name, score }] : []))
    const scores = found.map(({ name, score }) => this.#row(explanation, name, score, coverage, own, others))
    const controls = scores.flatMap((row, index) => [
      ...found[index]!.score.controls.map((control): ControlRecord => ({
        ...control,
        scoreId: row.id,
        partner: control.name === 'shuffled' ? (partner?.featureId ?? null) : null,
      })),
      // A token table is its own control; a gain over itself says nothing.
      ...(isTokenTable
        ? [
            {
              scoreId: row.id,
              name: 'tokenTable' as const,
              value: row.value,
              gain: null,
              gainLow: null,
              gainHigh: null,
              p: null,
              partner: null,
            },
          ]
        : []),
    ])
    return {
      scores,
      controls,
      reasons: [
        ...own.reasons,
        ...others.flatMap(([name, { reasons }]) => reasons.map((reason) => `${name} control: ${reason}`)),
      ],
    }
  }

  #row(
    explanation: ExplanationRecord,
    scorer: string,
    { result }: QuestionScore,
    coverage: ScoreRecord['coverage'],
    own: Asked,
    others: readonly (readonly [ControlName, Asked])[],
  ): ScoreRecord {
    const sum = (of: (asked: Asked) => number): number =>
      others.reduce((total, [, asked]) => total + of(asked), 0)
    return {
      ...result,
      id: scoreId(this.#study, this.#llm, explanation, scorer, this.tier),
      explanationId: explanation.id,
      scorer,
      protocol: this.#study.protocol.name,
      tier: this.tier,
      ceiling: null,
      digitMass: own.optionMass,
      coverage,
      failedCalls: own.failedCalls,
      failedControlCalls: sum(({ failedCalls }) => failedCalls),
      unreadableCalls: own.unreadableCalls + sum(({ unreadableCalls }) => unreadableCalls),
      provenanceId: this.#provenance(),
    }
  }

  /** Put when a score is, so that an estimate writes nothing. */
  #provenance(): string {
    const { store, protocol } = this.#study
    const kind = questionKind(this.name)
    const llm = this.#llm
    this.#provenanceId ??= store.provenance.put({
      ...provenanceOf(this.#study, this.#set),
      protocol: protocol.name,
      protocolHash: protocol.hash,
      prompt: llm?.questions[kind].name ?? null,
      promptHash: llm && questionPromptHash(llm.questions[kind], questionsPerCall(this.#study, llm, kind)),
      llm: llm?.chat.model ?? null,
      endpoint: llm?.chat.group ?? null,
    })
    return this.#provenanceId
  }
}

function verdictsOf({ answers, beliefs }: Asked): Verdicts {
  return { answers, beliefs }
}
