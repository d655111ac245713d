import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type DelphiShard, delphiConfigSchema, delphiShardRange, readDelphiShard } from '../import/delphi.ts'
import type { ImportedFeature, ImportedFile } from '../import/imported.ts'
import { readNeuronpedia } from '../import/neuronpedia.ts'
import { readNeuronRecord } from '../import/neuron-record.ts'
import { readDashboardBatch } from '../import/sae-dashboard.ts'
import { DataError, UsageError } from '../core/errors.ts'
import { readBytes, readText } from '../core/files.ts'
import { sha256OfFiles } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import { SafetensorsFile } from '../core/safetensors.ts'
import type { Tokenizer } from '../core/subject-model.ts'
import type { ImportSource } from './import-prepare.ts'
import { ownTablesFolder } from './own-table-files.ts'

/** Formats that can be imported. */
export const IMPORT_FORMATS = ['gloss', 'neuronpedia', 'sae-dashboard', 'neuron-record', 'delphi'] as const
/** One of {@link IMPORT_FORMATS}. */
export type ImportFormat = (typeof IMPORT_FORMATS)[number]
/** Formats of other tools. */
export type ForeignFormat = Exclude<ImportFormat, 'gloss'>

/** Files of a folder and those below it, in order; or the one file. */
function filesOf(path: string): string[] {
  if (!existsSync(path))
    throw new UsageError('file-missing', `expected files to import at ${path}, found nothing; check the path`)
  if (!statSync(path).isDirectory()) return [path]
  const order = new Intl.Collator('en', { numeric: true })
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted((a, b) => order.compare(a, b) || (a < b ? -1 : 1))
}

const BATCH = /^batch-\d+\.json$/
const NEURON = /^\d+\.json$/
const LINES = /^batch-\d+\.jsonl(?:\.gz)?$/

/** What kind of files these are, by their names. @throws {UsageError} `import-format-unknown` */
export function detectFormat(path: string): ImportFormat {
  const names = filesOf(path).map((file) => basename(file))
  if (ownTablesFolder(path) !== null) return 'gloss'
  if (names.some((name) => delphiShardRange(name))) return 'delphi'
  if (names.some((name) => LINES.test(name))) return 'neuronpedia'
  if (names.some((name) => BATCH.test(name))) return 'sae-dashboard'
  if (names.some((name) => NEURON.test(name))) return 'neuron-record'
  throw new UsageError(
    'import-format-unknown',
    `expected manifest.json with tables (gloss), batch-N.json (sae-dashboard), features/batch-N.jsonl.gz (neuronpedia), N.json (neuron-record) or FIRST_LAST.safetensors (delphi) in ${path}, found none; name the format with --format if the files have other names`,
  )
}

/**
 * Reads other tools' files.
 * @param openTokenizer reads the tokenizer.json of a folder; a delphi cache holds token ids alone
 * @throws {DataError | UsageError}
 */
export function readImport(
  path: string,
  format: ForeignFormat,
  tokenizerFolder: string | null,
  openTokenizer: (folder: string) => Tokenizer,
): ImportSource {
  switch (format) {
    case 'delphi':
      return readCache(path, tokenizerFolder, openTokenizer)
    case 'neuronpedia':
      return readSource(path)
    case 'sae-dashboard':
    case 'neuron-record': {
      const isData = (file: string): boolean =>
        !/^(?:skipped_indexes|run_settings|expected)\.json$/.test(basename(file))
      const wanted = format === 'sae-dashboard' ? BATCH : NEURON
      const all = filesOf(path).filter((file) => file.endsWith('.json') && isData(file))
      const named = all.filter((file) => wanted.test(basename(file)))
      const files = named.length > 0 ? named : all
      const read = format === 'sae-dashboard' ? readDashboardBatch : readNeuronRecord
      return {
        kind: 'records',
        file: joined(
          files.map((file) => read(readText(file, 'features to import'), file)),
          path,
        ),
        hash: sha256OfFiles(files),
      }
    }
    default:
      return format satisfies never
  }
}

