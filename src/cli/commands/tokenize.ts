import { tokenize as tokenizeStudy } from '../../pipeline/tokenize.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss tokenize`: documents to token shards. */
export const tokenize: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('tokenize')
    .description("turn the corpus into shards of the model's tokens")
    .addHelpText('after', '\nExample:\n  gloss tokenize --corpus texts/ notes.jsonl --max-tokens 10M')
  withOptions(withCommonOptions(command), 'corpus', 'tokenize').action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    const { tokens, documents, registers, hash } = await withStudy(options, surroundings, (study) =>
      follow(terminal, ['tokenize'], options.log, tokenizeStudy(study)),
    )
    if (options.json) terminal.printJson({ tokens, documents, registers, hash })
  })
}
