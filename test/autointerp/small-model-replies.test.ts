import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDense } from '../../src/autointerp/dense-reply.ts'
import { parseSimulation } from '../../src/autointerp/simulation-reply.ts'
import { FIXTURES } from '../support/paths.ts'

interface TrueReply {
  readonly form: 'dense' | 'sparse'
  readonly cut: boolean
  readonly reply: string
  /** What it says of four examples of nine tokens, read by eye. */
  readonly levels: readonly (readonly number[] | null)[]
}

const REPLIES = JSON.parse(
  readFileSync(join(FIXTURES, 'small-model', 'replies.json'), 'utf8'),
) as readonly TrueReply[]
const LENGTHS = [9, 9, 9, 9]

describe('what a model of 135 million parameters really replied', () => {
  it.each(REPLIES)('is read where it can be, and missing elsewhere: $form, cut: $cut', (one) => {
    const { form, cut, reply, levels } = one
    const read =
      form === 'sparse'
        ? parseSimulation(reply, LENGTHS, 9, cut)
        : parseDense(reply, LENGTHS, 9, cut).map((answer) => answer?.levels ?? null)
    expect(read).toEqual(levels)
  })
})