/** The features of several files as one set. @throws {DataError} `import-mixed`, `import-empty` */
function joined(files: readonly ImportedFile[], path: string): ImportedFile {
  const [first] = files
  if (!first)
    throw new DataError('import-empty', `expected files to import in ${path}, found none; name others`)
  const other = files.find(({ model, hook }) => model !== first.model || hook !== first.hook)
  if (other)
    throw new DataError(
      'import-mixed',
      `expected the features of one place in one model in ${path}, found ${first.model} ${first.hook} and ${other.model} ${other.hook}; import the folders one by one`,
    )
  const features = new Map<number, ImportedFeature>()
  for (const feature of files.flatMap((file) => file.features)) {
    if (features.has(feature.index))
      throw new DataError(
        'import-mixed',
        `expected every feature once in ${path}, found feature ${feature.index} twice; import the folders one by one`,
      )
    features.set(feature.index, feature)
  }
  return { ...first, features: [...features.values()] }
}

function readSource(path: string): ImportSource {
  const files = filesOf(path).filter((file) => LINES.test(basename(file)))
  const of = (folder: string): string[] => files.filter((file) => basename(dirname(file)) === folder)
  if (of('features').length === 0)
    throw new DataError(
      'import-empty',
      `expected features/batch-N.jsonl.gz in ${path}, found none; name the folder of one source`,
    )
  const sources = new Set(of('features').map((file) => dirname(dirname(file))))
  if (sources.size > 1)
    throw new DataError(
      'import-mixed',
      `expected one source in ${path}, found ${[...sources].map((folder) => basename(folder)).join(', ')}; name the folder of one of them`,
    )
  return {
    kind: 'records',
    file: readNeuronpedia(
      {
        features: linesOf(of('features')),
        activations: linesOf(of('activations')),
        explanations: linesOf(of('explanations')),
      },
      path,
    ),
    hash: sha256OfFiles(files),
  }
}

function* linesOf(files: readonly string[]): Generator<string> {
  for (const file of files) {
    const bytes = readBytes(file, 'features to import')
    let text: string
    try {
      text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
    } catch (error) {
      throw new DataError('gzip-malformed', `${file} is no whole gzip file; copy or download it again`, {
        cause: error,
      })
    }
    yield* text.split('\n').filter((line) => line.trim() !== '')
  }
}

function readCache(
  path: string,
  tokenizerFolder: string | null,
  openTokenizer: (folder: string) => Tokenizer,
): ImportSource {
  const files = filesOf(path).filter((file) => delphiShardRange(basename(file)))
  const folders = new Set(files.map((file) => dirname(file)))
  const [folder] = folders
  if (folder === undefined || folders.size > 1)
    throw new DataError(
      folder === undefined ? 'import-empty' : 'import-mixed',
      `expected the shards of one hook point in ${path}, found ${[...folders].map((one) => basename(one)).join(', ') || 'none'}; name the folder of one of them`,
    )
  const configPath = join(folder, 'config.json')
  const config = parseJson(readText(configPath, "the cache's configuration"), delphiConfigSchema, configPath)
  const ranges = files.map((file) => delphiShardRange(basename(file))!)
  const at =
    tokenizerFolder ?? [folder, dirname(folder)].find((one) => existsSync(join(one, 'tokenizer.json')))
  if (at === undefined)
    throw new UsageError(
      'tokenizer-missing',
      `expected the tokenizer.json of the model beside the cache in ${folder}, found none; delphi saves token ids alone, so name its folder with --tokenizer`,
    )
  const tokenizer = openTokenizer(at)
  return {
    kind: 'cache',
    origin: { model: config.model_name, hook: basename(folder) },
    shards: files.map((file, place): DelphiShard => {
      const opened = new SafetensorsFile(file)
      try {
        const tensors = {
          locations: opened.read('locations'),
          activations: opened.read('activations'),
          tokens: opened.read('tokens'),
        }
        return readDelphiShard(tensors, ranges[place]!, file)
      } finally {
        opened.close()
      }
    }),
    vocabulary: Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.tokenBytes(id)),
    features: Math.max(...ranges.map(([, last]) => last)) + 1,
    hash: sha256OfFiles([...files, join(at, 'tokenizer.json')]),
  }
}
