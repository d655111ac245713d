import { resolve } from 'node:path'
import { UsageError } from '../core/errors.ts'
import type { StudyConfig } from '../core/study-config.ts'
import { GGUF } from '../llm/gguf-scheme.ts'

/** Whether an address names a model file and not an endpoint. */
export function isModelFile(address: string): boolean {
  return address.toLowerCase().startsWith(GGUF)
}

/**
 * The model file that flags, environment or gloss.yaml name, as a path; null where they name endpoints or nothing.
 * Paths of flags are relative to the current folder, those of a gloss.yaml to the study.
 *
 * @throws {UsageError} `llm-mixed`, `llm-malformed`
 */
export function modelFileOf(
  options: { readonly llm?: readonly string[] },
  { llm }: Pick<StudyConfig, 'llm'>,
  folders: { readonly current: string; readonly study: string },
): string | null {
  const configured = [...(llm.url === undefined ? [] : [llm.url]), ...llm.endpoints.map(({ url }) => url)]
  const addresses = options.llm ?? configured
  const files = addresses.filter(isModelFile)
  if (files.length === 0) return null
  if (addresses.length > 1)
    throw new UsageError(
      'llm-mixed',
      `expected one model file alone with --llm ${GGUF}PATH, found ${addresses.length} addresses; it runs in this process and shares no work`,
    )
  const path = files[0]!.slice(GGUF.length).replace(/^\/\//, '')
  if (path === '')
    throw new UsageError(
      'llm-malformed',
      `expected the path of a model file behind ${GGUF}, found none, such as --llm ${GGUF}models/smollm2.gguf`,
    )
  return resolve(options.llm === undefined ? folders.study : folders.current, path)
}
