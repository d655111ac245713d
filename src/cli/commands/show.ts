import { UsageError } from '../../core/errors.ts'
import { featurePage } from '../../pipeline/feature-page.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { featureTable } from '../../pipeline/feature-table.ts'
import { featurePageLines } from '../../tui/feature-page.ts'
import { featureTableLines } from '../../tui/feature-table.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type CommonOptions, withCommonOptions } from '../options.ts'
import { findProtocol } from '../protocols.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

/** `gloss show [FEATURE]`: one feature's page, or the table of all. */
export const show: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('show')
    .argument('[feature]', 'the feature; without one, the table of all features, best score first')
    .description("one feature's page: explanations, scores, histogram, logits, examples")
    .addHelpText('after', '\nExamples:\n  gloss show 2937\n  gloss show | less')
  withCommonOptions(command).action((feature: string | undefined, options: CommonOptions) => {
    const terminal = terminalFor(options, surroundings)
    const workspace = findWorkspace(options, surroundings.folder)
    const config = readConfig(workspace, options)
    const store = openWorkspaceStore(workspace, false)
    try {
      const set = currentSet({ store, folder: workspace })
      if (feature === undefined) {
        const rows = featureTable(store, set)
        if (options.json) terminal.printJson(rows)
        else terminal.print(featureTableLines(rows, terminal.columns, terminal.style).join('\n'))
        return
      }
      // What was last worked with, which a flag may have named.
      const protocol = findProtocol(store.study.get('protocol') ?? config.protocol, workspace, workspace)
      const page = featurePage(store, set, protocol, parseFeature(feature))
      if (options.json) terminal.printJson(page)
      else terminal.print(...featurePageLines(page, protocol.scale, terminal.columns, terminal.style))
    } finally {
      store.close()
    }
  })
}

function parseFeature(text: string): number {
  if (!/^\d+$/.test(text))
    throw new UsageError(
      'feature-malformed',
      `expected the number of a feature, found ${JSON.stringify(text)}`,
    )
  return Number(text)
}
