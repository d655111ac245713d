import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { UsageError } from '../core/errors.ts'
import { parseScoringName, type Slice } from '../core/protocol.ts'
import type { ControlName } from '../core/scores.ts'
import type {
  ControlRecord,
  ExplanationRecord,
  Provenance,
  ScoreRecord,
  StoredExample,
} from '../core/store.ts'
import { currentSet } from './feature-set.ts'
import { type PastScore, PastScores, type PastTools } from './past-scores.ts'
import { QuestionScorer } from './question-scorer.ts'
import { scoreFormula } from './score-formulas.ts'
import { type ScoredQuestion, scoredQuestions } from './scored-questions.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** Everything that one score was made of: what `gloss show FEATURE --score ID --json` prints. */
export interface ScorePage {
  readonly feature: number
  readonly score: ScoreRecord
  /** How its value follows from what stands below. */
  readonly formula: string
  readonly controls: readonly ControlRecord[]
  readonly explanation: ExplanationRecord
  readonly provenance: Provenance
  /** The explanation's request with its reply, then those of the score and of its controls. */
  readonly requests: readonly ScoreRequest[]
  /** M, the largest activation of the explain examples; levels are shares of it. */
  readonly max: number
  /** What was simulated; none for a scorer that asks questions. */
  readonly examples: readonly ScoredExample[]
  /** What was asked, in the order in which it was; none for a simulation. */
  readonly questions: readonly ScoredQuestion[]
  /** π, the share of windows in which the feature fires, for a precision; null elsewhere. */
  readonly firingShare: number | null
  /** Why requests and predictions are not there; null where they are. */
  readonly notRepeatable: string | null
}

/** A request as it was sent, with what came back, as it came. */
export interface ScoreRequest {
  readonly purpose: 'explanation' | 'score' | ControlName
  readonly hash: string
  readonly body: string | null
  /** Null where there is no reply. */
  readonly response: string | null
}

/** A score example with what was predicted for it. */
export interface ScoredExample {
  readonly id: number
  readonly slice: Slice
  readonly document: number
  readonly position: number
  readonly nominal: number
  readonly tokens: readonly string[]
  readonly tokenIds: readonly number[]
  readonly activations: readonly number[]
  readonly levels: readonly number[]
  /** By `score` and the controls' names; null where no answer could be read. */
  readonly predicted: Readonly<Record<string, readonly number[] | null>>
}

/** @throws {UsageError} `score-unknown` */
export async function scorePage(
  study: Study,
  tools: PastTools,
  feature: number,
  id: string,
): Promise<ScorePage> {
  const { store } = study
  const set = currentSet(study)
  const scored = store.explanations
    .of(set.id, feature)
    .flatMap((explanation) => store.scores.of(explanation.id).map((score) => ({ explanation, score })))
    .find(({ score }) => score.id === id)
  if (!scored)
    throw new UsageError(
      'score-unknown',
      `expected the id of a score of feature ${feature}, found ${JSON.stringify(id)}; gloss show ${feature} --json lists them`,
    )
  const { explanation, score } = scored
  const made = new PastScores(study, set, tools).open(explanation, score)
  const { protocol } = parseScoringName(score.protocol)
  const all = store.examples.of(set.id, feature, protocol)
  const max = largestActivation(all.filter(({ use }) => use === 'explain'))
  const predictions = typeof made === 'string' ? null : await predictionsOf(made)
  const simulated = score.scorer.startsWith('simulation')
  const examples = predictions?.examples ?? (simulated ? all.filter(({ use }) => use === 'score') : [])
  const textsOf = tokenTexts(study, set)
  const found = tools.protocolOf(protocol) ?? study.protocol
  const { scale, rounding } = found
  const questioner = typeof made !== 'string' && made.scorer instanceof QuestionScorer ? made.scorer : null
  const firingShare = score.scorer.endsWith('.precision') ? (questioner?.firingShare(feature) ?? null) : null
  return {
    feature,
    score,
    formula: scoreFormula(score, found, firingShare),
    controls: store.scores.controlsOf(score.id),
    explanation,
    provenance: store.provenance.get(score.provenanceId),
    requests: [
      ...(explanation.requestHash === null
        ? []
        : [storedRequest(study, 'explanation', explanation.requestHash)]),
      ...(typeof made === 'string' ? [] : requestsOf(study, made)),
    ],
    max,
    examples: examples.map((example, index) => ({
      ...shown(example),
      tokens: textsOf(example.tokens),
      levels: example.activations.map((activation) => quantize(activation, max, scale, rounding)),
      predicted: Object.fromEntries(
        [...(predictions?.predicted ?? [])].map(([name, rows]) => [name, rows[index] ?? null]),
      ),
    })),
    questions: typeof made === 'string' ? [] : await scoredQuestions(made, textsOf),
    firingShare,
    notRepeatable: typeof made === 'string' ? made : null,
  }
}

function shown({ id, slice, document, position, nominal, tokens, activations }: StoredExample) {
  return { id, slice, document, position, nominal, tokenIds: tokens, activations }
}

async function predictionsOf({ scorer, item }: PastScore): Promise<{
  examples: readonly StoredExample[]
  predicted: ReadonlyMap<string, readonly (readonly number[] | null)[]>
} | null> {
  if (!(scorer instanceof SimulationScorer)) return null
  const predictions = await scorer.predictions(item, 0)
  if (predictions === null) return null
  const predicted = new Map([
    ['score', predictions.own.predicted],
    ...predictions.controls.map((control) => [control.name, control.predicted] as const),
  ])
  return { examples: predictions.score, predicted }
}

function requestsOf(study: Study, { scorer, item, llm }: PastScore): ScoreRequest[] {
  if (llm === null) return []
  return [...scorer.requests(item)].map(({ request, control }) => {
    const purpose = control ?? 'score'
    const stored = llm.chat.answered(request)
    return stored
      ? storedRequest(study, purpose, stored.hash)
      : { purpose, hash: '', body: JSON.stringify(request), response: null }
  })
}

function storedRequest({ store }: Study, purpose: ScoreRequest['purpose'], hash: string): ScoreRequest {
  const record = store.requests.get(hash)
  return { purpose, hash, body: record?.body ?? null, response: record?.response ?? null }
}
