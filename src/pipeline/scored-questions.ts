import { NO_YES, type Question, renderable } from '../autointerp/questions.ts'
import { renderWindow } from '../autointerp/question-prompt.ts'
import type { Verdicts } from '../autointerp/question-score.ts'
import type { PastScore } from './past-scores.ts'
import { QuestionScorer } from './question-scorer.ts'

/** A question of a score as it was asked, with its right answer and what everybody answered. */
export interface ScoredQuestion {
  /** The class that it stands for. */
  readonly group: string
  readonly windows: readonly {
    /** As the prompt shows it: highlighted tokens stand in « ». */
    readonly shown: string
    readonly tokens: readonly string[]
    readonly tokenIds: readonly number[]
    /** Indices of the highlighted tokens. */
    readonly highlighted: readonly number[]
  }[]
  readonly truth: string
  /** By `score` and the controls' names; null where no answer could be read. */
  readonly answers: Readonly<Record<string, string | null>>
  /** P(yes) by the same names, where it was read. */
  readonly beliefs: Readonly<Record<string, number | null>>
}

/** The windows of an intruder question, which is answered by one of them. */
const LETTERS = ['A', 'B', 'C', 'D', 'E'] as const

/** The questions behind a past score, in the order in which they were asked; none where it asked none. */
export async function scoredQuestions(
  { scorer, item }: PastScore,
  textsOf: (tokens: readonly number[]) => readonly string[],
): Promise<ScoredQuestion[]> {
  if (!(scorer instanceof QuestionScorer)) return []
  const answered = await scorer.answers(item, 0)
  if (answered === null) return []
  const everybody: (readonly [string, Verdicts])[] = [
    ['score', answered.own],
    ...answered.controls.map((control) => [control.name, control] as const),
  ]
  return answered.questions.map((question, index) => {
    const words = wordsOf(question)
    const wordAt = (option: number | null | undefined): string | null =>
      option == null ? null : words[option]!
    const rendered = renderable(question, textsOf)
    return {
      group: question.group,
      windows: question.windows.map(({ tokens, highlighted }, place) => ({
        shown: renderWindow(rendered[place]!),
        tokens: textsOf(tokens),
        tokenIds: tokens,
        highlighted,
      })),
      truth: words[question.answer]!,
      answers: Object.fromEntries(everybody.map(([name, { answers }]) => [name, wordAt(answers[index])])),
      beliefs: Object.fromEntries(
        everybody.flatMap(([name, { beliefs }]) => (beliefs ? [[name, beliefs[index] ?? null]] : [])),
      ),
    }
  })
}

function wordsOf({ windows }: Question): readonly string[] {
  return windows.length > 1 ? LETTERS : NO_YES
}
