import { DataError } from '../core/errors.ts'
import { float, OnnxGraph } from '../core/onnx.ts'
import { LOGITS, LOSS_PER_TOKEN } from '../core/subject-model.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Activation, Gpt2Config } from './gpt2-config.ts'
import { Gpt2Weights } from './gpt2-weights.ts'

/** The graph input that takes the place of a hook's value. */
export const REPLACEMENT = 'replacement'

/** Every hook of a GPT-2 with the shape of one token's value, in the order of computation. */
export function gpt2Hooks(config: Gpt2Config): Map<string, readonly number[]> {
  const residual = [config.dModel]
  const hooks = new Map<string, readonly number[]>([['hook_embed', residual]])
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `blocks.${layer}`
    hooks.set(`${block}.hook_resid_pre`, residual)
    hooks.set(`${block}.ln1.hook_normalized`, residual)
    hooks.set(`${block}.attn.hook_z`, [config.heads, config.dHead])
    hooks.set(`${block}.hook_attn_out`, residual)
    hooks.set(`${block}.hook_resid_mid`, residual)
    hooks.set(`${block}.ln2.hook_normalized`, residual)
    hooks.set(`${block}.mlp.hook_post`, [config.dMlp])
    hooks.set(`${block}.hook_mlp_out`, residual)
    hooks.set(`${block}.hook_resid_post`, residual)
  }
  return hooks
}

/**
 * The graph of a GPT-2 from `tokens` [rows, length] to the asked outputs: hooks, logits or loss per token.
 * With `replace`, that hook's value is the graph's second input and everything after it follows from there.
 * onnxruntime drops what no output needs.
 *
 * Source: Radford et al. 2019; weights laid out as in transformers' GPT2Model (Conv1D: [in, out]).
 */
export function gpt2Graph(
  checkpoint: Checkpoint,
  config: Gpt2Config,
  outputs: readonly string[],
  replace?: string,
): OnnxGraph {
  return new Gpt2GraphBuilder(checkpoint, config, outputs, replace).build()
}

/**
 * The graph from `directions` [rows, width] at a hook to `logits` [rows, vocabulary] along the direct path: to the
 * residual stream, minus the mean and times the gain as the final norm does, times the unembedding.
 * Null where no linear map leads from the hook to the residual stream.
 */
export function gpt2LogitEffectGraph(
  checkpoint: Checkpoint,
  config: Gpt2Config,
  hook: string,
): OnnxGraph | null {
  const graph = new OnnxGraph()
  const weights = new Gpt2Weights(checkpoint, config, graph)
  const width = gpt2Hooks(config)
    .get(hook)
    ?.reduce((product, size) => product * size, 1)
  if (width === undefined) return null
  const directions = graph.input('directions', 'float32', ['rows', width])
  const toResidual = weights.toResidual(hook, directions)
  if (toResidual === null) return null
  const mean = graph.add('ReduceMean', [toResidual, graph.integers([-1])])
  const centred = graph.add('Sub', [toResidual, mean])
  const scaled = graph.add('Mul', [centred, weights.vector('ln_f.weight', config.dModel)])
  graph.add('Gemm', [scaled, weights.unembedding()], { transB: 1 }, LOGITS)
  graph.output(LOGITS, 'float32', ['rows', config.vocabularySize])
  return graph
}

class Gpt2GraphBuilder {
  readonly #config: Gpt2Config
  readonly #outputs: readonly string[]
  readonly #replace: string | undefined
  readonly #graph = new OnnxGraph()
  readonly #weights: Gpt2Weights
  readonly #hooks: ReadonlyMap<string, readonly number[]>

  constructor(
    checkpoint: Checkpoint,
    config: Gpt2Config,
    outputs: readonly string[],
    replace: string | undefined,
  ) {
    this.#config = config
    this.#outputs = outputs
    this.#replace = replace
    this.#weights = new Gpt2Weights(checkpoint, config, this.#graph)
    this.#hooks = gpt2Hooks(config)
  }

