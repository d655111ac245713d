import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvEncoder, withoutFormula } from '../../src/export/csv.ts'
import type { Column } from '../../src/export/table.ts'

const COLUMNS: Column[] = [
  { name: 'text', type: 'string', unit: null, description: '' },
  { name: 'value', type: 'number', unit: null, description: '' },
  { name: 'list', type: 'strings', unit: null, description: '' },
]

/** A reader of RFC 4180 of its own: an empty field without quotes is null. */
function parse(text: string): (string | null)[][] {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  for (let at = 0; at < text.length;) {
    let field: string | null = null
    if (text[at] === '"') {
      field = ''
      for (at++; ; at++) {
        if (text[at] !== '"') field += text[at]!
        else if (text[at + 1] === '"') field += text[at++]!
        else break
      }
      at++
    } else {
      const end = /,|\r\n/.exec(text.slice(at))!.index + at
      if (end > at) field = text.slice(at, end)
      at = end
    }
    row.push(field)
    if (text[at] === ',') {
      at++
      continue
    }
    expect(text.slice(at, at + 2)).toBe('\r\n')
    at += 2
    rows.push(row)
    row = []
  }
  return rows
}

function encode(rows: readonly (string | number | null | string[])[][]): string {
  const encoder = new CsvEncoder(COLUMNS)
  return Buffer.concat([encoder.begin(), encoder.rows(rows), encoder.end()]).toString('utf8')
}

describe('CSV', () => {
  it('is RFC 4180: header, CRLF, doubled quotes, null apart from an empty text', () => {
    expect(
      encode([
        ['a "b",\nc', -0.5, ['x', '"']],
        ['', null, null],
      ]),
    ).toBe('text,value,list\r\n"a ""b"",\nc",-0.5,"[""x"",""\\""""]"\r\n"",,\r\n')
  })

  it('lets every text come back', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true })),
        ),
        (cells) => {
          const rows = cells.map(([text, value]) => [text, value, [text]])
          const [header, ...read] = parse(encode(rows))
          expect(header).toEqual(['text', 'value', 'list'])
          expect(read.map(([text, value, list]) => [text, Number(value), list])).toEqual(
            cells.map(([text, value]) => [
              withoutFormula(text),
              value === 0 ? 0 : value,
              JSON.stringify([text]),
            ]),
          )
        },
      ),
    )
  })

  it.each(['=1+1', '+1', '-cmd', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\n', '＝1', '\u0000=1'])(
    'keeps a spreadsheet from running %j',
    (text) => {
      const [, [cell] = []] = parse(encode([[text, -1, []]]))
      expect(cell).toBe(`'${text}`)
    },
  )

  it('leaves negative numbers numbers', () => {
    expect(encode([['a', -1.5e-7, []]])).toContain(',-1.5e-7,')
  })

  it('writes cells that repeat like any others, and the ones after them', () => {
    const list = ['a']
    expect(
      encode([
        ['same', 1, list],
        ['same', 1, list],
        [null, null, ['a']],
        ['same', 0, null],
      ]),
    ).toBe('text,value,list\r\nsame,1,"[""a""]"\r\nsame,1,"[""a""]"\r\n,,"[""a""]"\r\nsame,0,\r\n')
  })
})
