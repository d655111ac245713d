import { UsageError } from '../../core/errors.ts'
import { featurePage } from '../../pipeline/feature-page.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { featureTable } from '../../pipeline/feature-table.ts'
import { PageDetailSource } from '../../pipeline/page-details.ts'
import { scorePage } from '../../pipeline/score-page.ts'
import type { Study } from '../../pipeline/study.ts'
import { openDecoder } from '../../sae/decoder-file.ts'
import { featurePageLines } from '../../tui/feature-page.ts'
import { featureTableLines } from '../../tui/feature-table.ts'
import { scorePageLines } from '../../tui/score-page.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { pastTools } from '../llm.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { findProtocol } from '../protocols.ts'
import type { Surroundings, Terminal } from '../terminal.ts'

interface ShowOptions extends StudyOptions {
  readonly score?: string
}

/** `gloss show [FEATURE]`: one feature's page, or the table of all. */
export const show: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('show')
    .argument('[feature]', 'the feature; without one, the table of all features, best score first')
    .description("one feature's page: explanations, scores, simulation, neighbours, examples")
    .addHelpText(
      'after',
      '\nExamples:\n  gloss show 2937\n  gloss show | less\n  gloss show 2937 --score 0a1b2c3d4e5f6071',
    )
  command.option('--score <id>', 'all that one score was made of: to compute it again by hand')
  withOptions(withCommonOptions(command), 'set').action(
    async (feature: string | undefined, options: ShowOptions) => {
      const terminal = terminalFor(options, surroundings)
      if (options.score !== undefined) return showScore(terminal, surroundings, feature, options)
      await withStudy(
        options,
        surroundings,
        (study) =>
          feature === undefined
            ? showTable(terminal, study, options)
            : showPage(terminal, study, parseFeature(feature), options),
        'read',
      )
    },
  )
}

async function showTable(terminal: Terminal, study: Study, { json }: ShowOptions): Promise<void> {
  const rows = featureTable(study.store, currentSet(study))
  if (json) terminal.printJson(rows)
  else terminal.print(featureTableLines(rows, terminal.columns, terminal.style).join('\n'))
}

/** @throws {UsageError} `feature-unknown` */
async function showPage(
  terminal: Terminal,
  study: Study,
  feature: number,
  { json }: ShowOptions,
): Promise<void> {
  const { store, folder, config } = study
  const set = currentSet(study)
  // What was last worked with, which a flag may have named.
  const protocol = findProtocol(store.study.get('protocol') ?? config.protocol, folder, folder)
  const page = featurePage(store, set, protocol, feature)
  const details = await new PageDetailSource(study, set, pastTools(study), openDecoder).of(feature)
  if (json) terminal.printJson({ ...page, ...details })
  else {
    const extras = { details, chosen: null, terse: false }
    terminal.print(...featurePageLines(page, protocol.scale, terminal.columns, terminal.style, extras))
  }
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
