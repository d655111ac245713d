import type { TokenLimit } from './openai-client.ts'
import { type Asker, isPassing, isRefusal } from './probe-asker.ts'
import { type ChatReply, holdsNumber, readChat } from './probe-replies.ts'

/** What a chat completion is asked with. */
export interface ChatSettings {
  readonly tokenLimit: TokenLimit
  readonly temperature: boolean
  readonly effortNone: boolean
  /** How many alternatives to each token; 0 asks for no log-probabilities. */
  readonly alternatives: number
}

/** What came of a chat completion. */
export interface ChatFinding {
  /** What was accepted. */
  readonly settings: ChatSettings
  /** Null where the answer is no chat completion. */
  readonly reply: ChatReply | null
  /** Whether `reasoning_effort` is taken; null where that was not tried. */
  readonly reasoningEffort: boolean | null
}

/** Enough for a model that thinks a little first; one that thinks at length is asked not to. */
const MOST_TOKENS = 256
const MOST_ALTERNATIVES = 20
const FEW_ALTERNATIVES = 5
const MOST_REFUSALS = 10

/** "logprobs are not supported with reasoning models" is not about the effort. */
const EFFORT = /reasoning.?effort/i

const QUESTION = 'Reply with the number 10 in digits and nothing else.'

/**
 * Asks for the number 10 with everything that is to be found out, and leaves out what is refused until there is an
 * answer.
 * @throws {EndpointError} of the last try, where there is none
 */
export async function askForTen(asker: Asker, tokenLimit: TokenLimit): Promise<ChatFinding> {
  let settings: ChatSettings = {
    tokenLimit,
    temperature: true,
    effortNone: false,
    alternatives: MOST_ALTERNATIVES,
  }
  const tried = new Set<string>()
  let blind: ChatSettings[] | null = null
  let effortRefused = false
  for (;;) {
    tried.add(JSON.stringify(settings))
    const outcome = await asker.post('/chat/completions', {
      ...questionOf(asker, settings),
      ...logprobsOf(settings),
    })
    if (outcome.body !== null) {
      const reasoningEffort = settings.effortNone ? true : effortRefused ? false : null
      return { settings, reply: readChat(outcome.body), reasoningEffort }
    }
    const { failure, said } = outcome
    if (!isRefusal(failure) || tried.size > MOST_REFUSALS) throw failure
    effortRefused ||= settings.effortNone && EFFORT.test(said)
    const named = withoutWhatIsNamed(settings, said)
    if (named.length === 0) blind ??= withLess(settings)
    const next = [...named, ...(blind ?? [])].find((one) => !tried.has(JSON.stringify(one)))
    if (next === undefined) throw failure
    settings = next
  }
}

/** What came of asking for JSON. */
export interface SchemaFinding {
  readonly jsonSchema: boolean
  readonly reasoningEffort: boolean
  readonly reply: ChatReply | null
}

/**
 * Asks for the number 10 by a JSON schema, without thinking. The question does not speak of JSON: only the schema can
 * bring it.
 * @param withLogprobs where the tokens of the first answer did not show the number
 */
export async function askForJson(
  asker: Asker,
  { settings, reasoningEffort }: ChatFinding,
  withLogprobs: boolean,
): Promise<SchemaFinding> {
  let blamed = { effort: false, schema: false }
  for (const plan of plansFor(reasoningEffort)) {
    if ((plan.effort && blamed.effort) || (plan.schema && blamed.schema)) continue
    const outcome = await asker.post('/chat/completions', {
      ...questionOf(asker, { ...settings, effortNone: plan.effort }),
      ...(withLogprobs ? logprobsOf(settings) : {}),
      ...(plan.schema ? { response_format: RESPONSE_FORMAT } : {}),
    })
    if (outcome.body !== null) {
      const reply = readChat(outcome.body)
      if (plan.schema && reply?.text === '')
        asker.notes.push('json_schema was accepted, but the answer held no text')
      return {
        jsonSchema: plan.schema && reply !== null && holdsNumber(reply.text, NUMBER),
        reasoningEffort: plan.effort ? reply !== null : (reasoningEffort ?? false),
        reply,
      }
    }
    const { failure, said } = outcome
    if (!isRefusal(failure)) {
      if (isPassing(failure)) asker.notes.push(`json_schema could not be tried: ${failure.message}`)
      break
    }
    blamed = {
      effort: blamed.effort || (plan.effort && EFFORT.test(said)),
      schema:
        blamed.schema || (plan.schema && /response_format|json_schema|schema|guided|structured/i.test(said)),
    }
  }
  return { jsonSchema: false, reasoningEffort: reasoningEffort ?? false, reply: null }
}

