import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readText, writeFileAtomically } from './files.ts'

const INPUTS = 'inputs.txt'
const MANIFEST = 'manifest.json'

/** Whether a folder's shards, if it has any, are made from these inputs. */
export function isResumable(folder: string, inputs: string): boolean {
  const path = join(folder, INPUTS)
  return existsSync(path) && readText(path, 'the inputs of the shards') === inputs
}

/**
 * Prepares a folder that is filled shard by shard, with `manifest.json` last. `inputs.txt` says what the shards are
 * made from: shards that an interrupted run made from the same inputs stay, all others are removed.
 */
export function prepareResumableFolder(folder: string, inputs: string): void {
  mkdirSync(folder, { recursive: true })
  rmSync(join(folder, MANIFEST), { force: true })
  if (isResumable(folder, inputs)) return
  for (const name of readdirSync(folder)) if (name.startsWith('shard-')) rmSync(join(folder, name))
  writeFileAtomically(join(folder, INPUTS), inputs)
}

/** Where the manifest of such a folder lies. */
export function manifestPath(folder: string): string {
  return join(folder, MANIFEST)
}

/** The file name of a shard. */
export function shardName(index: number): string {
  return `shard-${String(index).padStart(5, '0')}.safetensors`
}
