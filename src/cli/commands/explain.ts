import { estimateExplaining } from '../../pipeline/estimate.ts'
import { explain as explainStudy } from '../../pipeline/explain.ts'
import { type CommandDefinition, countsJson, selectionOf, terminalFor, withStudy } from '../command.ts'
import { withLlm } from '../llm.ts'
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
      `
Several explainers' texts of a feature stay side by side; status and show are
about the last. best asks for several explanations and keeps the one that
predicts the choose examples best; revise shows an explanation what it predicts
worst. Both need a protocol with choose examples.

Examples:
  gloss explain --only 7,12 --llm http://localhost:11434/v1 --llm-model qwen3
  gloss explain --explainer best --protocol monosemanticity-choose --only 7
  gloss explain --explain-prompt mine.yaml --only random:50
  gloss explain --explainer bigram`,
    )
  withOptions(
    withCommonOptions(command),
    'set',
    'sample',
    'explainer',
    'llm',
    'money',
    'batch',
    'only',
    'seed',
  ).action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    await withStudy(options, surroundings, (opened) =>
      withLlm(options, opened, surroundings, async (llm, study) => {
        if (options.dryRun)
          return dryRun(terminal, options, llm, async (asked) => [
            await estimateExplaining(study, asked, selectionOf(options)),
          ])
        await follow(terminal, ['explain'], options.log, explainStudy(study, llm, selectionOf(options)))
        if (options.json) terminal.printJson(countsJson(study))
      }),
    )
  })
}
