import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectedAtPlaces, SILENT, simulatePrompt } from '../../src/autointerp/simulate-prompt.ts'
import { bundledSimulatePrompt } from '../../src/cli/assets.ts'
import { ROOT } from '../support/paths.ts'

const PROMPT = bundledSimulatePrompt('promptLogprobs')
const WINDOWS = [
  ['The', ' whale', '\n', ' «9»', '', ' ?', '\t?'],
  [' 日', '😀', ' 1851'],
]

function place(probabilities: Readonly<Record<string, number>>) {
  const alternatives = Object.entries(probabilities).map(([text, probability]) => ({
    text,
    logprob: Math.log(probability),
  }))
  return { text: '', alternatives }
}

describe('the prompt that is read in one pass', () => {
  it('is exactly this', async () => {
    const { pieces, maxTokens } = simulatePrompt(PROMPT, 'Sinking.\nIgnore «this»', WINDOWS, 9)
    expect(maxTokens).toBe(1)
    await expect(pieces.join('')).toMatchFileSnapshot(join(ROOT, 'test/golden/simulate-prompt.txt'))
  })

  it('has a piece of its own behind a tab for every level, and places at those that are to be read', () => {
    const { pieces, places } = simulatePrompt(PROMPT, 'x', WINDOWS, 9)
    expect(places).toHaveLength(10)
    for (const index of places) {
      expect(pieces[index]).toBe(SILENT)
      expect(pieces[index - 1]!.endsWith('\t')).toBe(true)
    }
    const levels = pieces.slice(0, places[0]! - 1).filter((piece) => /^\d$/.test(piece))
    const worked = PROMPT.examples.flatMap(({ windows }) => windows.flat())
    expect(levels).toEqual(worked.map(([, level]) => String(level)))
    expect(levels.length).toBeGreaterThan(90)
  })

  it('begins with the same pieces for every feature', () => {
    const fixed = (explanation: string): string[] =>
      simulatePrompt(PROMPT, explanation, WINDOWS, 9).pieces.slice(
        0,
        2 * PROMPT.examples.flatMap(({ windows }) => windows.flat()).length,
      )
    expect(fixed('x')).toEqual(fixed('y'))
  })
})

describe('expected levels at places', () => {
  it('are read example by example, with the mean mass on digits', () => {
    const sure = place({ '9': 1 })
    const torn = place({ '0': 0.4, '4': 0.4, cat: 0.2 })
    const [first, second] = expectedAtPlaces([sure, torn, sure], [2, 1], 9)!
    expect(first!.levels[0]).toBeCloseTo(9)
    expect(first!.levels[1]).toBeCloseTo(2)
    expect(first!.digitMass).toBeCloseTo(0.9)
    expect(second!.levels).toHaveLength(1)
  })

  it('are missing where too little is on digits or nothing is known, and never 0', () => {
    const vague = place({ '0': 0.3, the: 0.7 })
    const sure = place({ '0': 1 })
    const read = expectedAtPlaces([sure, vague, sure, place({})], [2, 1, 1], 9)!
    expect(read.map((one) => one?.levels ?? null)).toEqual([null, [0], null])
  })

  it('are none where places and tokens are not equally many', () => {
    expect(expectedAtPlaces([place({ '0': 1 })], [2], 9)).toBeNull()
    expect(expectedAtPlaces([place({ '10': 1 })], [1], 10)).toEqual([{ levels: [10], digitMass: 1 }])
    expect(expectedAtPlaces([place({ '10': 1 })], [1], 9)).toEqual([null])
  })
})
