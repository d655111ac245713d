import { largestActivation } from '../autointerp/quantize.ts'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Protocol } from '../core/protocol.ts'
import type { FeatureSetRecord, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import type {
  ReportEffect,
  ReportExample,
  ReportExplanation,
  ReportFeature,
  ReportOverview,
} from '../export/report-data.ts'
import type { ReportRating } from '../export/report-ratings.ts'
import { type FeatureRow, featureRows } from './feature-rows.ts'
import { currentSet } from './feature-set.ts'
import { type FeatureSummary, featureTable, tableOfText } from './feature-table.ts'
import { PastScores, type PastTools } from './past-scores.ts'
import { reportRatings, reportSessions } from './report-ratings.ts'
import { eventLoopTurn } from './sample.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import { status } from './status.ts'
import type { Study } from './study.ts'
import { vocabularyOf } from './token-texts.ts'

/** Strongest examples of a feature, and examples with their simulation, that a report holds. */
const EXAMPLES = 12
const TOP_TOKENS = 8
const SIGNIFICANT_DIGITS = 3

/** The first part of a report: the study in numbers, and the table of all features. */
export function reportOverview(study: Study): ReportOverview {
  const { store } = study
  const set = currentSet(study)
  const rows = featureTable(store, set)
  const sessions = reportSessions(store, set)
  return {
    study: {
      ...status(store, set),
      version: study.version,
      model: store.provenance.get(set.provenanceId).model,
      eligible: store.collections.get(set.id)?.eligible ?? null,
    },
    table: {
      feature: rows.map(({ feature }) => feature),
      standing: rows.map(({ standing }) => standing),
      density: rows.map(({ density }) => significant(density)),
      max: rows.map(({ max }) => significant(max)),
      firings: featuresBy(rows, store.features.all(set.id), ({ firings }) => firings),
      topTokens: rows.map(({ topTokens }) => topTokens.slice(0, TOP_TOKENS).map(shownToken).join(' ')),
      register: rows.map(({ register }) => register && shown(register)),
      explanation: rows.map(({ explanation, table }) => explanationText(explanation, table)),
      score: rows.map(({ score }) => score),
      low: rows.map(({ low }) => low),
      high: rows.map(({ high }) => high),
      shuffled: rows.map(({ shuffled }) => shuffled),
      aboveBaseline: rows.map(({ aboveBaseline }) => aboveBaseline),
    },
    ...(sessions.length > 0 && { sessions }),
  }
}

/** Every feature of the current set in the order of their ids, one after the other: all of them need not fit in memory. */
export async function* reportFeatures(study: Study, tools: PastTools): AsyncGenerator<ReportFeature> {
  const source = new FeatureSource(study, currentSet(study), tools)
  for (const row of featureRows(study.store, source.set)) {
    yield await source.feature(row)
    await eventLoopTurn()
  }
}

/** Reads features with all that their pages show. */
class FeatureSource {
  readonly set: FeatureSetRecord
  readonly #study: Study
  readonly #past: PastScores
  readonly #vocabulary: readonly Uint8Array[]
  readonly #documents: readonly { readonly name: string; readonly register: string | null }[]
  readonly #protocol: Protocol
  readonly #ratings: ReadonlyMap<number, readonly ReportRating[]>

  constructor(study: Study, set: FeatureSetRecord, tools: PastTools) {
    this.set = set
    this.#study = study
    this.#past = new PastScores(study, set, tools)
    this.#vocabulary = vocabularyOf(study, set)
    const collection = study.store.collections.get(set.id)
    this.#documents = collection ? study.store.documents.all(collection.corpusHash) : []
    // What was last worked with, which gloss.yaml need not name.
    this.#protocol = tools.protocolOf(study.store.study.get('protocol') ?? '') ?? study.protocol
    this.#ratings = reportRatings(study.store, set)
  }

  async feature(row: FeatureRow): Promise<ReportFeature> {
    const { feature } = row
    const { store } = this.#study
    const examples = store.examples.of(this.set.id, feature.id, this.#protocol.name)
    const explain = examples.filter(({ use }) => use === 'explain')
    const simulated = await this.#simulated(row)
    const ratings = this.#ratings.get(feature.id)
    return {
      feature: feature.id,
      tokenShare: feature.tokenShare === null ? null : significant(feature.tokenShare),
      singleToken: feature.singleToken,
      histogram: feature.histogram,
      logits: feature.logits && {
        top: this.#effects(feature.logits.top),
        bottom: this.#effects(feature.logits.bottom),
      },
      explanations: store.explanations
        .of(this.set.id, feature.id)
        .map(({ id, text, problem, explainer, llm }) => ({
          text: this.#text(text) || `no explanation: ${problem}`,
          explainer: shown(explainer),
          llm: llm && shown(llm),
          scores: this.#scores(id),
        })),
      examples: explain
        .map((example) => ({ example, strongest: Math.max(...example.activations) }))
        .filter(({ strongest }) => strongest > 0)
        .toSorted((a, b) => b.strongest - a.strongest || a.example.id - b.example.id)
        .slice(0, EXAMPLES)
        .map(({ example }) => this.#example(example)),
      simulated,
      ...(ratings && { ratings }),
      scale: { max: largestActivation(explain) || feature.max || 1, levels: this.#protocol.scale },
    }
  }

  /** Score examples at equal steps through all slices, with what stored replies predict for them. */
  async #simulated({ explanation, score }: FeatureRow): Promise<ReportExample[]> {
    if (explanation?.text == null || score === null) return []
    const made = this.#past.open(explanation, score)
    if (typeof made === 'string' || !(made.scorer instanceof SimulationScorer)) return []
    const found = await made.scorer.predictions(made.item, 0)
    if (found === null) return []
    const step = Math.max(1, found.score.length / EXAMPLES)
    return Array.from({ length: Math.min(EXAMPLES, found.score.length) }, (_, place) => {
      const index = Math.floor(place * step)
      return {
        ...this.#example(found.score[index]!),
        predicted: found.own.predicted[index]?.map(significant) ?? null,
      }
    })
  }

  #scores(explanationId: string): ReportExplanation['scores'] {
    const { store } = this.#study
    return store.scores.of(explanationId).map((score) => ({
      scorer: shown(score.scorer),
      protocol: shown(score.protocol),
      tier: score.tier,
      value: rounded(score.value),
      low: rounded(score.low),
      high: rounded(score.high),
      n: score.n,
      undefined: score.undefined,
      controls: store.scores
        .controlsOf(score.id)
        .map(({ name, value, gain }) => [shown(name), rounded(value), rounded(gain)] as const),
    }))
  }

  #example({ slice, document, nominal, tokens, activations }: StoredExample): ReportExample {
    return {
      slice,
      document: shown(this.#documents[document]?.name ?? String(document)),
      nominal,
      tokens: textsOfTokens(tokens.map((token) => this.#bytes(token))).map(shown),
      activations: activations.map(significant),
    }
  }

  #effects(effects: readonly (readonly [number, number])[]): ReportEffect[] {
    return effects
      .slice(0, EXAMPLES)
      .map(([token, value]) => [shownToken(textOfBytes(this.#bytes(token))), significant(value)])
  }

  #text(text: string | null): string {
    return explanationText(
      text,
      tableOfText(text ?? '')?.map(({ token, level }) => [textOfBytes(this.#bytes(token)), level] as const) ??
        null,
    )
  }

  #bytes(token: number): Uint8Array {
    return this.#vocabulary[token] ?? new Uint8Array()
  }
}

function featuresBy<Feature extends { readonly id: number }>(
  rows: readonly FeatureSummary[],
  features: readonly Feature[],
  of: (feature: Feature) => number,
): number[] {
  const byId = new Map(features.map((feature) => [feature.id, of(feature)]))
  return rows.map(({ feature }) => byId.get(feature)!)
}

function explanationText(text: string | null, table: FeatureSummary['table']): string {
  if (table === null) return shown(text ?? '')
  return `baseline: ${table.map(([token, level]) => `${shownToken(token)} ${level}`).join(', ')}`
}

/** What is invisible, or would reorder what stands around it, becomes a mark: a page shows text as a terminal does. */
function shown(text: string): string {
  return escapeForTerminal(text)
}

function shownToken(token: string): string {
  return shown(token.trim() === '' ? token.replaceAll(' ', '␣') : token.trim())
}

function significant(value: number): number {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS))
}

/** Scores to four places: a page shows two. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e4) / 1e4
}
