import type { StudyEvent } from '../core/events.ts'
import type { ScorerName } from '../core/scores.ts'
import type { Selection } from '../core/selection.ts'
import { collect } from './collect.ts'
import { explain } from './explain.ts'
import { checkExplainer, planExplanations } from './explain-plan.ts'
import { currentSet, hookWidth } from './feature-set.ts'
import { sample } from './sample.ts'
import { score } from './score.ts'
import type { Llm, Study } from './study.ts'
import { tokenize } from './tokenize.ts'
import { train } from './train.ts'

/** What a run is to do beside the usual. */
export interface RunSettings {
  readonly scorer?: ScorerName | undefined
  /** Work on the current feature set as it is, instead of the one that the settings lead to. */
  readonly made?: boolean
}

/** Every stage that lacks output, in order. */
export async function* run(
  study: Study,
  llm: Llm | null,
  selection: Selection,
  { scorer = 'simulation', made = false }: RunSettings = {},
): AsyncGenerator<StudyEvent> {
  // A wrong hook or explainer is said before the corpus is tokenized, which can take long.
  hookWidth(study, study.model())
  checkExplainer(study, llm)
  yield* tokenize(study)
  if (made) yield { type: 'stage-skip', stage: 'train', note: currentSet(study).id }
  else yield* train(study)
  yield* collect(study)
  yield* sample(study)
  // What is selected is settled before: afterwards nothing selected is unexplained any more.
  const features = new Set(planExplanations(study, llm, selection).selected)
  yield* explain(study, llm, { kind: 'features', features })
  yield* score(study, llm, { kind: 'features', features }, scorer)
}
