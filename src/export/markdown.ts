import { escapeForMarkdown } from '../core/escape-markdown.ts'
import type { Json } from '../core/hash.ts'
import { type Column, type ColumnType, isNested, type Row, type TableEncoder } from './table.ts'

const DIGITS = 4

/** A table in GitHub's Markdown, to read: numbers to four digits, right-aligned; texts inert. */
export class MarkdownEncoder implements TableEncoder {
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  begin(): Uint8Array {
    const rule = this.#columns.map(({ type }) => (type === 'integer' || type === 'number' ? '--:' : ':--'))
    return Buffer.from(`${line(this.#columns.map(({ name }) => escapeForMarkdown(name)))}${line(rule)}`)
  }

  rows(rows: readonly Row[]): Uint8Array {
    return Buffer.from(
      rows
        .map((row) => line(this.#columns.map(({ type }, index) => markdownCell(type, row[index] ?? null))))
        .join(''),
    )
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}

function markdownCell(type: ColumnType, cell: Json): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(type === 'number' ? Number(cell.toPrecision(DIGITS)) : cell)
  return escapeForMarkdown(isNested(type) || typeof cell !== 'string' ? JSON.stringify(cell) : cell)
}
