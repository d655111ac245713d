import { describe, expect, it, onTestFinished } from 'vitest'
import { spearman } from '../../src/autointerp/correlation.ts'
import { pastTools } from '../../src/cli/llm.ts'
import type { DecoderFile } from '../../src/core/dictionary.ts'
import { DataError } from '../../src/core/errors.ts'
import { explain } from '../../src/pipeline/explain.ts'
import { currentSet } from '../../src/pipeline/feature-set.ts'
import { PageDetailSource } from '../../src/pipeline/page-details.ts'
import { score } from '../../src/pipeline/score.ts'
import type { Study } from '../../src/pipeline/study.ts'
import { started } from '../fake-llm/asking.ts'
import { eventsOf, judgeAt, PLANTED_RULES, plantedStudy } from '../support/planted-study.ts'

const ALL = { kind: 'all' } as const

/** Feature i points along i/2: two and two are alike. */
const PAIRED: DecoderFile = {
  features: PLANTED_RULES.length,
  dIn: PLANTED_RULES.length,
  rows: (first, count) => {
    const columns = PLANTED_RULES.length
    const rows = Math.min(count, columns - first)
    const data = new Float32Array(rows * columns)
    for (let row = 0; row < rows; row++) data[row * columns + ((first + row) >> 1)] = 1 + row
    return { rows, columns, data }
  },
  close: () => {},
}

async function scored(): Promise<{ study: Study; sent: () => number }> {
  const study = plantedStudy()
  study.store.tokenCounts.put(
    'planted',
    Array.from({ length: 100 }, (_, token) => [token, 10] as const),
  )
  onTestFinished(() => study.store.close())
  const server = await started({ rules: PLANTED_RULES, oracleMode: 'true' })
  const judge = judgeAt(server, study)
  onTestFinished(() => judge.chat.close())
  await eventsOf(explain(study, judge, ALL))
  await eventsOf(score(study, judge, ALL))
  return { study, sent: () => judge.chat.spending().requests }
}

const sourceOf = (
  study: Study,
  open: (folder: string) => DecoderFile | null = () => PAIRED,
): PageDetailSource => new PageDetailSource(study, currentSet(study), pastTools(study), open)

describe('the details of a page', () => {
  it('hold the predictions that led to the score, example by example; nothing is sent', async () => {
    const { study, sent } = await scored()
    const before = sent()
    const { simulation, withoutSimulation } = await sourceOf(study).of(3)
    expect([withoutSimulation, sent()]).toEqual([null, before])
    const set = currentSet(study)
    const [explanation] = study.store.explanations.of(set.id, 3)
    const stored = study.store.scores.of(explanation!.id).find(({ id }) => id === simulation!.score)!
    expect(stored.scorer).toBe('simulation')
    expect(simulation!.examples.length).toBe(stored.n / 9)
    const truth = simulation!.examples.flatMap(({ activations }) => activations)
    const predicted = simulation!.examples.flatMap(({ predicted: row }) => row!)
    expect(spearman(predicted, truth)).toBeCloseTo(stored.value!, 12)
    for (const { tokens, levels } of simulation!.examples)
      expect([tokens.length, levels.length]).toEqual([9, 9])
  })

  it('name the features with similar decoder rows, with what is known of them', async () => {
    const { study } = await scored()
    const { neighbours } = await sourceOf(study).of(4)
    expect(neighbours).toHaveLength(8)
    expect(neighbours![0]).toMatchObject({ feature: 5, cosine: 1, state: 'alive' })
    expect(neighbours![0]!.score).toBeGreaterThan(0.9)
    expect(neighbours![0]!.explanation).toBe(study.store.explanations.of(currentSet(study).id, 5)[0]!.text)
    expect(neighbours!.slice(1).map(({ cosine }) => cosine)).toEqual(Array(7).fill(0))
  })

  it('say why something is not there', async () => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    const missing = sourceOf(study, () => {
      throw new DataError('tensor-missing', 'expected a decoder, found none')
    })
    expect(await missing.of(0)).toEqual({
      simulation: null,
      withoutSimulation: 'it has no explanation that could predict',
      neighbours: null,
      withoutNeighbours: 'expected a decoder, found none',
    })
    expect((await sourceOf(study, () => null).of(0)).withoutNeighbours).toMatch(/^neurons have no decoder/)
    await eventsOf(explain(study, null, ALL))
    expect((await sourceOf(study).of(0)).withoutSimulation).toBe(
      'not scored by simulation yet: run gloss score',
    )
  })
})
