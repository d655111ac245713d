import { UsageError } from '../../core/errors.ts'
import { STAGES } from '../../core/stages.ts'
import { estimateExplaining, estimateScoring } from '../../pipeline/estimate.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { run as runStudy } from '../../pipeline/run.ts'
import { status } from '../../pipeline/status.ts'
import {
  type CommandDefinition,
  countsJson,
  refuseDryPrecision,
  selectionOf,
  terminalFor,
  withStudy,
} from '../command.ts'
import { withLlm } from '../llm.ts'
import { dryRun } from '../dry-run.ts'
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
  gloss run --kind neurons
  gloss run --only random:200 --llm http://localhost:11434/v1 --llm-model qwen3
  gloss run --dry-run --llm https://api.openai.com/v1 --llm-model gpt-5-mini
  gloss run --max-cost 5 --llm https://api.openai.com/v1 --llm-model gpt-5-mini`,
    )
  withOptions(
    withCommonOptions(command),
    'model',
    'kind',
    'set',
    'corpus',
    'tokenize',
    'train',
    'sample',
    'explainer',
    'llm',
    'money',
    'batch',
    'tier',
    'scorer',
    'precision',
    'isolate',
    'only',
    'seed',
  ).action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    if (options.set !== undefined && options.kind !== undefined)
      throw new UsageError(
        'set-and-kind',
        'expected --set or --kind, found both; --set works on a feature set that is there, --kind makes one',
      )
    await withStudy(options, surroundings, (opened) =>
      withLlm(options, opened, surroundings, async (llm, study) => {
        const selection = selectionOf(options)
        if (options.dryRun) {
          refuseDryPrecision(options)
          return dryRun(terminal, options, llm, async (asked) => [
            await estimateExplaining(study, asked, selection),
            await estimateScoring(study, asked, selection, true, options.scorer),
          ])
        }
        await follow(
          terminal,
          STAGES,
          options.log,
          runStudy(study, llm, selection, { scorer: options.scorer, made: options.set !== undefined }),
        )
        if (options.json) terminal.printJson(countsJson(study))
        else
          terminal.print(
            '',
            ...summaryLines(status(study.store, currentSet(study)), terminal.columns, terminal.style),
          )
      }),
    )
  })
}
