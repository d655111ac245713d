import type { ScorerName } from '../core/scores.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import type { Scorer } from './scorer.ts'
import { llmSimulator, tableSimulator } from './simulate.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** The scorer of a name, asking an LLM where there is one, else the token table. */
export function makeScorer(name: ScorerName, study: Study, set: FeatureSetRecord, llm: Llm | null): Scorer {
  switch (name) {
    case 'simulation':
      return new SimulationScorer(
        study,
        set,
        llm,
        llm
          ? llmSimulator(llm, study.protocol.scale, study.config.seed, tokenTexts(study, set))
          : tableSimulator,
      )
    default:
      return name satisfies never
  }
}
