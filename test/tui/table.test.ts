import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeForTerminal } from '../../src/core/escape-terminal.ts'
import { COLOURED, PLAIN } from '../../src/tui/style.ts'
import { type Column, renderTable } from '../../src/tui/table.ts'
import { widthOf } from '../../src/tui/text.ts'
import { WIDTHS, wideText } from '../support/wide-texts.ts'

interface Row {
  readonly name: string
  readonly text: string
  readonly value: string
}

const columns: readonly Column<Row>[] = [
  { header: 'name', cell: ({ name }) => name },
  { header: 'text', weight: 2, cell: ({ text }) => text },
  {
    header: 'value',
    align: 'right',
    cell: ({ value }) => value,
    style: (text, _, style) => style.bold(text),
  },
]
const rows: readonly Row[] = [
  { name: 'a', text: 'short', value: '1' },
  { name: 'bb', text: '日本語 and a long text that goes on and on', value: '22.50' },
]

describe('a table', () => {
  it('gives numbers the right edge and cuts the text that has a weight', () => {
    expect(renderTable(columns, rows, 40, PLAIN)).toEqual([
      ' name  text                        value',
      ' a     short                           1',
      ' bb    日本語 and a long text th…  22.50',
    ])
  })

  it('takes no more room than it needs', () => {
    expect(renderTable(columns, rows.slice(0, 1), 200, PLAIN)).toEqual([
      ' name  text   value',
      ' a     short      1',
    ])
    expect(renderTable(columns, [], 200, PLAIN)).toEqual([' name  text  value'])
  })

  it('shares the room of several weighted columns by what they need', () => {
    const two: Column<Row>[] = [
      { header: 'x', weight: 1, cell: ({ name }) => name },
      { header: 'y', weight: 1, cell: ({ text }) => text },
    ]
    const [, line] = renderTable(two, [{ name: 'ab', text: 'x'.repeat(90), value: '' }], 40, PLAIN)
    expect(line).toBe(` ab  ${'x'.repeat(34)}…`)
  })

  it('leaves out the columns that can be missed where there is no room, the most dispensable first', () => {
    const dispensable: Column<Row>[] = [
      { header: 'first', cell: ({ name }) => name, dispensable: 1 },
      { header: 'second', cell: ({ name }) => name, dispensable: 2 },
      { header: 'third', weight: 1, cell: ({ text }) => text },
    ]
    const header = (width: number): string => renderTable(dispensable, rows, width, PLAIN)[0]!
    expect(header(60)).toContain('first  second  third')
    expect(header(20)).toBe(' first  third')
    expect(header(10)).toBe(' third')
  })

  it('has the same columns with and without colours', () => {
    const coloured = renderTable(columns, rows, 40, COLOURED)
    expect(coloured[1]).toContain('\u001b[1m')
    expect(coloured.map((line) => widthOf(line))).toEqual(
      renderTable(columns, rows, 40, PLAIN).map((line) => widthOf(line)),
    )
  })

  it.each(WIDTHS)('is never wider than %d columns', (width) => {
    const cell = wideText.map((text) => escapeForTerminal(text))
    fc.assert(
      fc.property(fc.array(fc.record({ name: cell, text: cell, value: cell }), { maxLength: 5 }), (some) => {
        for (const line of renderTable(columns, some, width, PLAIN)) {
          expect(widthOf(line)).toBeLessThanOrEqual(width)
          expect(line).not.toContain('\u001b')
        }
      }),
    )
  })
})
