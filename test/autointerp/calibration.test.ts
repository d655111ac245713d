import { describe, expect, it } from 'vitest'
import { Calibration } from '../../src/autointerp/calibration.ts'

describe('the calibration table', () => {
  it('averages what is true by predicted level, expected values rounded', () => {
    const table = new Calibration()
    table.add([0, 0.4, 9, 8.6], [0, 1, 4, -1], 4, [0, 3, 9, 0])
    table.add([0], [2], 2, [9])
    expect(table.rows()).toEqual([
      { predicted: 0, tokens: 3, firing: 2 / 3, activation: 1.25 / 3, level: 4 },
      { predicted: 9, tokens: 2, firing: 0.5, activation: 0.5, level: 4.5 },
    ])
  })
})
