import { train as trainStudy } from '../../pipeline/train.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss train`: a sparse autoencoder on a hook's activations, or one of its baselines. */
export const train: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('train')
    .description("train a sparse autoencoder on a hook's activations, or make a baseline")
    .addHelpText(
      'after',
      `
Baselines for a whole study (--kind): neurons, the hook's own units, on their
positive side; random, random unit directions with thresholds, as many and as
dense as the study's features; shuffled, a sparse autoencoder on the model with
its weights shuffled within each tensor. gloss run --kind does all stages.

Examples:
  gloss train --architecture topk --features 4096 --k 32 --train-tokens 1M
  gloss train --kind neurons`,
    )
  withOptions(withCommonOptions(command), 'model', 'kind', 'train', 'seed').action(
    async (options: StudyOptions) => {
      const terminal = terminalFor(options, surroundings)
      const { id, folder, metrics } = await withStudy(options, surroundings, (study) =>
        follow(terminal, ['train'], options.log, trainStudy(study)),
      )
      if (options.json) terminal.printJson({ set: id, folder, ...metrics })
    },
  )
}
