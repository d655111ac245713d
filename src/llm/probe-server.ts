import { z } from 'zod'
import type { Asker } from './probe-asker.ts'
import { parseBody } from './probe-replies.ts'

/** Servers with ways of their own. */
export type ServerKind = 'openai' | 'azure' | 'vllm' | 'sglang' | 'llamacpp' | 'ollama'

/** Who answers. */
export interface Server {
  readonly kind: ServerKind | null
  /** Name and version, as far as it tells them. */
  readonly name: string | null
}

/** A model in the list of those that an endpoint serves. */
export interface ListedModel {
  readonly id: string
  readonly ownedBy: string | null
  /** As a day, where it could be read as one. */
  readonly shutdownDate: string | null
}

const dateSchema = z.union([z.string(), z.number()]).nullish().catch(null)

const modelSchema = z.looseObject({
  id: z.string(),
  owned_by: z.string().nullish().catch(null),
  shutdown_date: dateSchema,
  deprecation: z.looseObject({ inference: dateSchema }).nullish().catch(null),
})

const listSchema = z.looseObject({ data: z.array(z.unknown()) })

/** Reads a list of models; null where the body is none. */
export function readModels(body: string): ListedModel[] | null {
  const list = parseBody(body, listSchema)
  if (list === null) return null
  return list.data.flatMap((entry) => {
    const { data: model } = modelSchema.safeParse(entry)
    if (!model) return []
    const date = model.shutdown_date ?? model.deprecation?.inference ?? null
    return [{ id: model.id, ownedBy: model.owned_by ?? null, shutdownDate: date === null ? null : day(date) }]
  })
}

const text = z.string().trim().min(1).max(60)
const versionSchema = z.strictObject({ version: text })

/** How a server shows itself, cheapest first. Its path would be another server's business. */
const SIGNS: readonly {
  readonly kind: ServerKind
  readonly label: string
  /** What it calls the owner of its models. */
  readonly owner: string
  readonly path: string
  readonly version: z.ZodType<string>
}[] = [
  {
    kind: 'vllm',
    label: 'vLLM',
    owner: 'vllm',
    path: '/version',
    version: versionSchema.transform(({ version }) => version),
  },
  {
    kind: 'sglang',
    label: 'SGLang',
    owner: 'sglang',
    path: '/get_server_info',
    version: z.looseObject({ version: text, model_path: z.string() }).transform(({ version }) => version),
  },
  {
    kind: 'llamacpp',
    label: 'llama.cpp',
    owner: 'llamacpp',
    path: '/props',
    version: z
      .looseObject({ build_info: text, default_generation_settings: z.unknown() })
      .transform(({ build_info: build }) => build),
  },
  {
    kind: 'ollama',
    label: 'Ollama',
    owner: 'library',
    path: '/api/version',
    version: versionSchema.transform(({ version }) => version),
  },
]

/** The hosted services, by their addresses. */
export function hostedServer(baseUrl: string): Server | null {
  const { hostname } = new URL(baseUrl)
  if (hostname === 'api.openai.com') return { kind: 'openai', name: 'OpenAI' }
  return hostname.endsWith('.azure.com') ? { kind: 'azure', name: 'Azure OpenAI' } : null
}

/** Finds out who answers: by the address, then by what the list of models says, then by asking. */
export async function identify(asker: Asker, models: readonly ListedModel[] | null): Promise<Server> {
  const hosted = hostedServer(asker.client.baseUrl)
  if (hosted !== null) return hosted
  const owners = new Set(models?.map(({ ownedBy }) => ownedBy))
  const owned = SIGNS.find(({ owner }) => owners.has(owner))
  for (const { kind, label, path, version } of owned ? [owned] : SIGNS) {
    const { body } = await asker.get(asker.beside(path))
    const found = body === null ? null : parseBody(body, version)
    if (found !== null) return { kind, name: `${label} ${found}` }
  }
  return owned ? { kind: owned.kind, name: owned.label } : { kind: null, name: null }
}

/** A date, or seconds since 1970, as a day; anything else is no date. */
function day(value: string | number): string | null {
  const date = new Date(typeof value === 'number' ? value * 1000 : value)
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 10)
}
