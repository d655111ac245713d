import type { ChatMessage, ChatRequest } from '../core/chat-model.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import { beyondAnswers } from './answer-lines.ts'
import { renderIndices, type SimulatePrompt, withScale } from './prompt-file.ts'
import { renderAnswer } from './simulate-messages.ts'

/** One example of one feature, as a call has it among those of other features. */
export interface IsolatedExample {
  readonly explanation: string
  /** The texts of its tokens. */
  readonly window: readonly string[]
}

/**
 * The request to predict one example each of several features, every one from its own explanation. The answer has the
 * form of the sparse one. All worked examples of the prompt are one call.
 */
export function isolateRequest(
  prompt: SimulatePrompt,
  examples: readonly IsolatedExample[],
  scale: number,
): ChatRequest {
  const worked = prompt.examples.flatMap(({ explanation, windows }) =>
    windows.map((window) => ({ explanation, window })),
  )
  const messages: ChatMessage[] = [
    { role: 'system', content: withScale(prompt.system, scale) },
    {
      role: 'user',
      content: renderQuestion(
        prompt,
        worked.map(({ explanation, window }) => ({ explanation, window: window.map(([text]) => text) })),
      ),
    },
    {
      role: 'assistant',
      content: renderAnswer(worked.map(({ window }) => window.map(([, level]) => level))),
    },
    { role: 'user', content: renderQuestion(prompt, examples) },
  ]
  return { messages, maxTokens: prompt.maxTokens, stop: beyondAnswers(examples.length) }
}

function renderQuestion(prompt: SimulatePrompt, examples: readonly IsolatedExample[]): string {
  return examples
    .map(
      ({ explanation, window }, index) =>
        `${prompt.descriptionLabel} ${index + 1}: ${escapeForPrompt(explanation)}\n${index + 1}: ${renderIndices(window)}`,
    )
    .join('\n')
}
