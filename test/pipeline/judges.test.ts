import { appendFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { ScorerName } from '../../src/core/scores.ts'
import {
  compositionJudge,
  failing,
  frequencyJudge,
  ignorantJudges,
  perfectJudge,
  RECOGNISES,
} from '../support/judges.ts'
import { type Cell, chanceOf, judgeCell } from '../support/judging.ts'
import { plantedCollection } from '../support/planted-collection.ts'

/** Features of a cell. The benchmark asks for as many as equivalence to chance needs; tests make do with few. */
const FEATURES = Number(process.env['JUDGES_FEATURES'] ?? 24)
const TABLE = process.env['JUDGES_TABLE']
const DENSITIES = (process.env['JUDGES_DENSITIES'] ?? '0.01').split(',').map(Number)
const SCORERS: readonly ScorerName[] = ['simulation', 'detection', 'fuzzing', 'intruder', 'logits']
/** An intruder question takes five windows and is right by chance less often, so its cells have more features. */
const MORE = Number(process.env['JUDGES_MORE'] ?? 3)
/** Φ⁻¹(1 − 0.001/(2·105)): 5 scorers, 7 judges, 3 densities. */
const Z = 4.43
const MARGIN = 0.02
/** What was shown to an explainer is never asked about, so there is nothing to recognise. */
const ANSWERS_ALIKE = ['none', 'all', 'constant', RECOGNISES]

function record(scorer: ScorerName, density: number, judge: string, cell: Cell, verdict: string): void {
  const { values, scores, mean, deviation } = cell
  if (TABLE !== undefined)
    appendFileSync(
      TABLE,
      `| ${scorer} | ${density * 100} % | ${judge} | ${values.length} of ${scores.length} | ${mean.toFixed(4)} | ${deviation.toFixed(3)} | ${verdict} |\n`,
    )
}

/** Furthest from chance that the mean could be, all cells together being wrong once in a thousand. */
function reach({ values, mean, deviation }: Cell, chance: number): number {
  return Math.abs(mean - chance) + (Z * deviation) / Math.sqrt(values.length)
}

describe.each(DENSITIES)('of features that fire on %f of all tokens', (density) => {
  const collection = plantedCollection(MORE * FEATURES, density, 11)
  const { features, study } = collection
  const judges = ignorantJudges(collection, density)
  const perfect = perfectJudge(collection)
  const composing = compositionJudge(collection)
  afterAll(() => study.store.close())

  it('most have examples', () => {
    expect(features.length).toBeGreaterThan(0.95 * MORE * FEATURES)
  })

  describe.each(SCORERS)('%s', (scorer) => {
    const chance = chanceOf(scorer)
    const limit = scorer === 'intruder' ? features.length : FEATURES

    it.each(Object.keys(judges))('gives nothing to the judge: %s', async (name) => {
      const cell = await judgeCell(collection, scorer, judges[name]!, { limit })
      expect(cell.values.length).toBeGreaterThan(0.9 * limit)
      // Whoever does not read the description answers alike about another one.
      if (name !== RECOGNISES)
        for (const { gain, gainLow, gainHigh } of cell.shuffled)
          expect([gain ?? 0, gainLow ?? 0, gainHigh ?? 0]).toEqual([0, 0, 0])
      // One letter is right wherever the intruder happens to be there.
      const exact = ANSWERS_ALIKE.includes(name) && scorer !== 'intruder'
      if (exact)
        for (const { value, undefined: reason, flag } of cell.scores)
          if (reason === null) expect([value, flag]).toEqual([chance, 'constantPrediction'])
      const far = reach(cell, chance)
      record(scorer, density, name, cell, exact ? 'exact' : `within ${far.toFixed(4)}`)
      // With few features chance itself strays; then only a leak larger than that is seen.
      const strays = (2 * Z * cell.deviation) / Math.sqrt(cell.values.length)
      expect(far).toBeLessThan(FEATURES >= 400 ? MARGIN : Math.max(MARGIN, strays))
    })

    it('gives all to a judge that knows, also where a fifth of its calls fail', async () => {
      const least = scorer === 'simulation' ? 0.995 : 1
      const cell = await judgeCell(collection, scorer, perfect, { limit })
      expect(cell.values.length).toBeGreaterThan(0.9 * limit)
      record(scorer, density, 'perfect', cell, `least ${Math.min(...cell.values).toFixed(4)}`)
      expect(Math.min(...cell.values)).toBeGreaterThanOrEqual(least)
      const faulty = await judgeCell(collection, scorer, failing(perfect, 0.2), { limit })
      record(scorer, density, 'perfect, 20 % fail', faulty, `least ${Math.min(...faulty.values).toFixed(4)}`)
      expect(Math.min(...faulty.values)).toBeGreaterThanOrEqual(least)
      for (const { value, undefined: reason } of faulty.scores)
        if (value === null) expect(['lowCoverage', 'callsFailed', 'oneClass']).toContain(reason)
    })

    it('gives nothing to what the examples of a call have in common, with one example a call', async () => {
      const together = await judgeCell(collection, scorer, composing, { limit: FEATURES })
      record(scorer, density, 'composition', together, 'printed')
      const alone = await judgeCell(collection, scorer, composing, {
        limit: FEATURES,
        calls: 'alone',
      })
      record(scorer, density, 'composition, alone', alone, `within ${reach(alone, chance).toFixed(4)}`)
      // What four windows share is what an intruder lacks: no number of questions a call changes that.
      if (scorer === 'intruder') expect(alone.mean).toBeGreaterThan(chance)
      else expect(Math.abs(alone.mean - chance)).toBeLessThan(FEATURES >= 400 ? 0.05 : 0.1)
    })

    it.runIf(scorer === 'simulation')('nor where no two examples of a feature meet', async () => {
      const isolated = await judgeCell(collection, scorer, composing, { limit: FEATURES, calls: 'isolate' })
      expect(isolated.values.length).toBeGreaterThan(0.9 * FEATURES)
      // Company is the same whoever's explanation is read, so what it tells is no gain.
      expect(isolated.shuffled.length).toBeGreaterThan(0.9 * FEATURES)
      for (const { gain, gainLow, gainHigh } of isolated.shuffled)
        expect([gain ?? 0, gainLow ?? 0, gainHigh ?? 0]).toEqual([0, 0, 0])
      const verdict = `within ${reach(isolated, chance).toFixed(4)}`
      record(scorer, density, 'composition, isolated', isolated, verdict)
      // What repeats by chance are frequent tokens, on which rare features never fire: below chance, with or without company.
      const knowing = frequencyJudge(collection)
      const frequent = await judgeCell(collection, scorer, knowing, { limit: FEATURES, calls: 'isolate' })
      record(scorer, density, 'frequent tokens, isolated', frequent, 'printed')
      expect(isolated.mean).toBeLessThan(FEATURES >= 400 ? 0.05 : 0.1)
      expect(isolated.mean).toBeGreaterThan(Math.min(0, frequent.mean) - (FEATURES >= 400 ? 0.05 : 0.1))
    })
  })

  it('isolated calls give nothing where tokens that fire are as frequent as text has them', async () => {
    const contextual = plantedCollection(FEATURES, density, 11, 'inContext')
    const judged = compositionJudge(contextual)
    const limit = contextual.features.length
    expect(limit).toBeGreaterThan(0.9 * FEATURES)
    const together = await judgeCell(contextual, 'simulation', judged)
    record('simulation', density, 'composition, in contexts', together, 'printed')
    const frequent = await judgeCell(contextual, 'simulation', frequencyJudge(contextual))
    record('simulation', density, 'frequent tokens, in contexts', frequent, 'printed')
    const isolated = await judgeCell(contextual, 'simulation', judged, { calls: 'isolate' })
    contextual.study.store.close()
    const far = reach(isolated, 0)
    record('simulation', density, 'composition, in contexts, isolated', isolated, `within ${far.toFixed(4)}`)
    // Usual calls do tell of these features, so there is something to hide.
    expect(together.mean).toBeGreaterThan(0.1)
    expect(Math.abs(isolated.mean)).toBeLessThan(FEATURES >= 400 ? 0.05 : 0.1)
    if (FEATURES >= 400) expect(far).toBeLessThan(0.05)
  })
})
