import type { RatingView } from './rating-view.ts'
import type { Hint } from './screen.ts'

const FORM: readonly Hint[] = [
  {
    actions: [],
    keys: '0–5',
    label: 'score',
    help: ['0–9', 'score the question that is marked, go to the next'],
  },
  { actions: ['nextQuestion'], label: 'next' },
  { actions: ['accept'], label: 'submit' },
  { actions: ['edit'], label: 'write' },
  { actions: ['undo', 'redo'], label: 'undo, redo' },
  { actions: ['down', 'up'], label: 'example' },
  { actions: ['left', 'right'], label: 'group' },
  { actions: ['skip'], label: 'skip' },
  { actions: ['flag'], label: 'flag' },
  { actions: ['comment'], label: 'comment' },
  { actions: ['next', 'previous'], label: 'item' },
  { actions: ['goTo'], label: 'go to' },
  { actions: ['quit'], label: 'quit' },
]

/** What the keys of the rating screen do: in a form, or in a task with answers of its own. */
export function rateHints({ task, questions }: RatingView): readonly Hint[] {
  if (task === null) return FORM
  const keys = questions[0]?.keys ?? []
  const names = questions[0]?.names ?? keys
  const shown = keys.every((key) => /\d/.test(key))
    ? `${keys[0]}–${keys.at(-1)}`
    : keys.toReversed().join('/')
  const words = names.join() === keys.join() ? '' : `: ${names.toReversed().join(', ')}`
  return [
    { actions: [], keys: shown, label: 'answer', help: [shown, `answer${words}; go to the next question`] },
    { actions: ['down', 'up'], label: 'question' },
    { actions: ['accept'], label: 'submit' },
    { actions: ['undo', 'redo'], label: 'undo, redo' },
    { actions: ['edit'], label: 'explanation' },
    { actions: ['skip'], label: 'skip' },
    { actions: ['flag'], label: 'flag' },
    { actions: ['comment'], label: 'comment' },
    { actions: ['next', 'previous'], label: 'item' },
    { actions: ['goTo'], label: 'go to' },
    { actions: ['quit'], label: 'quit' },
  ]
}
