/**
 * The public API: the pure parts of gloss, for scripts that score, sample or read the same way as the program does.
 *
 * @example
 * import { quantize, spearman } from 'gloss'
 */
export {
  type BigramEntry,
  type BigramTable,
  bigramTable,
  parseBigramTable,
  renderBigramTable,
  simulateByBigramTable,
} from './autointerp/bigram-table.ts'
export {
  Bootstrap,
  bootstrapIntervals,
  type BootstrapIntervals,
  type Interval,
  percentileInterval,
  quantile,
  type ResampledGain,
} from './autointerp/bootstrap.ts'
export {
  type ComparedFeature,
  compareScores,
  type EffectSize,
  type MatchedEffect,
  type ScoreComparison,
} from './autointerp/compare-scores.ts'
export { isConstant, pearson, spearman } from './autointerp/correlation.ts'
export { mannWhitney, type RankTest } from './autointerp/mann-whitney.ts'
export { explainRequest } from './autointerp/explain-messages.ts'
export { type ParsedExplanation, parseExplanation } from './autointerp/explanation-reply.ts'
export { type ExplainPrompt, parseExplainPrompt } from './autointerp/explain-prompt.ts'
export { connectedComponents } from './autointerp/feature-clusters.ts'
export {
  type LevelledWindow,
  parseSimulatePrompt,
  renderIndices,
  renderLevels,
  type SimulatePrompt,
} from './autointerp/prompt-file.ts'
export { compositionPredictions, constantPredictions, positionPredictions } from './autointerp/controls.ts'
export { discoveries } from './autointerp/false-discovery.ts'
export {
  type Importance,
  importanceWeight,
  intervalShares,
  weightedSpearman,
} from './autointerp/importance-weights.ts'
export {
  parseQuestionPrompt,
  type QuestionPrompt,
  questionRequest,
  type QuestionWindow,
  renderVerdicts,
} from './autointerp/question-prompt.ts'
export { believedVerdicts, parseVerdicts, type Verdict } from './autointerp/question-reply.ts'
export {
  type ControlVerdicts,
  type QuestionLimits,
  type QuestionScores,
  scoreQuestions,
  type Verdicts,
} from './autointerp/question-score.ts'
export {
  detectionQuestions,
  fuzzingQuestions,
  intruderQuestions,
  logitQuestions,
  type Question,
} from './autointerp/questions.ts'
export { dealBlock, type IsolateBlock, planBlocks } from './autointerp/isolate-blocks.ts'
export { type IsolatedExample, isolateRequest } from './autointerp/isolate-messages.ts'
export { makePuzzles, type Puzzle, scorePuzzle, simulateConcept } from './autointerp/puzzles/puzzle.ts'
export { type PuzzleScores, type Ranking, rankPuzzles } from './autointerp/puzzles/ranking.ts'
export { largestActivation, quantize } from './autointerp/quantize.ts'
export { ResampledSpearman } from './autointerp/resampled-spearman.ts'
export { type Resample, type ResampledStatistic, Resamples } from './autointerp/resamples.ts'
export { spearmanOnResamples } from './autointerp/spearman-on-resamples.ts'
export { type PartnerCandidate, shuffledPartners } from './autointerp/shuffled-partners.ts'
export { dealExamples, renderAnswer, simulateRequest } from './autointerp/simulate-messages.ts'
export { type ParsedSimulation, parseSimulation } from './autointerp/simulation-reply.ts'
export type { FurtherScores, FurtherStatistics } from './autointerp/further-statistics.ts'
export {
  type ControlPredictions,
  scoreSimulation,
  type SimulationScores,
} from './autointerp/simulation-score.ts'
export type { Coverage, SimulatedExample } from './autointerp/simulated-examples.ts'
export { median, type Quartiles, quartiles } from './autointerp/summary.ts'
export {
  parseTokenTable,
  renderTokenTable,
  simulateByTokenTable,
  tokenTable,
  type TokenTableEntry,
} from './autointerp/token-table.ts'
export { activationHistogram, tokenCounts, tokenShare } from './collect/feature-statistics.ts'
export { type FeatureSample, FeatureSampler } from './collect/sample.ts'
export { DocumentSplit } from './collect/split.ts'
export { WindowIndex } from './collect/windows.ts'
export type { ChatMessage, ChatRequest } from './core/chat-model.ts'
export { type ContextPlan, contextBatch, eligibleTokens, planContexts } from './core/contexts.ts'
export { cliffsDelta } from './core/dominance.ts'
export { matchedDelta } from './core/matched-delta.ts'
export { parseProtocol, type Protocol, type Slice, type Use } from './core/protocol.ts'
export { Random } from './core/random.ts'
export type { Example, FeatureState } from './core/records.ts'
export { SafetensorsFile, SafetensorsWriter, writeSafetensors } from './core/safetensors.ts'
export type { ControlResult, ScoreResult, UndefinedReason } from './core/scores.ts'
export type { TokenCorpus } from './core/token-corpus.ts'
export { type Estimate, estimateByFeature } from './review/bootstrap-features.ts'
export { type EventKind, type RatingEvent, type RatingPayload } from './review/event.ts'
export { foldEvents, type RaterState } from './review/fold.ts'
export { type IntraclassCorrelation, intraclassCorrelation } from './review/intraclass.ts'
export { krippendorffAlpha, type Metric } from './review/krippendorff.ts'
export { planSession, type PlannedItem, type SessionDraw } from './review/plan-session.ts'
export { kendallTau } from './review/rank-correlation.ts'
export { parseRubric, type Rubric } from './review/rubric.ts'
export { cohenKappa } from './review/cohen-kappa.ts'
export { weightedKappa } from './review/weighted-kappa.ts'
export { loadSaeLens, saveSaeLens } from './sae/saelens-format.ts'
