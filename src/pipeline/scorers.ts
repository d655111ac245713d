import { Bootstrap } from '../autointerp/bootstrap.ts'
import type { ScorerName } from '../core/scores.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { AdaptiveSimulator } from './adaptive.ts'
import { QuestionScorer } from './question-scorer.ts'
import type { Scorer } from './scorer.ts'
import { llmSimulator, type Simulator, tableSimulator } from './simulate.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

function makeSimulator(study: Study, set: FeatureSetRecord, llm: Llm | null): Simulator {
  const simulator = llm
    ? llmSimulator(llm, study.protocol.scale, study.config.seed, tokenTexts(study, set))
    : tableSimulator
  return study.precision == null ? simulator : new AdaptiveSimulator(study, set, simulator, study.precision)
}

/**
 * The scorer of a name, asking an LLM where there is one, else the token table.
 * @param bootstrap what intervals are taken from
 */
export function makeScorer(
  name: ScorerName,
  study: Study,
  set: FeatureSetRecord,
  llm: Llm | null,
  bootstrap: Bootstrap = new Bootstrap(study.config.seed),
): Scorer {
  switch (name) {
    case 'simulation':
      return new SimulationScorer(study, set, llm, makeSimulator(study, set, llm), bootstrap)
    default:
      return new QuestionScorer(name, study, set, llm, bootstrap)
  }
}
