import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { planBlocks } from '../../src/autointerp/isolate-blocks.ts'
import { StoppedError } from '../../src/core/errors.ts'
import type { ScorerName } from '../../src/core/scores.ts'
import type { ExplanationRecord } from '../../src/core/store.ts'
import { isolationOf } from '../../src/pipeline/isolate.ts'
import { allEnded } from '../../src/pipeline/pool.ts'
import { simulationPuzzles } from '../../src/pipeline/simulated-puzzles.ts'
import { makeScorer } from '../../src/pipeline/scorers.ts'
import type { Llm } from '../../src/pipeline/study.ts'
import { makePuzzles } from '../../src/autointerp/puzzles/puzzle.ts'
import { judge } from '../support/in-process-judge.ts'
import { plantedStudy } from '../support/planted-study.ts'

/** A judge whose run is stopped: its first call is refused at once, the others are on their way and end later. */
function stopping(isolate = false): { llm: Llm; calls: { begun: number; ended: number } } {
  const llm = judge(() => '1: none', 'integersSparse', { isolate })
  const calls = { begun: 0, ended: 0 }
  const chat: Llm['chat'] = {
    ...llm.chat,
    ask: async (...asked) => {
      const first = calls.begun++ === 0
      if (!first) await wait(5)
      calls.ended++
      if (first) throw new StoppedError('stopped', 'stopped; run the same command again to go on')
      return llm.chat.ask(...asked)
    },
  }
  return { llm: { ...llm, chat }, calls }
}

function explanationOf(feature: number): ExplanationRecord {
  return {
    id: `planted ${feature}`,
    setId: 'planted',
    featureId: feature,
    explainer: 'pairs',
    llm: 'judge',
    text: `feature ${feature}`,
    problem: null,
    requestHash: null,
    provenanceId: 'p',
  }
}

describe('a run that stops', () => {
  it.each<[ScorerName, boolean]>([
    ['simulation', false],
    ['simulation', true],
    ['detection', false],
    ['fuzzing', false],
    ['intruder', false],
    ['logits', false],
  ])('waits for the calls that are under way: %s, isolated %s', async (scorer, isolate) => {
    const study = plantedStudy()
    onTestFinished(() => study.store.close())
    const set = study.store.featureSets.get('planted')!
    const { llm, calls } = stopping(isolate)
    const blocks = planBlocks(
      [],
      [0, 1, 2].map((feature) => ({ feature, partner: feature + 3, blank: true })),
      20,
      0,
    )
    const isolation = isolate ? isolationOf(study, set, blocks, [0, 1, 2], explanationOf) : null
    const scored = makeScorer(scorer, study, set, llm, { isolation }).score(
      { explanation: explanationOf(0), partner: explanationOf(3), blank: true },
      0,
    )
    await expect(scored).rejects.toThrow('stopped')
    expect(calls.begun).toBeGreaterThan(1)
    expect(calls.ended).toBe(calls.begun)
  })

  it('waits for those of a puzzle', async () => {
    const { llm, calls } = stopping()
    await expect(simulationPuzzles(llm, 0).solve(makePuzzles(0)[0]!, 0)).rejects.toThrow('stopped')
    expect(calls).toEqual({ begun: 15, ended: 15 })
  })

  it('throws the first error in order, and has results in order', async () => {
    const failing = [
      wait(4, 1),
      Promise.reject(new Error('second')),
      wait(2).then(() => {
        throw new Error('third')
      }),
    ]
    await expect(allEnded(failing)).rejects.toThrow('second')
    const [number, text] = await allEnded([wait(3, 7), 'now'])
    expect([number, text]).toEqual([7, 'now'])
  })
})
