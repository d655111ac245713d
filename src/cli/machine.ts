import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { findRuntime, findWebGpuAdapter, type Runtime } from '../model/backends.ts'
import { sqliteVersion } from '../store/database.ts'
import type { DeviceReport, DoctorReport } from '../tui/doctor.ts'
import { requiredNode } from './assets.ts'

/** What `gloss doctor` finds on this machine. */
export type Machine = Pick<DoctorReport, 'node' | 'sqlite' | 'freeBytes' | 'devices' | 'warnings'>

const LITTLE_SPACE = 1e9
const CUDA_LIBRARY = '@tensorflow/tfjs-node-gpu'

/** Looks at the machine. @param folder on the disk that matters */
export async function inspectMachine(folder: string): Promise<Machine> {
  const runtime = await findRuntime()
  const [freeBytes, webgpu] = await Promise.all([freeBytesAt(folder), webGpuDevice(runtime)])
  const node = process.versions.node
  const warnings: string[] = []
  const required = requiredNode()
  if (isOlder(node, required)) warnings.push(`gloss needs Node ${required} or later, and runs on ${node}`)
  if (freeBytes !== null && freeBytes < LITTLE_SPACE)
    warnings.push('less than 1 GB is free on this disk; a study of some million tokens needs more')
  if (runtime === null)
    warnings.push(
      `onnxruntime has no build for ${process.platform} ${process.arch} (or its C library): models cannot run here`,
    )
  return {
    node,
    sqlite: sqliteVersion(),
    freeBytes,
    devices: [cpuDevice(runtime), webgpu, cudaDevice()],
    warnings,
  }
}

function cpuDevice(runtime: Runtime | null): DeviceReport {
  const cores = availableParallelism()
  return {
    name: 'cpu',
    available: runtime !== null,
    detail: `${cores} ${cores === 1 ? 'core' : 'cores'}, ${runtime === null ? 'no onnxruntime' : `onnxruntime ${runtime.version}`}`,
  }
}

async function webGpuDevice(runtime: Runtime | null): Promise<DeviceReport> {
  const name = 'webgpu'
  if (!runtime?.backends.includes(name))
    return { name, available: false, detail: 'not in this build of onnxruntime' }
  const found = await findWebGpuAdapter()
  if (typeof found === 'string') return { name, available: null, detail: `not known: ${found}` }
  return { name, available: found, detail: found ? 'an adapter was found' : 'no adapter found' }
}

function cudaDevice(): DeviceReport {
  try {
    createRequire(import.meta.url).resolve(CUDA_LIBRARY)
    return { name: 'cuda', available: true, detail: `${CUDA_LIBRARY} is installed` }
  } catch {
    return { name: 'cuda', available: false, detail: `${CUDA_LIBRARY} is not installed` }
  }
}

async function freeBytesAt(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

/** Whether a version is older than one that may leave out its last numbers. */
function isOlder(version: string, required: string): boolean {
  const found = version.split('.').map(Number)
  for (const [index, least] of required.split('.').map(Number).entries()) {
    const number = found[index] ?? 0
    if (number !== least) return number < least
  }
  return false
}
