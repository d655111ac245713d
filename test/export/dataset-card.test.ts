import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { datasetCard } from '../../src/export/dataset-card.ts'
import { TABLE_NAMES } from '../../src/export/tables.ts'
import { ROOT } from '../support/paths.ts'

const SET = { set: 'topk-8', kind: 'sae', hook: 'blocks.0.hook_mlp_out', features: 8, model: 'tiny-1l' }
const COLUMN = { name: 'top_token', type: 'string', unit: null, description: 'the | strongest' } as const
const TABLES = TABLE_NAMES.map((table) => ({
  table,
  file: `${table}/train.parquet`,
  rows: table === 'ratings' ? 0 : table === 'scores' ? 100_000 : 10,
  columns: [COLUMN],
}))

interface FrontMatter {
  license: string
  size_categories: string[]
  configs: { config_name: string; default?: boolean; data_files: { split: string; path: string }[] }[]
}

function frontMatter(card: string): FrontMatter {
  const [, yaml = ''] = /^---\n([\s\S]*?)\n---\n/.exec(card) ?? []
  return parse(yaml) as FrontMatter
}

describe('the card of a dataset', () => {
  it('is this', async () => {
    const tables = TABLES.filter(({ table }) => ['features', 'scores', 'ratings'].includes(table))
    await expect(datasetCard([SET], tables)).toMatchFileSnapshot(join(ROOT, 'test/golden/dataset-card.md'))
  })

  it('has a configuration for every table that has rows, and scores first', () => {
    const { configs, size_categories: sizes } = frontMatter(datasetCard([SET], TABLES))
    expect(configs).toEqual(
      TABLES.filter(({ rows }) => rows > 0).map(({ table }) => ({
        config_name: table,
        ...(table === 'scores' ? { default: true } : {}),
        data_files: [{ split: 'train', path: `${table}/*.parquet` }],
      })),
    )
    expect(sizes).toEqual(['100K<n<1M'])
  })

  it('lets no name be markup', () => {
    const card = datasetCard([{ ...SET, model: '<img src=x>|a', hook: '[x](javascript:y)' }], TABLES)
    expect(card).not.toMatch(/<img|\]\(javascript/)
  })
})
