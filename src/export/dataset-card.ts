import { escapeForMarkdown } from '../core/escape-markdown.ts'
import type { Column } from './table.ts'
import type { TableName } from './tables.ts'

/** A feature set that a dataset has rows of. */
export interface DescribedSet {
  readonly set: string
  readonly kind: string
  readonly hook: string
  readonly features: number
  readonly model: string | null
}

/** A table of a dataset, in a folder of its own. */
export interface DescribedTable {
  readonly table: TableName
  /** Relative to the card. */
  readonly file: string
  readonly rows: number
  readonly columns: readonly Column[]
}

/** What each table has a row for. */
const ROWS: Readonly<Record<TableName, string>> = {
  features: 'a feature with its statistics',
  explanations: 'an explanation of a feature',
  scores: 'a feature, explanation and scorer: value, interval, controls, or why there is no value',
  human_scores:
    "a rater's answers to a scorer's questions about an explanation: value, interval, or why there is no value",
  ratings: 'an answer of a rater, or a total',
  examples: 'a stored window with its activations',
  rating_events: 'an event of a rating session',
  vocabulary: 'a token of the model with its bytes',
}

/** The hub's classes of size: up to so many rows. */
const SIZES: readonly (readonly [rows: number, name: string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
]

/**
 * The card of a Hugging Face dataset: the README.md whose front matter has a configuration for every table, then what
 * the tables and their columns are. A table without rows is described, and has no configuration: there is nothing to load.
 */
export function datasetCard(sets: readonly DescribedSet[], tables: readonly DescribedTable[]): string {
  const loadable = tables.filter(({ rows }) => rows > 0)
  const preferred = loadable.find(({ table }) => table === 'scores') ?? loadable[0]
  const most = loadable.reduce((sum, { rows }) => sum + rows, 0)
  return [
    '---',
    'pretty_name: Scored explanations of language model features',
    'license: unknown',
    'tags:',
    '  - interpretability',
    '  - sparse-autoencoder',
    '  - gloss',
    'size_categories:',
    `  - ${SIZES.find(([rows]) => most < rows)?.[1] ?? '1B<n<10B'}`,
    'configs:',
    ...loadable.flatMap(({ table, file }) => [
      `  - config_name: ${table}`,
      ...(table === preferred?.table ? ['    default: true'] : []),
      '    data_files:',
      '      - split: train',
      `        path: ${file.replace(/[^/]+$/, '*.parquet')}`,
    ]),
    '---',
    '',
    '# Scored explanations of language model features',
    '',
    'Short explanations of what features of a language model fire on, and their scores: how well an explanation alone',
    'predicts activations in texts that it was not made from. A score has a 95 % interval and stands beside what judges',
    'score that read no explanation. A score that could not be computed is null with a reason, never 0. Scores of',
    'different protocols or tiers do not compare. Names that begin with `imported:` are of explanations and scores that',
    'were made elsewhere and not computed again.',
    '',
    'Texts are from the corpus and from language models, as they are. Say what licence the corpus allows before you publish.',
    '',
    '```python',
    'from datasets import load_dataset',
    '',
    `${preferred?.table ?? 'scores'} = load_dataset("PATH", "${preferred?.table ?? 'scores'}", split="train")`,
    '```',
    '',
    '`gloss import PATH` makes a study of it. `manifest.json` has the hash of every file and what made the rows;',
    '`data-dictionary.json` has what follows, for programs.',
    '',
    '## Feature sets',
    '',
    ...lines(
      ['set', 'kind', 'features', 'model', 'hook'],
      sets.map((one) => [one.set, one.kind, String(one.features), one.model ?? 'unknown', one.hook]),
    ),
    '',
    '## Tables',
    '',
    ...lines(
      ['table', 'rows', 'a row is'],
      tables.map((one) => [one.table, String(one.rows), ROWS[one.table]]),
    ),
    ...tables.flatMap((one) => [
      '',
      `### ${one.table}`,
      '',
      ...lines(
        ['column', 'type', 'unit', 'description'],
        one.columns.map(({ name, type, unit, description }) => [name, type, unit ?? '', description]),
      ),
    ]),
    '',
  ].join('\n')
}

function lines(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeForMarkdown).join(' | ')} |`
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.map(line)]
}
