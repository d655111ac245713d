import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { DataError, UsageError } from '../core/errors.ts'

/** The compiled kernels; the build puts them into `dist/`, equally far from the sources and from the compiled code. */
const MODULE = fileURLToPath(new URL('../../dist/sae/topk-step.wasm', import.meta.url))

const PAGE = 65_536
const MOST_PAGES = 65_536

/** The part of the global that is used; the types of Node 20 lack it. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
}

type Kernel = (...numbers: readonly number[]) => number

const exportsSchema = z.object({
  centre: z.custom<Kernel>(isFunction),
  decode: z.custom<Kernel>(isFunction),
  entryGradients: z.custom<Kernel>(isFunction),
  groupByFeature: z.custom<Kernel>(isFunction),
  weightGradients: z.custom<Kernel>(isFunction),
  decoderBiasGradient: z.custom<Kernel>(isFunction),
  squaredNorm: z.custom<Kernel>(isFunction),
  adam: z.custom<Kernel>(isFunction),
  normalizeRows: z.custom<Kernel>(isFunction),
})

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

/** The functions of `kernels/topk-step.ts`, which says what each does. */
export type Kernels = z.infer<typeof exportsSchema>

/** Kernels with their memory, in which arrays are laid one after the other. */
export class KernelMemory {
  readonly kernels: Kernels
  readonly #buffer: ArrayBuffer
  #used = 16

  /**
   * @param bytes all that will be reserved
   * @throws {UsageError} `memory-limit` beyond the 4 GiB of WebAssembly
   */
  constructor(bytes: number) {
    const pages = Math.ceil((bytes + 1024) / PAGE)
    if (pages > MOST_PAGES)
      throw new UsageError(
        'memory-limit',
        `expected a training step of at most 4 GiB, found ${(bytes / 2 ** 30).toFixed(1)} GiB of weights, moments and batch; lower --features or train.batchSize`,
      )
    const memory = new WebAssembly.Memory({ initial: pages })
    this.#buffer = memory.buffer
    let code: Buffer
    try {
      code = readFileSync(MODULE)
    } catch (error) {
      throw new DataError(
        'kernels-missing',
        `expected the compiled kernels at ${MODULE}, found none; run npm run build`,
        {
          cause: error,
        },
      )
    }
    const imports = { env: { memory, abort: () => {} } }
    this.kernels = exportsSchema.parse({
      ...new WebAssembly.Instance(new WebAssembly.Module(code), imports).exports,
    })
  }

  /** Room for numbers; zeros at first. */
  floats(length: number): Float32Array {
    return new Float32Array(this.#buffer, this.#reserve(length), length)
  }

  /** Room for integers; zeros at first. */
  integers(length: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#reserve(length), length)
  }

  #reserve(length: number): number {
    const address = this.#used
    // Vectors of 16 bytes are read and written at multiples of 16.
    this.#used += Math.ceil((4 * length) / 16) * 16
    return address
  }
}
