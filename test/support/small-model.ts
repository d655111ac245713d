import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { loadLlamaLibrary } from '../../src/llm/llama-library.ts'
import { ROOT } from './paths.ts'

/** Where the small model comes from, with what another program computed of it. */
export const SMALL_MODEL_FOLDER: string = join(ROOT, '..', 'shared', 'llm')
const CACHE = join(homedir(), '.cache', 'gloss-tests')

/** Whether the engine's package is installed. */
export const engineIsThere: boolean = await loadLlamaLibrary().then(
  () => true,
  () => false,
)

/** The path of a real instruct model of 135 million parameters, or why it is not to be had. */
export function smallModel(): { readonly path: string } | { readonly missing: string } {
  if (!engineIsThere)
    return { missing: 'node-llama-cpp is not installed: npm i -D --no-save node-llama-cpp@3.22.1' }
  const path = join(CACHE, 'SmolLM2-135M-Instruct.Q4_1.gguf')
  if (existsSync(path)) return { path }
  const fetch = join(SMALL_MODEL_FOLDER, 'get.py')
  if (!existsSync(fetch)) return { missing: 'the script that brings the small model is not there' }
  try {
    execFileSync('python3', [fetch, CACHE], { stdio: 'ignore' })
    return { path }
  } catch {
    return { missing: 'Python could not bring the small model' }
  }
}
