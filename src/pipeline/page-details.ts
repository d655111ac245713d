import { largestActivation, quantize } from '../autointerp/quantize.ts'
import type { DecoderFile } from '../core/dictionary.ts'
import { GlossError } from '../core/errors.ts'
import { parseScoringName, type Slice } from '../core/protocol.ts'
import type { FeatureSetRecord, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { featureRow } from './feature-rows.ts'
import { featureSetFolder } from './feature-set.ts'
import { tableOfText } from './feature-table.ts'
import { NearestDirections } from './nearest-directions.ts'
import { PastScores, type PastTools } from './past-scores.ts'
import { SimulationScorer } from './simulation-scorer.ts'
import type { Study } from './study.ts'
import { vocabularyOf } from './token-texts.ts'

/** What a page shows beside what is stored of a feature: it takes longer to find than a key may take. */
export interface PageDetails {
  readonly simulation: PageSimulation | null
  /** Why there is none; null where there is one. */
  readonly withoutSimulation: string | null
  /** The features with the most similar decoder rows, most similar first. */
  readonly neighbours: readonly PageNeighbour[] | null
  /** Why there are none; null where there are. */
  readonly withoutNeighbours: string | null
}

/** What the explanation last worked with predicts for the score examples. */
export interface PageSimulation {
  /** The score that it led to. */
  readonly score: string
  /** The largest level. */
  readonly scale: number
  readonly examples: readonly SimulatedExample[]
}

/** A score example with truth and prediction, token by token. */
export interface SimulatedExample {
  readonly slice: Slice
  readonly nominal: number
  readonly tokens: readonly string[]
  readonly activations: readonly number[]
  readonly levels: readonly number[]
  /** Levels, not always whole numbers; null where no answer could be read. */
  readonly predicted: readonly number[] | null
}

/** A feature that writes in a similar direction. */
export interface PageNeighbour {
  readonly feature: number
  /** Of the decoder rows. */
  readonly cosine: number
  readonly state: string
  /** Of the explanation last worked with. */
  readonly score: number | null
  readonly explanation: string | null
}

const NEIGHBOURS = 8

/** Finds the details of a set's features. What features have in common is read once. */
export class PageDetailSource {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #tools: PastTools
  readonly #past: PastScores
  readonly #openDecoder: (folder: string) => DecoderFile | null
  #vocabulary: readonly Uint8Array[] | undefined
  #directions: NearestDirections | string | undefined

  /** @param openDecoder null for sets that have no decoder */
  constructor(
    study: Study,
    set: FeatureSetRecord,
    tools: PastTools,
    openDecoder: (folder: string) => DecoderFile | null,
  ) {
    this.#study = study
    this.#set = set
    this.#tools = tools
    this.#past = new PastScores(study, set, tools)
    this.#openDecoder = openDecoder
  }

  /** The details of one feature. What cannot be found is said, never thrown. */
  async of(feature: number): Promise<PageDetails> {
    const simulation = await this.#simulation(feature)
    const neighbours = this.#neighbours(feature)
    return {
      simulation: typeof simulation === 'string' ? null : simulation,
      withoutSimulation: typeof simulation === 'string' ? simulation : null,
      neighbours: typeof neighbours === 'string' ? null : neighbours,
      withoutNeighbours: typeof neighbours === 'string' ? neighbours : null,
    }
  }

  async #simulation(feature: number): Promise<PageSimulation | string> {
    const { store, protocol: usual } = this.#study
    const row = featureRow(store, this.#set, feature)
    if (row?.explanation?.text == null) return 'it has no explanation that could predict'
    if (row.score === null) return 'not scored by simulation yet: run gloss score'
    const made = this.#past.open(row.explanation, row.score)
    if (typeof made === 'string') return made
    if (!(made.scorer instanceof SimulationScorer)) return 'it was not scored by simulation'
    const found = await made.scorer.predictions(made.item, 0)
    if (found === null) return 'it has no explanation that could predict'
    const { scale, rounding } = this.#tools.protocolOf(parseScoringName(row.score.protocol).protocol) ?? usual
    const max = largestActivation(found.explain)
    const shown = (
      { slice, nominal, tokens, activations }: StoredExample,
      index: number,
    ): SimulatedExample => ({
      slice,
      nominal,
      tokens: textsOfTokens(tokens.map((token) => this.#bytes(token))),
      activations,
      levels: activations.map((activation) => quantize(activation, max, scale, rounding)),
      predicted: found.own.predicted[index] ?? null,
    })
    return { score: row.score.id, scale, examples: found.score.map(shown) }
  }

  #neighbours(feature: number): PageNeighbour[] | string {
    this.#directions ??= this.#openDirections()
    if (typeof this.#directions === 'string') return this.#directions
    const nearest = this.#directions.of(feature, NEIGHBOURS)
    if (nearest === null) return 'its decoder row is zero'
    return nearest.map(({ feature: id, cosine }) => {
      const row = featureRow(this.#study.store, this.#set, id)
      return {
        feature: id,
        cosine,
        state: row?.feature.state ?? 'unknown',
        score: row?.score?.value ?? null,
        explanation: this.#readable(row?.explanation?.text ?? null),
      }
    })
  }

  #openDirections(): NearestDirections | string {
    if (this.#set.kind === 'imported') return 'the set was imported without its decoder'
    try {
      const file = this.#openDecoder(featureSetFolder(this.#study, this.#set))
      return file ? new NearestDirections(file) : 'neurons have no decoder: each is a direction of its own'
    } catch (error) {
      if (error instanceof GlossError) return error.message
      throw error
    }
  }

  /** A baseline's table as tokens with their levels. */
  #readable(text: string | null): string | null {
    const table = tableOfText(text ?? '')
    if (table === null) return text
    const entries = table.map(({ token, level }) => `${textOfBytes(this.#bytes(token)).trim()} ${level}`)
    return `baseline: ${entries.join(', ')}`
  }

  #bytes(token: number): Uint8Array {
    this.#vocabulary ??= vocabularyOf(this.#study, this.#set)
    return this.#vocabulary[token] ?? new Uint8Array()
  }
}
