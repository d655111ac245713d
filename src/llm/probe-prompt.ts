import type { Capabilities } from '../core/capabilities.ts'
import { type Asker, isPassing, isRefusal } from './probe-asker.ts'
import { LEVELS_PROMPT, readEcho, readGenerate, readPromptLogprobs } from './probe-replies.ts'
import type { ServerKind } from './probe-server.ts'

/** How log-probabilities of a prompt's tokens are had, and the tokens that showed it, or the candidates for each. */
export interface PromptFinding {
  readonly way: Capabilities['promptLogprobs']
  readonly tokens: readonly (string | readonly string[])[]
}

type Way = NonNullable<Capabilities['promptLogprobs']>

/** What each way is asked with, and how its answer is read. */
const WAYS: Readonly<
  Record<
    Way,
    {
      readonly ask: (asker: Asker) => readonly [path: string, body: Record<string, unknown>]
      readonly read: (body: string) => readonly (string | readonly string[])[] | null
    }
  >
> = {
  generate: {
    ask: (asker) => [
      asker.beside('/generate'),
      {
        text: LEVELS_PROMPT,
        sampling_params: { max_new_tokens: 1, temperature: 0 },
        return_logprob: true,
        logprob_start_len: 0,
        return_text_in_logprobs: true,
      },
    ],
    read: readGenerate,
  },
  prompt_logprobs: {
    ask: ({ client }) => [
      '/completions',
      { model: client.model, prompt: LEVELS_PROMPT, max_tokens: 1, prompt_logprobs: 1 },
    ],
    read: readPromptLogprobs,
  },
  echo: {
    ask: ({ client }) => [
      '/completions',
      { model: client.model, prompt: LEVELS_PROMPT, max_tokens: 1, echo: true, logprobs: 1 },
    ],
    read: readEcho,
  },
}

/** Looks for the best way to the log-probabilities of a prompt's own tokens. */
export async function findPromptLogprobs(asker: Asker, server: ServerKind | null): Promise<PromptFinding> {
  const ways: readonly Way[] = server === 'sglang' ? ['generate', 'echo'] : ['prompt_logprobs', 'echo']
  for (const way of ways) {
    const { ask, read } = WAYS[way]
    const [path, question] = ask(asker)
    const outcome = await asker.post(path, question)
    if (outcome.body !== null) {
      const tokens = read(outcome.body)
      if (tokens !== null) return { way, tokens }
      continue
    }
    const { failure } = outcome
    if (isPassing(failure))
      asker.notes.push(`prompt log-probabilities could not be tried by ${way}: ${failure.message}`)
    // Without the path, or for a model that only chats, the other parameter helps no more.
    if (!isRefusal(failure) && path === '/completions') break
  }
  return { way: null, tokens: [] }
}