  build(): OnnxGraph {
    const { dModel, layers, maxPositions, vocabularySize } = this.#config
    const graph = this.#graph
    const tokens = graph.input('tokens', 'int32', ['rows', 'length'])
    const lengths = graph.add('Shape', [tokens], { start: 1, end: 2 })
    const embedding = graph.add('Gather', [
      this.#weights.matrix('wte.weight', vocabularySize, dModel),
      tokens,
    ])
    const positions = graph.add('Slice', [
      this.#weights.matrix('wpe.weight', maxPositions, dModel),
      graph.integers([0]),
      lengths,
      graph.integers([0]),
    ])
    const mask = this.#causalMask(lengths)
    let residual = graph.add('Add', [this.#hook('hook_embed', embedding), positions])
    for (let layer = 0; layer < layers; layer++) residual = this.#block(layer, residual, mask)
    if (this.#outputs.includes(LOGITS) || this.#outputs.includes(LOSS_PER_TOKEN)) this.#head(residual, tokens)
    return graph
  }

  /** [length, length]: 0 where a token may look, −∞ above the diagonal. */
  #causalMask(lengths: string): string {
    const graph = this.#graph
    const square = graph.add('Concat', [lengths, lengths], { axis: 0 })
    const blocked = graph.add('Expand', [graph.scalar(Number.NEGATIVE_INFINITY), square])
    return graph.add('Trilu', [blocked, graph.integers([1])], { upper: 1 })
  }

  #block(layer: number, input: string, mask: string): string {
    const graph = this.#graph
    const block = `blocks.${layer}`
    const before = this.#hook(`${block}.hook_resid_pre`, input)
    const attended = this.#attention(
      layer,
      this.#norm(`h.${layer}.ln_1`, before, `${block}.ln1.hook_normalized`),
      mask,
    )
    const middle = this.#hook(`${block}.hook_resid_mid`, graph.add('Add', [before, attended]))
    const added = this.#mlp(layer, this.#norm(`h.${layer}.ln_2`, middle, `${block}.ln2.hook_normalized`))
    return this.#hook(`${block}.hook_resid_post`, graph.add('Add', [middle, added]))
  }

