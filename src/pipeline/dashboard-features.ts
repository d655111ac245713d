import type { NeuronpediaActivation, NeuronpediaFeature, NeuronpediaSource } from '../export/neuronpedia.ts'
import type { FeatureRecord, FeatureSetRecord, Store, StoredExample } from '../core/store.ts'
import { textOfBytes, textsOfTokens } from '../core/token-text.ts'
import { vocabularyOf } from './token-texts.ts'

/** The intervals of every bundled protocol that has them are twelve. */
const INTERVALS = 12

/** Features with their records as dashboards show them: texts of tokens, and the part of the range that a record is of. */
export class DashboardFeatures {
  readonly source: NeuronpediaSource
  readonly #store: Store
  readonly #set: FeatureSetRecord
  readonly #vocabulary: readonly Uint8Array[]
  readonly #protocol: string | undefined

  constructor(store: Store, set: FeatureSetRecord) {
    this.#store = store
    this.#set = set
    this.#vocabulary = vocabularyOf({ store }, set)
    this.#protocol = store.exports.exampleProtocols(set.id).find((protocol) => !protocol.includes('+'))
    this.source = sourceOf(store, set)
  }

  /** A feature's statistics. */
  feature({ id, density, max, histogram, logits }: FeatureRecord): NeuronpediaFeature {
    const effects = (pairs: readonly (readonly [number, number])[] = []): [string, number][] =>
      pairs.map(([token, value]) => [textOfBytes(this.#bytesOf(token)), value])
    return {
      index: id,
      density,
      max,
      hookName: this.#set.hook,
      histogram,
      top: effects(logits?.top),
      bottom: effects(logits?.bottom),
    }
  }

  /** A feature's stored examples. */
  activations(feature: FeatureRecord): NeuronpediaActivation[] {
    if (this.#protocol === undefined) return []
    return this.#store.examples
      .of(this.#set.id, feature.id, this.#protocol)
      .map((example) => this.#activation(feature, example))
  }

  #activation(feature: FeatureRecord, example: StoredExample): NeuronpediaActivation {
    const { slice, nominal, tokens, activations } = example
    const interval = /^interval (\d+)$/.exec(slice)
    return {
      index: feature.id,
      slice,
      tokens: textsOfTokens(tokens.map((token) => this.#bytesOf(token))),
      values: activations,
      qualifying: nominal,
      bin: interval && binOf(feature, Number(interval[1])),
    }
  }

  #bytesOf(token: number): Uint8Array {
    return this.#vocabulary[token] ?? new Uint8Array()
  }
}

function binOf({ max, histogram }: FeatureRecord, number: number): [number, number, number] {
  const per = histogram.length / INTERVALS
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  const total = sum(histogram)
  const within = sum(histogram.slice((number - 1) * per, number * per))
  return [((number - 1) / INTERVALS) * max, (number / INTERVALS) * max, total === 0 ? 0 : within / total]
}

/** Model and source as Neuronpedia names them. */
function sourceOf(store: Store, set: FeatureSetRecord): NeuronpediaSource {
  const { model } = store.provenance.get(set.provenanceId)
  const named = (name: string): string =>
    name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[-.]+|-+$/g, '')
  const modelId = named((model ?? '').split('/').at(-1)!).toLowerCase() || 'unknown'
  const layer = /^\d+-/.test(set.hook) ? set.hook : `${/\d+/.exec(set.hook)?.[0] ?? '0'}-${set.id}`
  return { modelId, layer: named(layer) }
}
