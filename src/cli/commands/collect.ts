import { collect as collectStudy } from '../../pipeline/collect.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss collect`: the corpus through model and feature set. */
export const collect: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('collect')
    .description('run the corpus through model and feature set once: sparse activations and statistics')
    .addHelpText('after', '\nExample:\n  gloss collect')
  withOptions(withCommonOptions(command), 'set').action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    const { provenanceId: _, ...record } = await withStudy(options, surroundings, (study) =>
      follow(terminal, ['collect'], options.log, collectStudy(study)),
    )
    if (options.json) terminal.printJson(record)
  })
}
