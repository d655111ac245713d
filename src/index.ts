/**
 * The public API: the pure parts of gloss, for scripts that score, sample or read the same way as the program does.
 *
 * @example
 * import { quantize, spearman } from 'gloss'
 */
export {
  Bootstrap,
  bootstrapIntervals,
  type Interval,
  percentileInterval,
  quantile,
} from './autointerp/bootstrap.ts'
export { isConstant, pearson, spearman } from './autointerp/correlation.ts'
export { explainRequest } from './autointerp/explain-messages.ts'
export { type ParsedExplanation, parseExplanation } from './autointerp/explanation-reply.ts'
export {
  type ExplainPrompt,
  type LevelledWindow,
  parseExplainPrompt,
  parseSimulatePrompt,
  renderIndices,
  renderLevels,
  type SimulatePrompt,
} from './autointerp/prompt-file.ts'
export { largestActivation, quantize } from './autointerp/quantize.ts'
export { type Resample, ResampledSpearman } from './autointerp/resampled-spearman.ts'
export { type PartnerCandidate, shuffledPartners } from './autointerp/shuffled-partners.ts'
export { dealExamples, renderAnswer, simulateRequest } from './autointerp/simulate-messages.ts'
export { type ParsedSimulation, parseSimulation } from './autointerp/simulation-reply.ts'
export {
  type ControlPredictions,
  type Coverage,
  positionPredictions,
  scoreSimulation,
  type SimulatedExample,
  type SimulationScores,
} from './autointerp/simulation-score.ts'
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
export { matchedDelta } from './review/matched-difference.ts'
export { planSession, type PlannedItem, type SessionDraw } from './review/plan-session.ts'
export { kendallTau } from './review/rank-correlation.ts'
export { parseRubric, type Rubric } from './review/rubric.ts'
export { weightedKappa } from './review/weighted-kappa.ts'
export { loadSaeLens, saveSaeLens } from './sae/saelens-format.ts'
