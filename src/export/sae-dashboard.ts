import type { Json } from '../core/hash.ts'
import type { NeuronpediaActivation, NeuronpediaFeature, NeuronpediaSource } from './neuronpedia.ts'

/**
 * The files that sae-dashboard's Neuronpedia runner writes, key by key and in its order: `batch-N.json`,
 * `skipped_indexes.json`, `run_settings.json`. What gloss has not measured is an empty list, or null in the settings.
 */

/** Features of a batch. */
export const DASHBOARD_FEATURES = 128
/** The logarithm of a density below which no feature is. */
const NO_THRESHOLD = -1000
/** Says "the strongest", where a record is of no interval of the range. */
const TOP = -1

/** What the contexts were that features were seen in. */
export interface DashboardCorpus {
  readonly contexts: number
  readonly contextLength: number
  /** A name for it. */
  readonly dataset: string
}

/** What a run of the runner would have been set to. */
export interface DashboardRun extends DashboardCorpus {
  readonly batches: number
  /** Examples of the `top` slice, and of every interval, that a feature has at most. */
  readonly top: number
  readonly perInterval: number
  readonly intervals: number
}

/** The layer's number and the set's name; a source is `LAYER-SET`. */
function partsOf({ layer }: NeuronpediaSource): readonly [layer: number, set: string] {
  const [, number = '0', set = layer] = /^(\d+)-(.*)$/.exec(layer) ?? []
  return [Number(number), set]
}

/** The content of a `batch-N.json`, around its features. */
export function dashboardBatch(source: NeuronpediaSource, features: readonly Json[]): Json {
  const [layer, set] = partsOf(source)
  return { model_id: source.modelId, layer, sae_set: set, sae_id_suffix: null, features }
}

/**
 * A feature of a batch. Only records of the two kinds that the format has are in it: the strongest, then those of
 * intervals from the highest down. `bin_contains` is a share of all tokens, so that the lowest interval holds the silent.
 */
export function dashboardFeature(
  feature: NeuronpediaFeature,
  records: readonly NeuronpediaActivation[],
  corpus: DashboardCorpus,
): Json {
  const { index, density, max, histogram, top, bottom } = feature
  const strongest = records.filter(({ slice }) => slice === 'top')
  const intervals = records.filter(({ bin }) => bin !== null).toSorted((a, b) => b.bin![0] - a.bin![0])
  const bars = density > 0 ? histogram : []
  return {
    feature_index: index,
    neuron_alignment_indices: [],
    neuron_alignment_values: [],
    neuron_alignment_l1: [],
    correlated_neurons_indices: [],
    correlated_neurons_l1: [],
    correlated_neurons_pearson: [],
    correlated_features_indices: [],
    correlated_features_l1: [],
    correlated_features_pearson: [],
    neg_str: bottom.map(([token]) => token),
    neg_values: bottom.map(([, value]) => value),
    pos_str: top.map(([token]) => token),
    pos_values: top.map(([, value]) => value),
    frac_nonzero: density,
    freq_hist_data_bar_values: bars.map((_, bar) => ((bar + 0.5) / bars.length) * max),
    freq_hist_data_bar_heights: bars,
    logits_hist_data_bar_heights: [],
    logits_hist_data_bar_values: [],
    n_prompts_total: corpus.contexts,
    n_tokens_in_prompt: corpus.contextLength,
    dataset: corpus.dataset,
    decoder_weights_dist: [],
    activations: [
      ...strongest.map((record) => activation(record, [TOP, max, TOP])),
      ...intervals.map((record) => activation(record, shareOfAll(record.bin!, density))),
    ],
    vector: [],
  }
}

function activation(
  { tokens, values, qualifying }: NeuronpediaActivation,
  [minimum, maximum, contains]: readonly [number, number, number],
): Json {
  return {
    bin_min: minimum,
    bin_max: maximum,
    bin_contains: contains,
    tokens,
    values,
    qualifying_token_index: qualifying,
    dfa_values: [],
    dfa_maxValue: 0,
    dfa_targetIndex: -1,
  }
}

/** A share of the firings as a share of all tokens. */
function shareOfAll(
  [minimum, maximum, contains]: readonly [number, number, number],
  density: number,
): readonly [number, number, number] {
  return [minimum, maximum, minimum === 0 ? 1 - density * (1 - contains) : density * contains]
}

/** The content of `skipped_indexes.json`. @param skipped features that no batch has */
export function skippedIndexes(source: NeuronpediaSource, skipped: readonly number[]): Json {
  const [layer, set] = partsOf(source)
  return {
    model_id: source.modelId,
    layer: String(layer),
    sae_set: set,
    log_sparsity: NO_THRESHOLD,
    skipped_indexes: skipped,
  }
}

/** The content of `run_settings.json`: every setting of the runner; null for those that say nothing of gloss. */
export function runSettings(source: NeuronpediaSource, run: DashboardRun): Json {
  const [layer, set] = partsOf(source)
  return {
    sae_set: set,
    sae_path: '',
    outputs_dir: '',
    np_sae_id_suffix: null,
    np_set_name: null,
    from_local_sae: true,
    sparsity_threshold: NO_THRESHOLD,
    huggingface_dataset_path: run.dataset,
    n_prompts_total: run.contexts,
    n_tokens_in_prompt: run.contextLength,
    n_prompts_in_forward_pass: 1,
    n_features_at_a_time: DASHBOARD_FEATURES,
    quantile_feature_batch_size: DASHBOARD_FEATURES,
    start_batch: 0,
    end_batch: run.batches,
    n_quantiles: run.intervals,
    top_acts_group_size: run.top,
    quantile_group_size: run.perInterval,
    use_dfa: false,
    model_dtype: 'float32',
    sae_dtype: 'float32',
    model_id: source.modelId,
    layer,
    sae_device: null,
    activation_store_device: null,
    model_device: null,
    model_n_devices: null,
    use_wandb: false,
    shuffle_tokens: false,
    prefix_str: null,
    suffix_str: null,
    ignore_positions: null,
    prepend_bos: null,
    ignore_high_activation_norm_multiple: null,
    hf_model_path: null,
    use_transcoder: false,
    use_skip_transcoder: false,
    use_clt: false,
    clt_layer_idx: null,
    clt_dtype: '',
    clt_weights_filename: '',
    sae_converter_name: null,
  }
}
