import { sample as sampleStudy } from '../../pipeline/sample.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss sample`: examples to explain and to score. */
export const sample: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('sample')
    .description("draw each feature's examples, to explain and to score, from different documents")
    .addHelpText('after', '\nExample:\n  gloss sample --protocol monosemanticity')
  withOptions(withCommonOptions(command), 'set', 'sample', 'seed').action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    const counts = await withStudy(options, surroundings, (study) =>
      follow(terminal, ['sample'], options.log, sampleStudy(study)),
    )
    if (options.json) terminal.printJson(counts)
  })
}
