import { estimateExplaining } from '../../pipeline/estimate.ts'
import { explain as explainStudy } from '../../pipeline/explain.ts'
import {
  type CommandDefinition,
  countsJson,
  selectionOf,
  terminalFor,
  withLlm,
  withStudy,
} from '../command.ts'
import { dryRun } from '../dry-run.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss explain`: an explanation of every selected feature. */
export const explain: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('explain')
    .description('explain features: with an LLM, or without one by the token-table baseline')
    .addHelpText(
      'after',
      '\nExample:\n  gloss explain --only 7,12 --llm http://localhost:11434/v1 --llm-model qwen3',
    )
  withOptions(withCommonOptions(command), 'sample', 'llm', 'money', 'batch', 'only', 'seed').action(
    async (options: StudyOptions) => {
      const terminal = terminalFor(options, surroundings)
      await withStudy(options, surroundings, (study) =>
        withLlm(options, study, surroundings, async (llm) => {
          if (options.dryRun)
            return dryRun(terminal, options, llm, async (asked) => [
              estimateExplaining(study, asked, selectionOf(options)),
            ])
          await follow(terminal, ['explain'], options.log, explainStudy(study, llm, selectionOf(options)))
          if (options.json) terminal.printJson(countsJson(study))
        }),
      )
    },
  )
}
