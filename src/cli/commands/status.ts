import { currentSet } from '../../pipeline/feature-set.ts'
import { status as statusOf } from '../../pipeline/status.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type CommonOptions, withCommonOptions } from '../options.ts'
import { stageLines, summaryLines } from '../summary.ts'
import { findWorkspace, openWorkspaceStore } from '../workspace.ts'

/** `gloss status`: the study in numbers. */
export const status: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('status')
    .description('the study in numbers: scores, controls, coverage, time')
    .addHelpText('after', '\nExample:\n  gloss status --json | jq .score.median')
  command.option('--mixed', 'count scores of all tiers together')
  withCommonOptions(command).action((options: CommonOptions & { readonly mixed?: boolean }) => {
    const terminal = terminalFor(options, surroundings)
    const workspace = findWorkspace(options, surroundings.folder)
    const store = openWorkspaceStore(workspace, false)
    try {
      const found = statusOf(store, currentSet({ store, folder: workspace }), options.mixed)
      if (options.json) terminal.printJson(found)
      else
        terminal.print(
          ...summaryLines(found, terminal.columns, terminal.style),
          '',
          ...stageLines(found, terminal.columns, terminal.style),
        )
    } finally {
      store.close()
    }
  })
}
