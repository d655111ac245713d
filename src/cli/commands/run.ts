import { STAGES } from '../../core/events.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { run as runStudy } from '../../pipeline/run.ts'
import { status } from '../../pipeline/status.ts'
import {
  type CommandDefinition,
  countsJson,
  openLlm,
  selectionOf,
  terminalFor,
  withStudy,
} from '../command.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { summaryLines } from '../summary.ts'

/** `gloss run`: every stage that lacks output. */
export const run: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('run')
    .description('every stage that lacks output: tokenize, train, collect, sample, explain, score')
    .addHelpText(
      'after',
      `
A run that was stopped or killed goes on where it was when the same command is
given again.

Examples:
  gloss run
  gloss run --only random:200 --llm http://localhost:11434/v1 --llm-model qwen3`,
    )
  withOptions(
    withCommonOptions(command),
    'model',
    'corpus',
    'tokenize',
    'train',
    'sample',
    'llm',
    'only',
    'seed',
  ).action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    await withStudy(options, surroundings, async (study) => {
      const llm = openLlm(options, study, surroundings)
      await follow(terminal, STAGES, options.log, runStudy(study, llm, selectionOf(options)))
      if (options.json) terminal.printJson(countsJson(study))
      else
        terminal.print(
          '',
          ...summaryLines(status(study.store, currentSet(study)), terminal.columns, terminal.style),
        )
    })
  })
}
