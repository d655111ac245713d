import type { DictionaryWorkshop } from '../core/dictionary.ts'
import { alignedPairs } from './aligned-pairs.ts'
import { NeuronDictionary, NEURONS, saveNeurons } from './neuron-dictionary.ts'
import { saveRandomDirections } from './random-directions.ts'
import { SaeDictionary } from './sae-dictionary.ts'
import { loadSaeLens, readArchitecture } from './saelens-format.ts'
import { SaeTrainer } from './trainer.ts'

/** Trains sparse autoencoders on the CPU, makes the baselines beside them, and loads both. */
export const saeWorkshop: DictionaryWorkshop = {
  startTraining: (options, sample) => SaeTrainer.start(options, sample),
  resumeTraining: (options, path) => SaeTrainer.resume(options, path),
  saveNeurons,
  saveRandomDirections,
  alignedPairs,
  load: async (folder) => {
    const { architecture: kind, dIn } = readArchitecture(folder)
    if (kind === NEURONS) return new NeuronDictionary(dIn)
    const { architecture, weights } = loadSaeLens(folder)
    return new SaeDictionary(architecture, weights)
  },
}
