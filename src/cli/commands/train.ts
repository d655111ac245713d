import { train as trainStudy } from '../../pipeline/train.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss train`: a sparse autoencoder on a hook's activations. */
export const train: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('train')
    .description("train a sparse autoencoder on a hook's activations")
    .addHelpText(
      'after',
      '\nExample:\n  gloss train --architecture topk --features 4096 --k 32 --train-tokens 1M',
    )
  withOptions(withCommonOptions(command), 'model', 'train', 'seed').action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    const { id, folder, metrics } = await withStudy(options, surroundings, (study) =>
      follow(terminal, ['train'], options.log, trainStudy(study)),
    )
    if (options.json) terminal.printJson({ set: id, folder, ...metrics })
  })
}
