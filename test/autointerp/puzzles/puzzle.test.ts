import { describe, expect, it } from 'vitest'
import { tokensOf } from '../../../src/autointerp/puzzles/concepts.ts'
import {
  makePuzzles,
  PLAUSIBILITIES,
  scorePuzzle,
  simulateConcept,
} from '../../../src/autointerp/puzzles/puzzle.ts'
import { KINDS } from '../../../src/autointerp/puzzles/vocabulary.ts'

const puzzles = makePuzzles(0)

describe('puzzles', () => {
  it('are 150 or more, of 30 rules or more, each with its own name and sixty windows of nine tokens', () => {
    expect(puzzles.length).toBeGreaterThanOrEqual(150)
    expect(new Set(puzzles.map(({ rule }) => rule)).size).toBeGreaterThanOrEqual(30)
    expect(new Set(puzzles.map(({ name }) => name)).size).toBe(puzzles.length)
    for (const { examples } of puzzles) {
      expect(examples).toHaveLength(60)
      expect(new Set(examples.map(({ tokens }) => tokens.join('|'))).size).toBe(60)
      for (const { tokens, levels } of examples) {
        expect(tokens).toHaveLength(9)
        expect(levels).toHaveLength(9)
        for (const level of levels) expect(Number.isInteger(level) && level >= 0 && level <= 9).toBe(true)
      }
      expect(
        examples.filter(({ levels }) => levels.some((level) => level > 0)).length,
      ).toBeGreaterThanOrEqual(30)
    }
  })

  it.each([20, 31])('have fewer windows where fewer are wanted, in the same proportions: %i', (count) => {
    for (const { examples } of makePuzzles(0, count)) {
      expect(examples).toHaveLength(count)
      expect(new Set(examples.map(({ tokens }) => tokens.join('|'))).size).toBe(count)
      const share = (slice: RegExp): number =>
        examples.filter((example) => slice.test(example.slice)).length / count
      expect(share(/^top$/)).toBeCloseTo(0.1, 1)
      expect(share(/^interval/)).toBeCloseTo(0.4, 1)
      expect(share(/^random$/)).toBeCloseTo(1 / 6, 1)
      expect(share(/^other$/)).toBeCloseTo(1 / 3, 1)
    }
  })

  it.each([20, 60])('can be solved from the windows: the truth alone predicts everything (%i)', (count) => {
    for (const puzzle of makePuzzles(0, count)) {
      const scores = PLAUSIBILITIES.map((one) =>
        scorePuzzle(puzzle, simulateConcept(puzzle.explanations[one], puzzle)),
      )
      expect(scores[0]).toBeCloseTo(1, 9)
      for (const score of scores.slice(1)) expect(score).toBeLessThan(0.985)
      expect(new Set(PLAUSIBILITIES.map((one) => puzzle.explanations[one].text)).size).toBe(5)
    }
  })

  it('are false in grades', () => {
    const means = PLAUSIBILITIES.map((one) => {
      const scores = puzzles.map((puzzle) =>
        scorePuzzle(puzzle, simulateConcept(puzzle.explanations[one], puzzle)),
      )
      return scores.reduce((sum, score) => sum + score, 0) / scores.length
    })
    const [truth, near, sibling, topic, unrelated] = means as [number, number, number, number, number]
    expect(truth).toBeGreaterThan(near + 0.15)
    expect(near).toBeGreaterThan(Math.max(sibling, topic) + 0.4)
    expect(unrelated).toBeLessThan(0.02)
  })

  it('are the same for the same seed, and others for another', () => {
    expect(JSON.stringify(makePuzzles(0))).toBe(JSON.stringify(puzzles))
    expect(JSON.stringify(makePuzzles(1))).not.toBe(JSON.stringify(puzzles))
  })

  it('are made of words of one kind each', () => {
    const words = Object.values(KINDS).flat()
    expect(new Set(words).size).toBe(words.length)
    for (const word of words) expect(tokensOf(` ${word}`)).toEqual([` ${word}`])
  })

  it('lose no character of a text', () => {
    const text = 'He wrote "x" in 1234 extraordinarily\nlong\t{lines}; etc.'
    expect(tokensOf(text).join('')).toBe(text)
  })
})
