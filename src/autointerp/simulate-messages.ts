import type { ChatMessage, ChatRequest } from '../core/chat-model.ts'
import { Random } from '../core/random.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import { beyondAnswers } from './answer-lines.ts'
import type { Example } from '../core/records.ts'
import { renderIndices, type SimulatePrompt, withScale } from './prompt-file.ts'

/**
 * Deals a feature's examples to calls. Each slice is spread over the calls as evenly as it goes, so that a call
 * that fails takes no slice with it; within a call the order is drawn from the seed.
 *
 * @returns indices into `examples`, call by call
 */
export function dealExamples(
  examples: readonly Pick<Example, 'slice'>[],
  perCall: number,
  seed: number,
  feature: number,
): number[][] {
  const random = new Random(seed, 'calls', feature)
  const shuffled = random.shuffle(examples.map((_, index) => index))
  const bySlice = shuffled.toSorted((a, b) => sliceOrder(examples[a]!.slice) - sliceOrder(examples[b]!.slice))
  const calls = Array.from({ length: Math.ceil(examples.length / perCall) }, (): number[] => [])
  for (const [place, index] of bySlice.entries()) calls[place % calls.length]!.push(index)
  return calls.map((call) => random.shuffle(call))
}

/**
 * The request to predict the activations of examples from an explanation: instructions and worked examples first,
 * the same for every feature. Neither slices nor activations are in it.
 *
 * @param windows the token texts of each example
 */
export function simulateRequest(
  prompt: SimulatePrompt,
  explanation: string,
  windows: readonly (readonly string[])[],
  scale: number,
): ChatRequest {
  const messages: ChatMessage[] = [{ role: 'system', content: withScale(prompt.system, scale) }]
  for (const example of prompt.examples)
    messages.push(
      {
        role: 'user',
        content: renderQuestion(
          prompt,
          example.explanation,
          example.windows.map((window) => window.map(([text]) => text)),
        ),
      },
      {
        role: 'assistant',
        content: renderAnswer(
          example.windows.map((window) => window.map(([, level]) => level)),
          prompt.form,
        ),
      },
    )
  messages.push({ role: 'user', content: renderQuestion(prompt, explanation, windows) })
  return { messages, maxTokens: prompt.maxTokens, stop: beyondAnswers(windows.length) }
}

/** Predictions in the form that {@link simulateRequest} asks for: firing tokens alone, or all. */
export function renderAnswer(
  predictions: readonly (readonly number[])[],
  form: SimulatePrompt['form'] = 'sparse',
): string {
  return predictions
    .map((levels, number) => {
      const named = levels.flatMap((level, index) =>
        level > 0 || form === 'dense' ? [`${index + 1}=${level}`] : [],
      )
      return `${number + 1}: ${named.join(' ') || 'none'}`
    })
    .join('\n')
}

function renderQuestion(
  prompt: SimulatePrompt,
  explanation: string,
  windows: readonly (readonly string[])[],
): string {
  const lines = windows.map((texts, index) => `${index + 1}: ${renderIndices(texts)}`)
  return [`${prompt.descriptionLabel}: ${escapeForPrompt(explanation)}`, '', ...lines].join('\n')
}

function sliceOrder(slice: string): number {
  const interval = /^interval (\d+)$/.exec(slice)
  return interval ? Number(interval[1]) : { top: 0, random: 1000, other: 1001 }[slice]!
}
