import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonlEncoder } from '../../src/export/jsonl.ts'
import type { Column } from '../../src/export/table.ts'

const COLUMNS: Column[] = [
  { name: 'text "x"', type: 'string', unit: null, description: '' },
  { name: 'value', type: 'number', unit: null, description: '' },
  { name: 'list', type: 'json', unit: null, description: '' },
]

it('writes what JSON.stringify writes of an object with the columns in their order', () => {
  const cell = fc.oneof(fc.constantFrom('', 'same'), fc.string({ unit: 'binary' }), fc.constant(null))
  const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(null, 0, -0))
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, value, fc.jsonValue())), (rows) => {
      const encoder = new JsonlEncoder(COLUMNS)
      const lines = rows.map(([text, number, list]) =>
        JSON.stringify({ 'text "x"': text, value: number, list }),
      )
      expect(Buffer.from(encoder.rows(rows as never)).toString('utf8')).toBe(
        Buffer.from(lines.map((line) => `${line}\n`).join('')).toString('utf8'),
      )
    }),
  )
})
