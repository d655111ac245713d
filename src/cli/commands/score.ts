import { estimateScoring } from '../../pipeline/estimate.ts'
import { score as scoreStudy } from '../../pipeline/score.ts'
import {
  type CommandDefinition,
  countsJson,
  refuseDryPrecision,
  selectionOf,
  terminalFor,
  withLlm,
  withStudy,
} from '../command.ts'
import { dryRun } from '../dry-run.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

/** `gloss score`: how well explanations predict held-out activations. */
export const score: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('score')
    .description('score explanations by how well they predict the activations of held-out examples')
    .addHelpText(
      'after',
      `
Examples:
  gloss score --only 7,12 --llm http://localhost:11434/v1 --llm-model qwen3
  gloss score --only random:200 --precision 0.1`,
    )
  withOptions(
    withCommonOptions(command),
    'sample',
    'llm',
    'money',
    'batch',
    'tier',
    'scorer',
    'precision',
    'only',
    'seed',
  ).action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    await withStudy(options, surroundings, (study) =>
      withLlm(options, study, surroundings, async (llm) => {
        if (options.dryRun) {
          refuseDryPrecision(options)
          return dryRun(terminal, options, llm, async (asked) => [
            await estimateScoring(study, asked, selectionOf(options), false, options.scorer),
          ])
        }
        const { adaptive } = await follow(
          terminal,
          ['score'],
          options.log,
          scoreStudy(study, llm, selectionOf(options), options.scorer),
        )
        if (options.json) terminal.printJson({ ...countsJson(study), ...(adaptive ? { adaptive } : {}) })
      }),
    )
  })
}
