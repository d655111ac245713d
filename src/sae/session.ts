import type * as OnnxRuntime from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { DataError } from '../core/errors.ts'

type Runtime = typeof OnnxRuntime

/** An input of a graph: its numbers and their shape. */
export interface GraphInput {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** A graph of a sparse autoencoder, ready to run on the CPU. */
export class SaeSession {
  readonly #runtime: Runtime
  readonly #session: InferenceSession

  private constructor(runtime: Runtime, session: InferenceSession) {
    this.#runtime = runtime
    this.#session = session
  }

  static async open(graph: Uint8Array): Promise<SaeSession> {
    const runtime = await importRuntime()
    return new SaeSession(
      runtime,
      await runtime.InferenceSession.create(graph, {
        logSeverityLevel: 3,
        // Threads that spin after a run take the processor from other sessions and from JavaScript.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      }),
    )
  }

  /** Runs the graph; outputs come as the runtime gives them. */
  async run(inputs: Readonly<Record<string, GraphInput>>): Promise<InferenceSession.OnnxValueMapType> {
    const feeds: Record<string, Tensor> = {}
    for (const [name, { data, shape }] of Object.entries(inputs))
      feeds[name] = new this.#runtime.Tensor('float32', data, shape)
    return this.#session.run(feeds)
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}

/** A float32 output. */
export function floats(results: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = results[name]?.data
  if (!(data instanceof Float32Array))
    throw new DataError('graph-output', `output ${name} is no float32 tensor`)
  return data
}

async function importRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (error) {
    throw new DataError(
      'runtime-unavailable',
      `onnxruntime-node has no build for ${process.platform} ${process.arch} (or its C library); gloss computes on Linux with glibc (x64, arm64), macOS arm64 and Windows`,
      { cause: error },
    )
  }
}
