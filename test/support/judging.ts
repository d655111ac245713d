import { Bootstrap } from '../../src/autointerp/bootstrap.ts'
import { type BlockMember, planBlocks } from '../../src/autointerp/isolate-blocks.ts'
import { bundledExplainPrompt, bundledQuestionPrompts, bundledSimulatePrompt } from '../../src/cli/assets.ts'
import type { ChatRequest } from '../../src/core/chat-model.ts'
import type { ScorerName } from '../../src/core/scores.ts'
import type { ControlRecord, ExplanationRecord, ScoreRecord } from '../../src/core/store.ts'
import { isolationOf } from '../../src/pipeline/isolate.ts'
import { makeScorer } from '../../src/pipeline/scorers.ts'
import type { Llm } from '../../src/pipeline/study.ts'
import { judgeChat } from './judge-chat.ts'
import type { PlantedCollection } from './planted-collection.ts'

const RESAMPLES = 40

/** What one judge got by one scorer over the features of a collection. */
export interface Cell {
  readonly scores: readonly ScoreRecord[]
  readonly shuffled: readonly ControlRecord[]
  /** Scores that have a value. */
  readonly values: readonly number[]
  readonly mean: number
  readonly deviation: number
}

/** How examples are put into calls: as prompts say, one a call, or one each of several features. */
export type Calls = 'usual' | 'alone' | 'isolate'

/** Has features scored by a judge, through the prompts and parsers that come with gloss. */
export async function judgeCell(
  { study, set, features }: PlantedCollection,
  scorer: ScorerName,
  judge: (request: ChatRequest) => string | null,
  { limit = features.length, calls = 'usual' }: { readonly limit?: number; readonly calls?: Calls } = {},
): Promise<Cell> {
  const alone = calls === 'alone'
  const simulate = bundledSimulatePrompt('integersSparse', { isolate: calls === 'isolate' })
  const questions = bundledQuestionPrompts()
  const llm: Llm = {
    chat: judgeChat(judge),
    explain: bundledExplainPrompt(),
    simulate: alone ? { ...simulate, examplesPerCall: 1 } : simulate,
    choose: simulate,
    questions: alone
      ? {
          detection: { ...questions.detection, questionsPerCall: 1 },
          fuzzing: { ...questions.fuzzing, questionsPerCall: 1 },
          intruder: { ...questions.intruder, questionsPerCall: 1 },
          logits: { ...questions.logits, questionsPerCall: 1 },
        }
      : questions,
    tier: 'integersSparse',
    reask: false,
  }
  // Means do not depend on intervals, and equal answers have equal ones at any number of resamples.
  const judged = features.slice(0, limit)
  const partnerOf = (place: number): number => features[(place + 1) % features.length]!
  const members = judged.map((feature, place): BlockMember => ({
    feature,
    partner: partnerOf(place),
    blank: false,
  }))
  const asking = makeScorer(scorer, study, set, llm, {
    bootstrap: new Bootstrap(study.config.seed, RESAMPLES),
    isolation:
      calls === 'isolate'
        ? isolationOf(
            study,
            set,
            planBlocks([], members, simulate.examplesPerCall, study.config.seed),
            judged,
            about,
          )
        : null,
  })
  const scores: ScoreRecord[] = []
  const shuffled: ControlRecord[] = []
  for (const [place, feature] of judged.entries()) {
    const partner = partnerOf(place)
    const outcome = await asking.score(
      { explanation: about(feature), partner: about(partner), blank: false },
      0,
    )
    scores.push(outcome.scores[0]!)
    const { id } = outcome.scores[0]!
    shuffled.push(...outcome.controls.filter(({ scoreId, name }) => scoreId === id && name === 'shuffled'))
  }
  const values = scores.flatMap(({ value }) => value ?? [])
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { scores, shuffled, values, mean, deviation: Math.sqrt(squares / (values.length - 1)) }

  function about(feature: number): ExplanationRecord {
    return {
      id: `planted ${feature}`,
      setId: set.id,
      featureId: feature,
      explainer: 'planted',
      llm: null,
      text: `feature ${feature}`,
      problem: null,
      requestHash: null,
      provenanceId: set.provenanceId,
    }
  }
}

/** What a scorer gives to a judge that knows nothing. */
export function chanceOf(scorer: ScorerName): number {
  return scorer === 'simulation' ? 0 : scorer === 'intruder' ? 0.2 : 0.5
}
