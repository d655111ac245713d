import type { Capabilities } from '../core/capabilities.ts'
import { EndpointError } from '../core/errors.ts'
import type { OpenAiClient, TokenLimit } from './openai-client.ts'
import { Asker } from './probe-asker.ts'
import { askForJson, askForTen, type ChatFinding } from './probe-chat.ts'
import { findPromptLogprobs } from './probe-prompt.ts'
import { tenIsOneToken } from './probe-replies.ts'
import { hostedServer, identify, type ListedModel, readModels, type Server } from './probe-server.ts'

/** What an endpoint was seen to be and to do with a model. */
export interface ProbeResult {
  /** Kind and version, as far as the server tells them. */
  readonly server: string | null
  /** The models that it lists; null where it lists none, or deployments go by other names. */
  readonly models: readonly string[] | null
  readonly modelServed: boolean | null
  /** Whether it answered with a chat completion. Without one, nothing was seen. */
  readonly chat: boolean
  readonly capabilities: Capabilities
  /** Questions that were answered, or may have been: what may be billed. */
  readonly calls: number
  /** What is worth telling a person; may hold a server's words. */
  readonly notes: readonly string[]
}

/**
 * Finds out by asking what an endpoint can do with the client's model: about four short questions. Nothing is inferred
 * from a model's name, and what is not seen counts as not there.
 *
 * @throws {EndpointError} where it is out of reach or refuses to answer at all
 */
export async function probe(client: OpenAiClient): Promise<ProbeResult> {
  const asker = new Asker(client)
  const listed = await listModels(asker)
  // Deployments of Azure have names of their own, which its list of models does not hold.
  const models = hostedServer(client.baseUrl)?.kind === 'azure' ? null : listed
  const served = models === null ? null : models.some(({ id }) => isName(client.model, id))
  const chat = await chatOrMissing(asker, served)
  const server = await identify(asker, listed)
  const finish = (capabilities: Partial<Capabilities>): ProbeResult => ({
    server: server.name,
    models: models?.map(({ id }) => id) ?? null,
    modelServed: served ?? (chat?.reply ? true : null),
    chat: Boolean(chat?.reply),
    capabilities: {
      ...NOTHING_SEEN,
      tokenLimit: chat?.settings.tokenLimit ?? firstLimit(client),
      shutdownDate: listed?.find(({ id }) => isName(client.model, id))?.shutdownDate ?? null,
      ...capabilities,
    },
    calls: asker.calls,
    notes: asker.notes,
  })
  if (chat === null) return finish({})
  if (chat.reply === null) {
    asker.notes.push('what it answers is no chat completion; check that the base URL is that of the API')
    return finish({})
  }
  if (served === false)
    asker.notes.push(`it does not list ${JSON.stringify(client.model)}, and answers all the same`)
  return finish(await lookFurther(asker, chat, server))
}

const NOTHING_SEEN: Omit<Capabilities, 'tokenLimit' | 'shutdownDate'> = {
  temperature: false,
  reasoningEffort: false,
  chatLogprobs: 0,
  promptLogprobs: null,
  jsonSchema: false,
  tenIsOneToken: null,
}

async function lookFurther(asker: Asker, chat: ChatFinding, server: Server): Promise<Partial<Capabilities>> {
  const { settings, reply } = chat
  const ten = tenIsOneToken(reply?.tokens ?? [])
  const json = await askForJson(asker, chat, ten === null && settings.alternatives > 0)
  const prompt = await findPromptLogprobs(asker, server.kind)
  const chatLogprobs = reply?.alternatives ?? 0
  if (chatLogprobs > 0 && settings.effortNone)
    asker.notes.push('log-probabilities come only with reasoning_effort "none"')
  return {
    temperature: settings.temperature,
    reasoningEffort: json.reasoningEffort,
    chatLogprobs,
    promptLogprobs: prompt.way,
    jsonSchema: json.jsonSchema,
    tenIsOneToken: ten ?? tenIsOneToken(json.reply?.tokens ?? []) ?? tenIsOneToken(prompt.tokens),
  }
}

async function listModels(asker: Asker): Promise<ListedModel[] | null> {
  const { body } = await asker.get('/models')
  return body === null ? null : readModels(body)
}

/** The first answer; null where the endpoint serves other models only. */
async function chatOrMissing(asker: Asker, served: boolean | null): Promise<ChatFinding | null> {
  try {
    return await askForTen(asker, firstLimit(asker.client))
  } catch (error) {
    if (served === false && error instanceof EndpointError && error.code === 'endpoint-not-found') return null
    throw error
  }
}

/** Whether a listed model goes by a name: Ollama lists `qwen3:latest` for `qwen3`. */
function isName(name: string, id: string): boolean {
  return id === name || id === `${name}:latest`
}

/** How the client names the limit on tokens before anything is known. */
function firstLimit(client: OpenAiClient): TokenLimit {
  const body = client.bodyOf({ messages: [], maxTokens: 1 })
  return 'max_tokens' in body ? 'max_tokens' : 'max_completion_tokens'
}
