import { describe, expect, it } from 'vitest'
import { parseExplanation } from '../../src/autointerp/explanation-reply.ts'

describe('an explanation in a reply', () => {
  it.each([
    ['is between the tags', '<explanation>Dates.</explanation>', 'Dates.'],
    [
      'may have text around it',
      'Sure!\n<explanation>\nDates,\n  in letters. </explanation>\nHope it helps',
      'Dates, in letters.',
    ],
    ['is the last one', '<explanation>first</explanation> no: <explanation>second</explanation>', 'second'],
    [
      'comes after thoughts',
      '<think>perhaps <explanation>wrong</explanation></think><explanation>right</explanation>',
      'right',
    ],
    ['may use capitals', '<Explanation>x</EXPLANATION>', 'x'],
  ])('%s', (_name, reply, text) => {
    expect(parseExplanation(reply)).toEqual({ text })
  })

  it.each([
    ['without tags', 'Dates.', 'no text between <explanation> tags'],
    ['cut before the end', '<explanation>Dates and', 'no text between <explanation> tags'],
    ['with nothing in them', '<explanation> </explanation>', 'nothing between the <explanation> tags'],
    [
      'of absurd length',
      `<explanation>${'x'.repeat(3000)}</explanation>`,
      'more than 2000 characters between the tags',
    ],
    ['only in thoughts', '<think><explanation>x</explanation></think>', 'no text between <explanation> tags'],
  ])('cannot be read %s', (_name, reply, problem) => {
    expect(parseExplanation(reply)).toEqual({ problem })
  })
})
