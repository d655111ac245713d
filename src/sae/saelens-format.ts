import { join } from 'node:path'
import { z } from 'zod'
import type { FeatureSetMetadata } from '../core/dictionary.ts'
import { DataError } from '../core/errors.ts'
import { readText, writeFileAtomically } from '../core/files.ts'
import { parseJson } from '../core/parse.ts'
import { SafetensorsFile, writeSafetensors } from '../core/safetensors.ts'
import { storedFloat32 } from '../core/tensor.ts'
import type { Architecture, SaeWeights } from './architecture.ts'

/**
 * SAELens' layout of a feature set (version 6): `cfg.json` and `sae_weights.safetensors` with W_enc [d_in, d_sae],
 * b_enc, W_dec [d_sae, d_in], b_dec. The encoder sees x − b_dec. Source: SAELens 6, `saes/sae.py`.
 */

/** The configuration of a feature set; written last, it makes the folder complete. */
export const CONFIG_FILE = 'cfg.json'
/** The tensors of a feature set. */
export const WEIGHTS_FILE = 'sae_weights.safetensors'

const baseSchema = z.looseObject({
  architecture: z.string(),
  d_in: z.int().positive(),
  d_sae: z.int().positive(),
  apply_b_dec_to_input: z.boolean().default(true),
  normalize_activations: z.string().default('none'),
  reshape_activations: z.string().default('none'),
  k: z.int().positive().optional(),
  rescale_acts_by_decoder_norm: z.boolean().default(false),
})

/** A feature set as read from a folder. */
export interface SaeFiles {
  readonly architecture: Architecture
  readonly weights: SaeWeights
}

/** Writes a feature set. The configuration comes last: with it the folder is complete. */
export function saveSaeLens(
  folder: string,
  architecture: Architecture,
  { wEnc, bEnc, wDec, bDec }: SaeWeights,
  metadata: FeatureSetMetadata,
): void {
  writeSafetensors(join(folder, WEIGHTS_FILE), {
    W_enc: storedFloat32([wEnc.rows, wEnc.columns], wEnc.data),
    b_enc: storedFloat32([bEnc.length], bEnc),
    W_dec: storedFloat32([wDec.rows, wDec.columns], wDec.data),
    b_dec: storedFloat32([bDec.length], bDec),
  })
  const config = {
    d_in: wEnc.rows,
    d_sae: wEnc.columns,
    dtype: 'float32',
    device: 'cpu',
    apply_b_dec_to_input: true,
    normalize_activations: 'none',
    reshape_activations: 'none',
    metadata: hookMetadata(metadata),
    ...(architecture.kind === 'topk'
      ? { k: architecture.k, rescale_acts_by_decoder_norm: false, architecture: 'topk' }
      : { architecture: 'standard' }),
  }
  writeFileAtomically(join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 1)}\n`)
}

/** Where a feature set lives, in SAELens' words. */
export function hookMetadata({ modelName, hookName, contextSize, prependBos }: FeatureSetMetadata): object {
  return {
    model_name: modelName,
    hook_name: hookName,
    hook_head_index: null,
    context_size: contextSize,
    prepend_bos: prependBos,
    seqpos_slice: [null],
  }
}

/** The kind of dictionary in a folder and its width, whether or not it is an autoencoder. */
export function readArchitecture(folder: string): { architecture: string; dIn: number } {
  const path = join(folder, CONFIG_FILE)
  const schema = baseSchema.pick({ architecture: true, d_in: true })
  const config = parseJson(readText(path, 'the configuration of a feature set'), schema, path)
  return { architecture: config.architecture, dIn: config.d_in }
}

/**
 * Reads a feature set.
 * @throws {UsageError} `file-missing`; {DataError} `json-…`, `sae-unsupported`, `tensor-…`, `safetensors-…`
 */
export function loadSaeLens(folder: string): SaeFiles {
  const path = join(folder, CONFIG_FILE)
  const config = parseConfig(path)
  const { d_in: dIn, d_sae: features } = config
  const file = new SafetensorsFile(join(folder, WEIGHTS_FILE))
  try {
    const wEnc = file.readFloat32('W_enc', [dIn, features]).data
    const bEnc = file.readFloat32('b_enc', [features]).data
    const wDec = file.readFloat32('W_dec', [features, dIn]).data
    const bDec = file.readFloat32('b_dec', [dIn]).data
    if (config.rescale_acts_by_decoder_norm) foldDecoderNorms(wEnc, bEnc, wDec, dIn)
    return {
      architecture: config.architecture === 'topk' ? { kind: 'topk', k: config.k! } : { kind: 'relu' },
      weights: {
        wEnc: { rows: dIn, columns: features, data: wEnc },
        bEnc,
        wDec: { rows: features, columns: dIn, data: wDec },
        bDec,
      },
    }
  } finally {
    file.close()
  }
}

function parseConfig(path: string): z.infer<typeof baseSchema> {
  const config = parseJson(readText(path, 'the configuration of a feature set'), baseSchema, path)
  const unsupported = unsupportedSettings(config)
  if (unsupported.length > 0)
    throw new DataError(
      'sae-unsupported',
      `${path}: expected a standard or topk SAE on plain activations, found ${unsupported.join(', ')}; this version of gloss cannot run it`,
    )
  return config
}

function unsupportedSettings(config: z.infer<typeof baseSchema>): string[] {
  return [
    config.architecture !== 'standard' &&
      config.architecture !== 'topk' &&
      `architecture ${config.architecture}`,
    config.architecture === 'topk' && config.k === undefined && 'no k',
    !config.apply_b_dec_to_input && 'apply_b_dec_to_input false',
    config.normalize_activations !== 'none' && `normalize_activations ${config.normalize_activations}`,
    config.reshape_activations !== 'none' && `reshape_activations ${config.reshape_activations}`,
  ].filter((setting) => setting !== false)
}

/** z·‖W_dec,j‖ before top-k and f/‖W_dec,j‖ in decoding, moved into the weights. */
function foldDecoderNorms(wEnc: Float32Array, bEnc: Float32Array, wDec: Float32Array, dIn: number): void {
  const features = bEnc.length
  for (let feature = 0; feature < features; feature++) {
    let squares = 0
    for (let i = 0; i < dIn; i++) squares += wDec[feature * dIn + i]! ** 2
    const norm = Math.sqrt(squares)
    bEnc[feature]! *= norm
    for (let i = 0; i < dIn; i++) {
      wEnc[i * features + feature]! *= norm
      wDec[feature * dIn + i]! /= norm
    }
  }
}
