import type { Bootstrap } from '../autointerp/bootstrap.ts'
import { renderVerdicts } from '../autointerp/question-prompt.ts'
import {
  type ControlVerdicts,
  lacksClass,
  type QuestionScore,
  type QuestionScores,
  scoreQuestions,
} from '../autointerp/question-score.ts'
import { INTRUDER_WINDOWS, NO, type Question, tableAnswer } from '../autointerp/questions.ts'
import { tokenTable } from '../autointerp/token-table.ts'
import type { StudyEvent } from '../core/events.ts'
import type { ControlName, QuestionScorerName, Tier } from '../core/scores.ts'
import type { ControlRecord, ExplanationRecord, FeatureSetRecord, ScoreRecord } from '../core/store.ts'
import { type Asked, askTable, QuestionAsker } from './ask-questions.ts'
import { explainExamples } from './explain-plan.ts'
import { provenanceOf } from './feature-set.ts'
import { allEnded } from './pool.ts'
import { QuestionSource } from './question-source.ts'
import {
  type ExpectedRequest,
  questionKind,
  questionsPerCall,
  scoreId,
  type ScoreItem,
  type ScoreOutcome,
  type Scorer,
  scorerTier,
} from './scorer.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** Puts questions to an explanation and scores the answers: detection, fuzzing, intruder and logits. */
export class QuestionScorer implements Scorer {
  readonly name: QuestionScorerName
  readonly tier: Tier
  readonly statistics: readonly string[]
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #source: QuestionSource
  readonly #asker: QuestionAsker | null
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
    this.#asker =
      llm &&
      new QuestionAsker(
        llm,
        llm.questions[kind],
        questionsPerCall(study, llm, kind),
        this.tier,
        tokenTexts(study, set),
      )
    this.#bootstrap = bootstrap
    this.#options = kind === 'intruder' ? INTRUDER_WINDOWS : 2
    this.statistics = [
      name,
      ...(kind === 'detection' ? [`${name}.precision`] : []),
      ...(kind === 'intruder' ? [] : [`${name}.auc`]),
    ]
  }

  prepare(features: readonly number[], keep: boolean): AsyncGenerator<StudyEvent> {
    return this.#source.prepare(features, keep)
  }

  /** Replies are taken to be right about the feature's own explanation, and to find nothing by another's or by none. */
  *requests({ explanation, partner, blank }: ScoreItem): Generator<ExpectedRequest> {
    const llm = this.#llm
    const asker = this.#asker
    const questions = this.#source.questions(explanation.featureId)
    if (llm === null || asker === null || explanation.text === null || this.#lacksClass(questions)) return
    const { options } = llm.questions[questionKind(this.name)]
    const expected = function* (
      control: ControlName | null,
      text: string,
      answerOf: (question: Question) => number,
    ) {
      for (const { request, questions: asked } of asker.requests(text, questions))
        yield {
          request,
          control,
          reply: renderVerdicts(asked.map((question) => options[answerOf(question)]!)),
          isIncomplete: (stored: Parameters<ExpectedRequest['isIncomplete']>[0]) =>
            asker.isIncomplete(stored, asked.length),
        }
    }
    yield* expected(null, explanation.text, ({ answer }) => answer)
    if (partner?.text != null) yield* expected('shuffled', partner.text, () => NO)
    if (blank) yield* expected('blank', llm.simulate.blankDescription, () => NO)
  }

  async score({ explanation, partner, blank }: ScoreItem, priority: number): Promise<ScoreOutcome> {
    const { protocol } = this.#study
    const feature = explanation.featureId
    if (explanation.text === null) return this.#withoutExplanation(explanation)
    const questions = this.#source.questions(feature)
    const lacking = this.#lacksClass(questions)
    const nothing = blank ? (this.#llm?.simulate.blankDescription ?? null) : null
    const [own, shuffled, blanked] = await allEnded([
      lacking ? nothingAsked() : this.#ask(explanation.text, questions, priority),
      lacking || partner?.text == null ? nothingAsked(partner) : this.#ask(partner.text, questions, priority),
      lacking || nothing === null ? nothingAsked() : this.#ask(nothing, questions, priority),
    ])
    const verdicts = (name: ControlName, asked: Asked): ControlVerdicts => ({
      name,
      answers: padded(asked.answers, questions),
      beliefs: asked.beliefs,
    })
    const controls = [
      verdicts('shuffled', shuffled),
      ...(nothing === null ? [] : [verdicts('blank', blanked)]),
    ]
    if (this.#llm !== null) {
      const table = tokenTable(explainExamples(this.#study, this.#set, feature), protocol.scale)
      const answers = questions.map((question) => tableAnswer(table, question))
      controls.push({ name: 'tokenTable', answers, beliefs: null })
    }
    const result = scoreQuestions(
      questions,
      { answers: padded(own.answers, questions), beliefs: own.beliefs },
      controls,
      {
        options: this.#options,
        firingShare: questionKind(this.name) === 'detection' ? this.#source.firingShare(feature) : null,
        limits: {
          minimumExamples: protocol.minimumScoreExamples,
          minimumFiring: protocol.minimumFiringExamples,
        },
        bootstrap: this.#bootstrap,
        anyReply: own.failedCalls < own.calls,
      },
    )
    return this.#rows(explanation, partner, result, own, [
      ['shuffled', shuffled],
      ['blank', blanked],
    ])
  }

  /** The answers that {@link score} is of. Null for an explanation without a text. */
  async answers(
    { explanation }: ScoreItem,
    priority: number,
  ): Promise<{ readonly questions: readonly Question[]; readonly own: Pick<Asked, 'answers'> } | null> {
    const questions = this.#source.questions(explanation.featureId)
    if (explanation.text === null) return null
    const lacking = this.#lacksClass(questions)
    const own = lacking ? nothingAsked() : await this.#ask(explanation.text, questions, priority)
    return { questions, own: { answers: padded(own.answers, questions) } }
  }

  #lacksClass(questions: readonly Question[]): boolean {
    return lacksClass(questions, this.#options === 2)
  }

  async #ask(text: string, questions: readonly Question[], priority: number): Promise<Asked> {
    return this.#asker ? this.#asker.ask(text, questions, priority) : askTable(text, questions)
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
  ): ScoreOutcome {
    const found = [accuracy, precision, auc].filter((one) => one !== null)
    const scores = this.statistics
      .slice(0, found.length)
      .map((name, index) => this.#row(explanation, name, found[index]!, coverage, own, others))
    const controls = scores.flatMap((row, index) => [
      ...found[index]!.controls.map((control): ControlRecord => ({
        ...control,
        scoreId: row.id,
        partner: control.name === 'shuffled' ? (partner?.featureId ?? null) : null,
      })),
      // A token table is its own control; a gain over itself says nothing.
      ...(this.#llm === null
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
    const prompt = this.#llm?.questions[questionKind(this.name)] ?? null
    this.#provenanceId ??= store.provenance.put({
      ...provenanceOf(this.#study, this.#set),
      protocol: protocol.name,
      protocolHash: protocol.hash,
      prompt: prompt?.name ?? null,
      promptHash: prompt?.hash ?? null,
      llm: this.#llm?.chat.model ?? null,
      endpoint: this.#llm?.chat.group ?? null,
    })
    return this.#provenanceId
  }
}

/** No call was made; a partner without an explanation counts as its call did. */
function nothingAsked(partner: ExplanationRecord | null = null): Asked {
  return {
    answers: [],
    beliefs: null,
    calls: 0,
    failedCalls: partner?.problem === 'callFailed' ? 1 : 0,
    unreadableCalls: partner?.problem === 'unreadable' ? 1 : 0,
    optionMass: null,
    reasons: [],
  }
}

function padded(answers: readonly (number | null)[], questions: readonly Question[]): (number | null)[] {
  return questions.map((_, index) => answers[index] ?? null)
}