  #attention(layer: number, input: string, mask: string): string {
    const graph = this.#graph
    const { dModel, heads, dHead } = this.#config
    const prefix = `h.${layer}.attn`
    const fused = this.#linear(`${prefix}.c_attn`, input, dModel, 3 * dModel)
    const parts = ['query', 'key', 'value'].map((part) => `${prefix}.${part}`)
    graph.addMany('Split', [fused, graph.integers([dModel, dModel, dModel])], { axis: -1 }, parts)
    const split = graph.integers([0, 0, heads, dHead])
    const [query, key, value] = parts.map((part, index) =>
      // Keys are laid out [rows, heads, dHead, length], so that their product with queries needs no transposition.
      graph.add('Transpose', [graph.add('Reshape', [part, split])], {
        perm: index === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3],
      }),
    )
    const scores = graph.add('Mul', [
      graph.add('MatMul', [query!, key!]),
      graph.scalar(this.#config.scoreScale(layer)),
    ])
    const pattern = graph.add('Softmax', [graph.add('Add', [scores, mask])], { axis: -1 })
    const mixed = graph.add('Transpose', [graph.add('MatMul', [pattern, value!])], { perm: [0, 2, 1, 3] })
    const z = this.#hook(`blocks.${layer}.attn.hook_z`, mixed)
    const joined = graph.add('Reshape', [z, graph.integers([0, 0, dModel])])
    return this.#hook(
      `blocks.${layer}.hook_attn_out`,
      this.#linear(`${prefix}.c_proj`, joined, dModel, dModel),
    )
  }

  #mlp(layer: number, input: string): string {
    const { dModel, dMlp, activation } = this.#config
    const prefix = `h.${layer}.mlp`
    const activated = this.#activate(activation, this.#linear(`${prefix}.c_fc`, input, dModel, dMlp))
    const post = this.#hook(`blocks.${layer}.mlp.hook_post`, activated)
    return this.#hook(`blocks.${layer}.hook_mlp_out`, this.#linear(`${prefix}.c_proj`, post, dMlp, dModel))
  }

  #activate(activation: Activation, input: string): string {
    const graph = this.#graph
    switch (activation) {
      case 'relu':
        return graph.add('Relu', [input])
      case 'gelu':
        return graph.add('Gelu', [input])
      case 'gelu_new':
      case 'gelu_fast':
      case 'gelu_pytorch_tanh':
        return graph.add('Gelu', [input], { approximate: 'tanh' })
      case 'silu':
        return graph.add('Mul', [input, graph.add('Sigmoid', [input])])
      default:
        activation satisfies never
        throw new DataError('activation-unsupported', `unknown activation function ${String(activation)}`)
    }
  }

  #head(residual: string, tokens: string): void {
    const graph = this.#graph
    const { dModel, vocabularySize } = this.#config
    const normalized = this.#norm('ln_f', residual)
    const rows = graph.add('Reshape', [normalized, graph.integers([-1, dModel])])
    const flat = graph.add('Gemm', [rows, this.#weights.unembedding()], { transB: 1 })
    const shape = graph.add('Concat', [graph.add('Shape', [tokens]), graph.integers([vocabularySize])], {
      axis: 0,
    })
    const logits = graph.add('Reshape', [flat, shape], {}, LOGITS)
    if (this.#outputs.includes(LOGITS)) graph.output(LOGITS, 'float32', ['rows', 'length', vocabularySize])
    if (this.#outputs.includes(LOSS_PER_TOKEN)) this.#loss(logits, tokens)
  }

  /** Cross entropy of token t + 1 given the tokens up to t: logsumexp of the logits minus the target's logit. */
  #loss(logits: string, tokens: string): void {
    const graph = this.#graph
    const along = graph.integers([1])
    const predicting = graph.add('Slice', [logits, graph.integers([0]), graph.integers([-1]), along])
    const following = graph.add('Slice', [tokens, graph.integers([1]), graph.integers([2 ** 31]), along])
    const targets = graph.add('Unsqueeze', [following, graph.integers([2])])
    const chosen = graph.add('GatherElements', [predicting, targets], { axis: 2 })
    const normalizer = graph.add('ReduceLogSumExp', [predicting, graph.integers([2])])
    graph.add('Squeeze', [graph.add('Sub', [normalizer, chosen]), graph.integers([2])], {}, LOSS_PER_TOKEN)
    graph.output(LOSS_PER_TOKEN, 'float32', ['rows', 'following'])
  }

  #norm(name: string, input: string, hook?: string): string {
    const { dModel, epsilon } = this.#config
    const gain = this.#weights.vector(`${name}.weight`, dModel)
    const shift = this.#weights.vector(`${name}.bias`, dModel)
    const normalized = this.#graph.add('LayerNormalization', [input, gain, shift], {
      axis: -1,
      epsilon: float(epsilon),
    })
    return hook === undefined ? normalized : this.#hook(hook, normalized)
  }

  #linear(name: string, input: string, from: number, to: number): string {
    const product = this.#graph.add('MatMul', [input, this.#weights.matrix(`${name}.weight`, from, to)])
    return this.#graph.add('Add', [product, this.#weights.vector(`${name}.bias`, to)])
  }

  /** Names a value as a hook: declares it where it is asked for, and swaps it where it is to be replaced. */
  #hook(name: string, computed: string): string {
    const shape = ['rows', 'length', ...this.#hooks.get(name)!]
    if (name === this.#replace) return this.#graph.input(REPLACEMENT, 'float32', shape)
    if (!this.#outputs.includes(name)) return computed
    const value = this.#graph.add('Identity', [computed], {}, name)
    this.#graph.output(name, 'float32', shape)
    return value
  }
}
