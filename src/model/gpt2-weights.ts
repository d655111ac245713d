import type { OnnxGraph } from '../core/onnx.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Gpt2Config } from './gpt2-config.ts'

/** The checkpoint's tensors as constants of one graph, each added once. */
export class Gpt2Weights {
  readonly #checkpoint: Checkpoint
  readonly #config: Gpt2Config
  readonly #graph: OnnxGraph
  readonly #prefix: string
  readonly #added = new Map<string, string>()

  constructor(checkpoint: Checkpoint, config: Gpt2Config, graph: OnnxGraph) {
    this.#checkpoint = checkpoint
    this.#config = config
    this.#graph = graph
    // The hub's original GPT-2 files carry no prefix, those that transformers writes do.
    this.#prefix = checkpoint.has('wte.weight') ? '' : 'transformer.'
  }

  matrix(name: string, rows: number, columns: number): string {
    return this.#add(this.#prefix + name, [rows, columns])
  }

  vector(name: string, size: number): string {
    return this.#add(this.#prefix + name, [size])
  }

  /** [vocabulary, dModel]. */
  unembedding(): string {
    const { vocabularySize, dModel, tiedHead } = this.#config
    return tiedHead
      ? this.matrix('wte.weight', vocabularySize, dModel)
      : this.#add('lm_head.weight', [vocabularySize, dModel])
  }

  /** The linear map from a hook to what it adds to the residual stream, applied to [rows, width]; null if none. */
  toResidual(hook: string, directions: string): string | null {
    const { dModel, dMlp } = this.#config
    const match = /^(?:blocks\.(\d+)\.)?(.+)$/.exec(hook)
    const layer = match?.[1]
    switch (match?.[2]) {
      case 'hook_embed':
      case 'hook_resid_pre':
      case 'hook_attn_out':
      case 'hook_resid_mid':
      case 'hook_mlp_out':
      case 'hook_resid_post':
        return directions
      case 'attn.hook_z':
        return this.#graph.add('MatMul', [
          directions,
          this.matrix(`h.${layer}.attn.c_proj.weight`, dModel, dModel),
        ])
      case 'mlp.hook_post':
        return this.#graph.add('MatMul', [
          directions,
          this.matrix(`h.${layer}.mlp.c_proj.weight`, dMlp, dModel),
        ])
      default:
        return null
    }
  }

  #add(name: string, shape: readonly number[]): string {
    let value = this.#added.get(name)
    if (value === undefined) {
      value = this.#checkpoint.addTo(this.#graph, name, shape)
      this.#added.set(name, value)
    }
    return value
  }
}
