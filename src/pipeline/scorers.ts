import { Bootstrap } from '../autointerp/bootstrap.ts'
import type { ScorerName } from '../core/scores.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { AdaptiveSimulator } from './adaptive.ts'
import { isolateSimulator } from './isolate.ts'
import { QuestionScorer } from './question-scorer.ts'
import type { Scorer, ScorerParts, Isolation } from './scorer.ts'
import { llmSimulator, type Simulator, tableSimulator } from './simulate.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

function makeSimulator(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm | null,
  isolation: Isolation | null,
): Simulator {
  const { scale } = study.protocol
  const { seed } = study.config
  const simulator =
    llm === null
      ? tableSimulator
      : isolation
        ? isolateSimulator(llm, scale, seed, tokenTexts(study, set), isolation)
        : llmSimulator(llm, scale, seed, tokenTexts(study, set))
  return study.precision == null ? simulator : new AdaptiveSimulator(study, set, simulator, study.precision)
}

/** The scorer of a name, asking an LLM where there is one, else the token table. */
export function makeScorer(
  name: ScorerName,
  study: Study,
  set: FeatureSetRecord,
  llm: Llm | null,
  { bootstrap = new Bootstrap(study.config.seed), isolation = null }: ScorerParts = {},
): Scorer {
  switch (name) {
    case 'simulation':
      return new SimulationScorer(study, set, llm, makeSimulator(study, set, llm, isolation), {
        bootstrap,
        isolation,
      })
    default:
      return new QuestionScorer(name, study, set, llm, bootstrap)
  }
}
