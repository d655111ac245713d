import { UsageError } from '../../core/errors.ts'
import { featurePage } from '../../pipeline/feature-page.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { findSet } from '../../pipeline/sets.ts'
import { featureTable } from '../../pipeline/feature-table.ts'
import { scorePage } from '../../pipeline/score-page.ts'
import { featurePageLines } from '../../tui/feature-page.ts'
import { featureTableLines } from '../../tui/feature-table.ts'
import { scorePageLines } from '../../tui/score-page.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { pastTools } from '../llm.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { findProtocol } from '../protocols.ts'
import type { Surroundings, Terminal } from '../terminal.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

interface ShowOptions extends StudyOptions {
  readonly score?: string
}

/** `gloss show [FEATURE]`: one feature's page, or the table of all. */
export const show: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('show')
    .argument('[feature]', 'the feature; without one, the table of all features, best score first')
    .description("one feature's page: explanations, scores, histogram, logits, examples")
    .addHelpText(
      'after',
      '\nExamples:\n  gloss show 2937\n  gloss show | less\n  gloss show 2937 --score 0a1b2c3d4e5f6071',
    )
  command.option('--score <id>', 'all that one score was made of: to compute it again by hand')
  withOptions(withCommonOptions(command), 'set').action(
    async (feature: string | undefined, options: ShowOptions) => {
      const terminal = terminalFor(options, surroundings)
      if (options.score !== undefined) return showScore(terminal, surroundings, feature, options)
      const workspace = findWorkspace(options, surroundings.folder)
      const config = readConfig(workspace, options)
      const store = openWorkspaceStore(workspace, false)
      try {
        const set =
          options.set === undefined ? currentSet({ store, folder: workspace }) : findSet(store, options.set)
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
    },
  )
}

/** @throws {UsageError} `feature-missing`, `score-unknown` */
async function showScore(
  terminal: Terminal,
  surroundings: Surroundings,
  feature: string | undefined,
  options: ShowOptions,
): Promise<void> {
  if (feature === undefined)
    throw new UsageError(
      'feature-missing',
      'expected a feature with --score, found none; name the one it is of',
    )
  const page = await withStudy(
    options,
    surroundings,
    (study) => scorePage(study, pastTools(study), parseFeature(feature), options.score!),
    'read',
  )
  if (options.json) terminal.printJson(page)
  else terminal.print(...scorePageLines(page, terminal.columns, terminal.style))
}

function parseFeature(text: string): number {
  if (!/^\d+$/.test(text))
    throw new UsageError(
      'feature-malformed',
      `expected the number of a feature, found ${JSON.stringify(text)}`,
    )
  return Number(text)
}
