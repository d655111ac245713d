import type { ChatMessage, ChatRequest } from '../core/chat-model.ts'
import type { Example } from '../core/records.ts'
import { type ExplainPrompt, type LevelledWindow, renderLevels, withScale } from './prompt-file.ts'
import { largestActivation, quantize } from './quantize.ts'

type Sections = Readonly<Record<keyof ExplainPrompt['sections'], readonly LevelledWindow[]>>

/**
 * The request for an explanation of a feature: instructions and worked examples first, the same for every feature,
 * then the feature's explain examples by slice, each token with its level.
 *
 * @param textsOf the texts of a window's tokens
 */
export function explainRequest(
  prompt: ExplainPrompt,
  examples: readonly Example[],
  scale: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
): ChatRequest {
  const max = largestActivation(examples)
  const windowsOf = (belongs: (slice: string) => boolean): LevelledWindow[] =>
    examples
      .filter(({ slice }) => belongs(slice))
      .map(({ tokens, activations }) =>
        textsOf(tokens).map((text, index): [string, number] => [
          text,
          quantize(activations[index]!, max, scale),
        ]),
      )
  const messages: ChatMessage[] = [{ role: 'system', content: withScale(prompt.system, scale) }]
  for (const { windows, explanation } of prompt.examples)
    messages.push(
      { role: 'user', content: renderSections(prompt, windows) },
      { role: 'assistant', content: `<explanation>${explanation}</explanation>` },
    )
  const sections: Sections = {
    top: windowsOf((slice) => slice === 'top'),
    interval: windowsOf((slice) => slice.startsWith('interval')),
    random: windowsOf((slice) => slice === 'random'),
    other: windowsOf((slice) => slice === 'other'),
  }
  messages.push({ role: 'user', content: renderSections(prompt, sections) })
  return { messages, maxTokens: prompt.maxTokens }
}

function renderSections(prompt: ExplainPrompt, sections: Sections): string {
  const names = Object.keys(prompt.sections) as (keyof Sections)[]
  return names
    .filter((name) => sections[name].length > 0)
    .map((name) =>
      [`${prompt.sections[name]}:`, ...sections[name].map((window) => `- ${renderLevels(window)}`)].join(
        '\n',
      ),
    )
    .join('\n\n')
}
