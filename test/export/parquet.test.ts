import { parquetReadObjects } from 'hyparquet'
import { expect, it } from 'vitest'
import { PARQUET_ROWS, ParquetEncoder } from '../../src/export/parquet.ts'
import type { Column, ColumnType } from '../../src/export/table.ts'

function column(name: string, type: ColumnType): Column {
  return { name, type, unit: null, description: name }
}

const COLUMNS = [
  column('text', 'string'),
  column('count', 'integer'),
  column('value', 'number'),
  column('flag', 'boolean'),
  column('tokens', 'strings'),
  column('levels', 'integers'),
  column('activations', 'numbers'),
]

async function readBack(pieces: readonly Uint8Array[]): Promise<Record<string, unknown>[]> {
  const bytes = new Uint8Array(Buffer.concat(pieces))
  const rows = await parquetReadObjects({ file: bytes.buffer })
  // hyparquet gives undefined for a list that is null.
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell ?? null])),
  )
}

it('reads back as it was written, nulls and empty lists too, over several row groups', async () => {
  const rows = Array.from({ length: PARQUET_ROWS + 7 }, (_, index) => ({
    text: index % 3 === 0 ? null : `ſtring\n${index} "=`,
    count: index % 5 === 0 ? null : -index,
    value: index % 7 === 0 ? null : index / 3,
    flag: index % 2 === 0 ? null : index % 4 === 1,
    tokens: index % 11 === 0 ? null : Array.from({ length: index % 3 }, (__, at) => `t${at}`),
    levels: [index, 9],
    activations: index % 13 === 0 ? [] : [0, -0.25, index / 7],
  }))
  const encoder = new ParquetEncoder(COLUMNS)
  const pieces = [encoder.begin()]
  for (let at = 0; at < rows.length; at += 999)
    pieces.push(encoder.rows(rows.slice(at, at + 999).map((row) => Object.values(row))))
  pieces.push(encoder.end())
  expect(await readBack(pieces)).toEqual(rows)
})

it('is a file without rows too', async () => {
  const encoder = new ParquetEncoder(COLUMNS)
  expect(await readBack([encoder.begin(), encoder.rows([]), encoder.end()])).toEqual([])
})
