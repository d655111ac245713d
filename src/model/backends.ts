import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { OnnxGraph } from '../core/onnx.ts'

/** What onnxruntime was built with. */
export interface Runtime {
  readonly version: string
  readonly backends: readonly string[]
}

/** Onnxruntime's version and backends; null where it has no build for this platform. */
export async function findRuntime(): Promise<Runtime | null> {
  try {
    const { env, listSupportedBackends } = await import('onnxruntime-node')
    return {
      version: env.versions.node ?? env.versions.common,
      backends: listSupportedBackends().map(({ name }) => name),
    }
  } catch {
    return null
  }
}

/** Whether WebGPU finds an adapter; a text says why it is not known. */
export type AdapterFinding = boolean | string

const PATIENCE_MS = 5000

/** Opens a graph on WebGPU in a process of its own, since drivers can crash or hang the one that they are loaded into. */
export function findWebGpuAdapter(): Promise<AdapterFinding> {
  const runtime = JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))
  const graph = Buffer.from(smallestGraph()).toString('base64')
  const script = `require(${runtime}).InferenceSession.create(Buffer.from('${graph}', 'base64'), { executionProviders: ['webgpu'], logSeverityLevel: 4 })`
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['-e', script],
      { timeout: PATIENCE_MS, killSignal: 'SIGKILL' },
      (error, _stdout, stderr) => {
        if (error === null) resolve(true)
        else if (/get a WebGPU adapter/i.test(stderr)) resolve(false)
        else resolve(error.killed ? `no answer within ${PATIENCE_MS / 1000} s` : 'the attempt failed')
      },
    )
  })
}

function smallestGraph(): Uint8Array {
  const graph = new OnnxGraph()
  const x = graph.input('x', 'float32', [1])
  graph.output(graph.add('Add', [x, x], {}, 'y'), 'float32', [1])
  return graph.encode()
}
