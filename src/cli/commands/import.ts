import { Option } from 'commander'
import { existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { ByteLevelTokenizer } from '../../model/tokenizer.ts'
import {
  detectFormat,
  type ForeignFormat,
  IMPORT_FORMATS,
  type ImportFormat,
  readImport,
} from '../../pipeline/import-files.ts'
import { type ImportCounts, importSet } from '../../pipeline/import-set.ts'
import { importTables } from '../../pipeline/import-tables.ts'
import { openOwnTables } from '../../pipeline/own-table-files.ts'
import type { Study } from '../../pipeline/study.ts'
import { bundledProtocolNames } from '../assets.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import type { Surroundings, Terminal } from '../terminal.ts'
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
Reads what gloss export wrote (jsonl or parquet with --tables all, huggingface,
neuronpedia, sae-dashboard), Neuronpedia's bulk export of a source, batch-N.json
of sae-dashboard, NeuronRecord files of OpenAI's package, and delphi's latent
cache. A folder that --workspace names and that holds no study yet becomes one.

Examples:
  gloss import gpt2-small/6-res-jb --workspace study
  gloss import their-dataset/ --workspace study
  gloss import latents/h.0 --tokenizer gpt2/tokenizer.json --workspace study
  gloss import neurons/ --format neuron-record`,
    )
  withOptions(withCommonOptions(command), 'sample', 'seed').action(
    async (path: string, options: ImportOptions) => {
      const terminal = terminalFor(options, surroundings)
      const from = resolve(surroundings.folder, path)
      const format = options.format ?? detectFormat(from)
      const told = teller(terminal)
      const counts =
        format === 'gloss'
          ? await importOwn(from, options, surroundings, told)
          : await importForeign(from, format, options, surroundings, told)
      if (options.json) terminal.printJson(counts)
      else
        terminal.print(
          ...counts.sets.map((set) => escapeForTerminal(`${set}   ${format}   ${counts.origin}`)),
          `${counts.features} features: ${counts.alive} with examples, ${counts.tooRare} too rare, ${counts.dead} dead; ${counts.explanations} explanations, ${counts.scores} scores`,
          ...counts.explainers.map((name) =>
            escapeForTerminal(
              `to score its explanations: gloss score --explainer ${name} --protocol ${counts.protocol}`,
            ),
          ),
          `next: gloss explain --protocol ${counts.protocol}, then gloss score --protocol ${counts.protocol}`,
        )
    },
  )
}

/** What came in, and what it is of. */
interface Imported extends ImportCounts {
  readonly origin: string
}
type Told = <Result>(events: AsyncGenerator<string, Result>) => Promise<Result>

/** Tables that gloss wrote: they name their model, seed and protocol. @throws {UsageError} `protocol-imported` */
async function importOwn(
  from: string,
  options: ImportOptions,
  surroundings: Surroundings,
  told: Told,
): Promise<Imported> {
  if (options.protocol !== undefined)
    throw new UsageError(
      'protocol-imported',
      `expected tables of gloss without --protocol, found ${options.protocol}; their examples come with the protocols that drew them`,
    )
  const tables = openOwnTables(from)
  const [set] = tables.manifest.sets
  const made = tables.manifest.provenance[set!.provenanceId]
  const model = made?.model ?? 'unknown'
  const [protocol] = Object.keys(set!.protocols)
  const known = protocol !== undefined && bundledProtocolNames().includes(protocol)
  makeStudy(options, surroundings, {
    model,
    hook: set!.hook,
    ...(made?.seed == null ? {} : { seed: made.seed }),
    ...(known ? { protocol } : {}),
  })
  async function* events(study: Study): AsyncGenerator<string, ImportCounts> {
    const stored = importTables(study, tables)
    for (;;) {
      const next = await stored.next()
      if (next.done) return next.value
      yield `${next.value.table} ${next.value.rows.toLocaleString('en')} rows`
    }
  }
  const counts = await withStudy(options, surroundings, (study) => told(events(study)))
  return { ...counts, origin: `${model} ${set!.hook}` }
}

/** Files of another tool. */
async function importForeign(
  from: string,
  format: ForeignFormat,
  options: ImportOptions,
  surroundings: Surroundings,
  told: Told,
): Promise<Imported> {
  const tokenizer =
    options.tokenizer === undefined ? null : tokenizerFolder(resolve(surroundings.folder, options.tokenizer))
  const source = readImport(from, format, tokenizer, (folder) => new ByteLevelTokenizer(folder))
  const protocol = options.protocol ?? (source.kind === 'records' ? RECORDS_PROTOCOL : undefined)
  const { model, hook } = source.kind === 'records' ? source.file : source.origin
  makeStudy(options, surroundings, { model, hook, ...(protocol === undefined ? {} : { protocol }) })
  async function* events(study: Study): AsyncGenerator<string, ImportCounts> {
    const stored = importSet(study, source)
    for (;;) {
      const next = await stored.next()
      if (next.done) return next.value
      yield `${next.value.done} of ${next.value.total} features`
    }
  }
  const asked = protocol === undefined ? options : { ...options, protocol }
  const counts = await withStudy(asked, surroundings, (study) => told(events(study)))
  return { ...counts, origin: `${model} ${hook}` }
}

/** Makes the folder that --workspace names a study, where it is none yet. */
function makeStudy(options: ImportOptions, { folder: current }: Surroundings, settings: object): void {
  if (options.workspace === undefined) return
  const folder = resolve(current, options.workspace)
  if (existsSync(join(folder, CONFIG_FILE))) return
  mkdirSync(folder, { recursive: true })
  writeConfig(folder, { ...settings, ...(options.seed === undefined ? {} : { seed: options.seed }) })
  openWorkspaceStore(folder, true).close()
}

/** Says now and then how far an import is. */
function teller(terminal: Terminal): Told {
  return async (events) => {
    let saidAt = performance.now()
    for (;;) {
      const next = await events.next()
      if (next.done) return next.value
      if (performance.now() - saidAt < PROGRESS_MILLISECONDS) continue
      terminal.say(`import: ${next.value}`)
      saidAt = performance.now()
    }
  }
}

/** The folder of a tokenizer.json, named itself or by its folder. */
function tokenizerFolder(path: string): string {
  return basename(path) === 'tokenizer.json' ? dirname(path) : path
}
