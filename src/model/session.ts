import type * as OnnxRuntime from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { DataError } from '../core/errors.ts'
import type { FloatTensor } from '../core/tensor.ts'

type Runtime = typeof OnnxRuntime

/** A graph ready to run on the CPU. */
export class ModelSession {
  readonly #runtime: Runtime
  readonly #session: InferenceSession

  private constructor(runtime: Runtime, session: InferenceSession) {
    this.#runtime = runtime
    this.#session = session
  }

  /** Opens a graph whose external initializers lie under `weightsFolder`. */
  static async open(graph: Uint8Array, weightsFolder: string): Promise<ModelSession> {
    const runtime = await importRuntime()
    const session = await runtime.InferenceSession.create(graph, {
      logSeverityLevel: 3,
      extra: {
        session: {
          model_external_initializers_file_folder_path: weightsFolder,
          // Threads that spin after a run take the processor from other sessions and from JavaScript.
          intra_op: { allow_spinning: '0' },
        },
      },
    })
    return new ModelSession(runtime, session)
  }

  /** Runs the graph on int32 or float32 inputs; all its outputs are float32. */
  async run(
    feeds: Readonly<Record<string, Int32Array | Float32Array>>,
    shapes: Readonly<Record<string, readonly number[]>>,
  ): Promise<Map<string, FloatTensor>> {
    const inputs: Record<string, Tensor> = {}
    for (const [name, data] of Object.entries(feeds)) {
      const shape = shapes[name]!
      inputs[name] =
        data instanceof Int32Array
          ? new this.#runtime.Tensor('int32', data, shape)
          : new this.#runtime.Tensor('float32', data, shape)
    }
    const results = await this.#session.run(inputs)
    const outputs = new Map<string, FloatTensor>()
    for (const [name, tensor] of Object.entries(results)) {
      if (!(tensor.data instanceof Float32Array))
        throw new DataError('graph-output', `output ${name} is no float32 tensor`)
      outputs.set(name, { shape: tensor.dims, data: tensor.data })
    }
    return outputs
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}

/** onnxruntime-node is loaded when first needed: it takes a while, and platforms without its binary can still read a study. */
async function importRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (error) {
    throw new DataError(
      'runtime-unavailable',
      `onnxruntime-node has no build for ${process.platform} ${process.arch} (or its C library); models run on Linux with glibc (x64, arm64), macOS arm64 and Windows`,
      { cause: error },
    )
  }
}
