import type { PromptRequest, ReplyToken } from '../core/chat-model.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import type { ExpectedLevels } from './dense-reply.ts'
import { expectedLevel } from './digit-levels.ts'
import { type SimulatePrompt, withScale } from './prompt-file.ts'

/** Stands where a level would, in windows that are to be scored. */
export const PLACEHOLDER = '?'

/**
 * One text with a line `token<TAB>level` for every token: levels in the worked examples, placeholders in the windows
 * to score, where a model's distribution is to be read. Pieces end where a level begins and begin where it ends, so
 * that levels are tokens of their own in both. What is the same for every feature comes first.
 *
 * @param windows the token texts of each example
 */
export function simulatePrompt(
  prompt: SimulatePrompt,
  explanation: string,
  windows: readonly (readonly string[])[],
  scale: number,
): PromptRequest {
  const pieces: string[] = []
  const places: number[] = []
  let text = withScale(prompt.system, scale).trimEnd()
  const add = (description: string, texts: readonly (readonly (readonly [string, string])[])[]): void => {
    text += `\n\n${prompt.descriptionLabel}: ${escapeForPrompt(description)}`
    for (const [number, window] of texts.entries()) {
      text += `\n\nText ${number + 1}`
      for (const [token, level] of window) {
        text += `\n${escapeForPrompt(token)}\t`
        if (level === PLACEHOLDER) places.push(pieces.length + 1)
        pieces.push(text, level)
        text = ''
      }
    }
  }
  for (const example of prompt.examples)
    add(
      example.explanation,
      example.windows.map((window) => window.map(([token, level]) => [token, String(level)])),
    )
  add(
    explanation,
    windows.map((window) => window.map((token) => [token, PLACEHOLDER])),
  )
  return { pieces, places, maxTokens: prompt.maxTokens }
}

/**
 * Expected levels at the places of {@link simulatePrompt}, example by example. One is missing where too little of the
 * distribution is on digits for one of its tokens.
 *
 * @param lengths tokens of each example
 * @returns null where places and tokens are not equally many
 */
export function expectedAtPlaces(
  places: readonly ReplyToken[],
  lengths: readonly number[],
  scale: number,
): (ExpectedLevels | null)[] | null {
  if (places.length !== lengths.reduce((sum, length) => sum + length, 0)) return null
  let start = 0
  return lengths.map((length) => {
    const read = places
      .slice(start, (start += length))
      .map(({ alternatives, logprob }) =>
        expectedLevel(alternatives, scale, '', logprob == null ? 0 : Math.exp(logprob)),
      )
    if (length === 0 || read.includes(null)) return null
    return {
      levels: read.map((one) => one!.level),
      digitMass: read.reduce((sum, one) => sum + one!.mass, 0) / length,
    }
  })
}