interface Plan {
  readonly effort: boolean
  readonly schema: boolean
}

/** What to ask with, in turn; what is known of the effort is not asked again. */
function plansFor(reasoningEffort: boolean | null): Plan[] {
  if (reasoningEffort !== null) return [{ effort: reasoningEffort, schema: true }]
  return [
    { effort: true, schema: true },
    { effort: false, schema: true },
    { effort: true, schema: false },
  ]
}

const NUMBER = 'number'
const RESPONSE_FORMAT = {
  type: 'json_schema',
  json_schema: {
    name: 'answer',
    strict: true,
    schema: {
      type: 'object',
      properties: { [NUMBER]: { type: 'integer' } },
      required: [NUMBER],
      additionalProperties: false,
    },
  },
}

function questionOf(
  asker: Asker,
  { tokenLimit, temperature, effortNone }: ChatSettings,
): Record<string, unknown> {
  return {
    model: asker.client.model,
    messages: [{ role: 'user', content: QUESTION }],
    [tokenLimit]: MOST_TOKENS,
    ...(temperature ? { temperature: 0 } : {}),
    ...(effortNone ? { reasoning_effort: 'none' } : {}),
  }
}

function logprobsOf({ alternatives }: ChatSettings): Record<string, unknown> {
  return alternatives > 0 ? { logprobs: true, top_logprobs: alternatives } : {}
}

/** The settings to try next where a refusal names what it does not take, the most telling first. */
function withoutWhatIsNamed(settings: ChatSettings, said: string): ChatSettings[] {
  // OpenAI refuses afterwards where thinking used up the limit; that says nothing of the limit's name.
  if (!settings.effortNone && /could not finish/i.test(said)) return [{ ...settings, effortNone: true }]
  const next: ChatSettings[] = []
  if (/\bmax_(?:completion_)?tokens\b/.test(said)) next.push(withOtherLimit(settings))
  if (settings.temperature && /temperature/i.test(said)) next.push({ ...settings, temperature: false })
  if (settings.effortNone && EFFORT.test(said)) next.push({ ...settings, effortNone: false, alternatives: 0 })
  if (settings.alternatives > 0 && /logprob/i.test(said)) {
    const allowed = allowedOf(said)
    const none = allowed.length === 0 && /not support|unsupported/i.test(said)
    const fewer = none
      ? []
      : [...allowed, FEW_ALTERNATIVES].map((alternatives) => ({ ...settings, alternatives }))
    next.push(...fewer, { ...settings, effortNone: true }, { ...settings, alternatives: 0 })
  }
  return next
}

/** The settings to try in turn where a refusal does not say what it is about. */
function withLess(settings: ChatSettings): ChatSettings[] {
  return [settings, withOtherLimit(settings)].flatMap((one) => [
    one,
    { ...one, alternatives: 0 },
    { ...one, temperature: false },
    { ...one, temperature: false, alternatives: 0 },
  ])
}

function withOtherLimit(settings: ChatSettings): ChatSettings {
  const tokenLimit = settings.tokenLimit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  return { ...settings, tokenLimit }
}

/** The largest number of alternatives that a refusal speaks of, if it speaks of any. */
function allowedOf(said: string): number[] {
  const numbers = [...said.matchAll(/(?<![\w.-])\d+(?![\w-]|\.\d)/g)]
    .map(([digits]) => Number(digits))
    .filter((number) => number > 0 && number < MOST_ALTERNATIVES)
  return numbers.length > 0 ? [Math.max(...numbers)] : []
}
