import { renderVerdicts } from '../autointerp/question-prompt.ts'
import { type ControlVerdicts, lacksClass } from '../autointerp/question-score.ts'
import { NO, type Question, tableAnswer } from '../autointerp/questions.ts'
import { simulateByTokenTable, tokenTable } from '../autointerp/token-table.ts'
import type { ControlName, QuestionScorerName } from '../core/scores.ts'
import type { ExplanationRecord, FeatureSetRecord } from '../core/store.ts'
import { type Asked, askTable, QuestionAsker } from './ask-questions.ts'
import { explainExamples } from './explain-plan.ts'
import { allEnded } from './pool.ts'
import type { QuestionSource } from './question-source.ts'
import { type ExpectedRequest, questionKind, questionsPerCall, type ScoreItem, scorerTier } from './scorer.ts'
import { ownBaseline } from './simulation-controls.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** What was answered to the questions about one item. */
export interface AnsweredItem {
  readonly questions: readonly Question[]
  /** With an answer, or null, for every question. */
  readonly own: Asked
  readonly controls: readonly ControlVerdicts[]
  /** The controls that were asked as the score was. */
  readonly asked: readonly (readonly [ControlName, Asked])[]
  /** The baseline that the explanation is itself. */
  readonly itself: ControlName | null
}

/** Has the questions about an item answered by its explanation, and by every control. */
export class ItemQuestioner {
  readonly #scorer: QuestionScorerName
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm | null
  readonly #source: QuestionSource
  readonly #asker: QuestionAsker | null
  readonly #options: number

  /** @param options answers that a question has */
  constructor(
    scorer: QuestionScorerName,
    study: Study,
    set: FeatureSetRecord,
    llm: Llm | null,
    source: QuestionSource,
    options: number,
  ) {
    const kind = questionKind(scorer)
    this.#scorer = scorer
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#source = source
    this.#asker =
      llm &&
      new QuestionAsker(
        llm,
        llm.questions[kind],
        questionsPerCall(study, llm, kind),
        scorerTier(llm, scorer),
        tokenTexts(study, set),
      )
    this.#options = options
  }

  /** The answers to an item's questions. Null for an explanation without a text. */
  async answers({ explanation, partner, blank }: ScoreItem, priority: number): Promise<AnsweredItem | null> {
    if (explanation.text === null) return null
    const feature = explanation.featureId
    const questions = this.#source.questions(feature)
    const lacking = this.#lacksClass(questions)
    const nothing = blank ? (this.#llm?.simulate.blankDescription ?? null) : null
    const [own, shuffled, blanked] = await allEnded([
      lacking ? nothingAsked() : this.#ask(explanation.text, questions, priority),
      lacking || partner?.text == null ? nothingAsked(partner) : this.#ask(partner.text, questions, priority),
      lacking || nothing === null ? nothingAsked() : this.#ask(nothing, questions, priority),
    ])
    const controls = [
      verdicts('shuffled', shuffled, questions),
      ...(nothing === null ? [] : [verdicts('blank', blanked, questions)]),
    ]
    const itself = this.#llm === null ? ownBaseline(explanation.text) : null
    if (itself !== 'tokenTable') {
      const table = tokenTable(explainExamples(this.#study, this.#set, feature), this.#study.protocol.scale)
      const predict = (tokens: readonly number[]): number[] => simulateByTokenTable(table, tokens)
      const answers = questions.map((question) => tableAnswer(predict, question))
      controls.push({ name: 'tokenTable', answers, beliefs: null })
    }
    return {
      questions,
      own: { ...own, answers: padded(own.answers, questions) },
      controls,
      asked: [
        ['shuffled', shuffled],
        ['blank', blanked],
      ],
      itself,
    }
  }

  /** Replies are taken to be right about the feature's own explanation, and to find nothing by another's or by none. */
  *requests({ explanation, partner, blank }: ScoreItem): Generator<ExpectedRequest> {
    const llm = this.#llm
    const asker = this.#asker
    const questions = this.#source.questions(explanation.featureId)
    if (llm === null || asker === null || explanation.text === null || this.#lacksClass(questions)) return
    const { options } = llm.questions[questionKind(this.#scorer)]
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

  #lacksClass(questions: readonly Question[]): boolean {
    return lacksClass(questions, this.#options === 2)
  }

  async #ask(text: string, questions: readonly Question[], priority: number): Promise<Asked> {
    return this.#asker ? this.#asker.ask(text, questions, priority) : askTable(text, questions)
  }
}

/** No call was made; a partner without an explanation counts as its call did. */
export function nothingAsked(partner: ExplanationRecord | null = null): Asked {
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

function verdicts(
  name: ControlName,
  { answers, beliefs }: Asked,
  questions: readonly Question[],
): ControlVerdicts {
  return { name, answers: padded(answers, questions), beliefs }
}

function padded(answers: readonly (number | null)[], questions: readonly Question[]): (number | null)[] {
  return questions.map((_, index) => answers[index] ?? null)
}
