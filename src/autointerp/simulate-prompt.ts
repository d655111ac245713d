import type { PromptRequest, ReplyToken } from '../core/chat-model.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import type { ExpectedLevels } from './dense-reply.ts'
import { expectedLevel } from './digit-levels.ts'
import { type SimulatePrompt, withScale } from './prompt-file.ts'

/**
 * Stands where a level would, in windows that are to be scored: that of silence, which most levels are. So at every
 * place a model reads levels alone before it, and expects another; behind marks for unknown levels it expects a mark.
 */
export const SILENT = '0'

/**
 * One text with a line `token<TAB>level` for every token. In the worked examples levels are what they are; in the
 * windows to score all are {@link SILENT}, and what a model expects in their places is to be read: the level of each
 * token, had the feature been silent before it. Pieces end where a level begins and begin where it ends, so that
 * levels are tokens of their own in both. What is the same for every feature comes first.
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
  const add = (
    description: string,
    texts: readonly (readonly (readonly [string, string])[])[],
    isScored: boolean,
  ): void => {
    text += `\n\n${prompt.descriptionLabel}: ${escapeForPrompt(description)}`
    for (const [number, window] of texts.entries()) {
      text += `\n\nText ${number + 1}`
      for (const [token, level] of window) {
        text += `\n${escapeForPrompt(token)}\t`
        if (isScored) places.push(pieces.length + 1)
        pieces.push(text, level)
        text = ''
      }
    }
  }
  for (const example of prompt.examples)
    add(
      example.explanation,
      example.windows.map((window) => window.map(([token, level]) => [token, String(level)])),
      false,
    )
  add(
    explanation,
    windows.map((window) => window.map((token) => [token, SILENT])),
    true,
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
      .map(({ alternatives }) => expectedLevel(alternatives, scale))
    if (length === 0 || read.includes(null)) return null
    return {
      levels: read.map((one) => one!.level),
      digitMass: read.reduce((sum, one) => sum + one!.mass, 0) / length,
    }
  })
}
