import { escapeForMarkdown } from '../core/escape-markdown.ts'
import { type Column, isNested, type Row, type TableEncoder } from './table.ts'

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
      rows.map((row) => line(this.#columns.map((column) => markdownCell(column, row)))).join(''),
    )
  }

  end(): Uint8Array {
    return new Uint8Array()
  }
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}

function markdownCell({ name, type }: Column, row: Row): string {
  const cell = row[name]
  if (cell == null) return ''
  if (typeof cell === 'number') return String(type === 'number' ? Number(cell.toPrecision(DIGITS)) : cell)
  return escapeForMarkdown(isNested(type) || typeof cell !== 'string' ? JSON.stringify(cell) : cell)
}
