import { Option } from 'commander'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { basename } from 'node:path'
import { ByteLevelTokenizer } from '../../model/tokenizer.ts'
import { detectFormat, IMPORT_FORMATS, type ImportFormat, readImport } from '../../pipeline/import-files.ts'
import { importSet } from '../../pipeline/import-set.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { CONFIG_FILE, openWorkspaceStore, writeConfig } from '../workspace.ts'

interface ImportOptions extends StudyOptions {
  readonly format?: ImportFormat
  readonly tokenizer?: string
}

/** What examples are drawn by where a store has no randomly chosen contexts. */
const RECORDS_PROTOCOL = 'imported'
const PROGRESS_MILLISECONDS = 5000

/** `gloss import PATH`: features that another tool computed. */
export const importCommand: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('import')
    .argument('<path>', 'the file or folder that another tool wrote')
    .description('a feature set with its examples from another tool, to explain, score and export')
    .addOption(
      new Option('--format <name>', "whose (default: told by the files' names)").choices(IMPORT_FORMATS),
    )
    .addOption(
      new Option(
        '--tokenizer <file>',
        "delphi: the model's tokenizer.json (default: the one beside the cache)",
      ),
    )
    .addHelpText(
      'after',
      `
Reads Neuronpedia's bulk export of a source, batch-N.json of sae-dashboard,
NeuronRecord files of OpenAI's package, and delphi's latent cache. A folder
that --workspace names and that holds no study yet becomes one.

Examples:
  gloss import gpt2-small/6-res-jb --workspace study
  gloss import latents/h.0 --tokenizer gpt2/tokenizer.json --workspace study
  gloss import neurons/ --format neuron-record`,
    )
  withOptions(withCommonOptions(command), 'sample', 'seed').action(
    async (path: string, options: ImportOptions) => {
      const terminal = terminalFor(options, surroundings)
      const from = resolve(surroundings.folder, path)
      const format = options.format ?? detectFormat(from)
      const tokenizer =
        options.tokenizer === undefined
          ? null
          : tokenizerFolder(resolve(surroundings.folder, options.tokenizer))
      const source = readImport(from, format, tokenizer, (folder) => new ByteLevelTokenizer(folder))
      const protocol = options.protocol ?? (source.kind === 'records' ? RECORDS_PROTOCOL : undefined)
      const { model, hook } = source.kind === 'records' ? source.file : source.origin
      if (options.workspace !== undefined) {
        const folder = resolve(surroundings.folder, options.workspace)
        if (!existsSync(join(folder, CONFIG_FILE))) {
          mkdirSync(folder, { recursive: true })
          writeConfig(folder, {
            model,
            hook,
            ...(options.seed === undefined ? {} : { seed: options.seed }),
            ...(protocol === undefined ? {} : { protocol }),
          })
          openWorkspaceStore(folder, true).close()
        }
      }
      const asked = protocol === undefined ? options : { ...options, protocol }
      const counts = await withStudy(asked, surroundings, async (study) => {
        let saidAt = performance.now()
        const events = importSet(study, source)
        for (;;) {
          const next = await events.next()
          if (next.done) return next.value
          if (performance.now() - saidAt < PROGRESS_MILLISECONDS) continue
          terminal.say(`import: ${next.value.done} of ${next.value.total} features`)
          saidAt = performance.now()
        }
      })
      if (options.json) terminal.printJson(counts)
      else
        terminal.print(
          escapeForTerminal(`${counts.set}   ${format}   ${model} ${hook}`),
          `${counts.features} features: ${counts.alive} with examples, ${counts.tooRare} too rare, ${counts.dead} dead; ${counts.explanations} explanations`,
          `next: gloss explain --protocol ${counts.protocol}, then gloss score --protocol ${counts.protocol}`,
        )
    },
  )
}

/** The folder of a tokenizer.json, named itself or by its folder. */
function tokenizerFolder(path: string): string {
  return basename(path) === 'tokenizer.json' ? dirname(path) : path
}
