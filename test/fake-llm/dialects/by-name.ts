import type { DialectName } from '../options.ts'
import { azureDialect } from './azure.ts'
import type { Dialect, DialectSettings } from './dialect.ts'
import { llamaCppDialect } from './llamacpp.ts'
import { ollamaDialect } from './ollama.ts'
import { openAiDialect } from './openai.ts'
import { sglangDialect } from './sglang.ts'
import { vllmDialect } from './vllm.ts'

const MAKERS: Readonly<Record<DialectName, (settings: DialectSettings) => Dialect>> = {
  openai: openAiDialect,
  vllm: vllmDialect,
  sglang: sglangDialect,
  llamacpp: llamaCppDialect,
  ollama: ollamaDialect,
  azure: azureDialect,
}

/** The dialect of a server. */
export function dialectOf(name: DialectName, settings: DialectSettings): Dialect {
  return MAKERS[name](settings)
}
