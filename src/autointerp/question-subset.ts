import type { Random } from '../core/random.ts'
import { type Question, YES } from './questions.ts'

/**
 * A part of a scorer's questions, in their order: for people, who answer fewer than an LLM. Of questions with a yes, as
 * many of each class, and every yes with a no that shows the same highlights: what patterns alone tell stays nothing.
 *
 * @param count questions that are wanted; of two classes, an even number at most
 */
export function subsetOfQuestions(
  questions: readonly Question[],
  count: number,
  yesNo: boolean,
  random: Random,
): Question[] {
  const places = random.shuffle([...questions.keys()])
  const kept = new Set(yesNo ? pairsOf(questions, places, count >> 1).flat() : places.slice(0, count))
  return questions.filter((_, place) => kept.has(place))
}

/** Places of a yes and a no with the same highlights, in the order of `places`. */
function pairsOf(
  questions: readonly Question[],
  places: readonly number[],
  count: number,
): [yes: number, no: number][] {
  const waiting = new Map<string, number[]>()
  for (const place of places.filter((one) => questions[one]!.answer !== YES)) {
    const pattern = patternOf(questions[place]!)
    waiting.set(pattern, [...(waiting.get(pattern) ?? []), place])
  }
  return places
    .filter((place) => questions[place]!.answer === YES)
    .flatMap((place): [number, number][] => {
      const no = waiting.get(patternOf(questions[place]!))?.shift()
      return no === undefined ? [] : [[place, no]]
    })
    .slice(0, count)
}

function patternOf({ windows }: Question): string {
  return windows.map(({ highlighted }) => highlighted.join()).join(' ')
}
