import type { DictionaryWorkshop } from '../core/dictionary.ts'
import { SaeDictionary } from './sae-dictionary.ts'
import { loadSaeLens } from './saelens-format.ts'
import { SaeTrainer } from './trainer.ts'

/** Trains sparse autoencoders on the CPU and loads them from SAELens' layout. */
export const saeWorkshop: DictionaryWorkshop = {
  startTraining: (options, sample) => SaeTrainer.start(options, sample),
  resumeTraining: (options, path) => SaeTrainer.resume(options, path),
  load: async (folder) => {
    const { architecture, weights } = loadSaeLens(folder)
    return new SaeDictionary(architecture, weights)
  },
}
