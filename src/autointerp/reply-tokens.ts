import type { ReplyToken } from '../core/chat-model.ts'

/** A character of a reply in its tokens. */
export interface TokenPlace {
  readonly token: ReplyToken
  /** Its offset in the token's text. */
  readonly within: number
}

/**
 * Finds characters of a reply in its tokens. Servers that decode token by token lose a character whose bytes several
 * tokens share: OpenAI's API names bytes in its place, llama-cpp-python nothing, others a replacement character. Such
 * characters are never ASCII, so then the n-th ASCII character of the reply is the n-th of its tokens, and no other is found.
 *
 * @returns null where these are not the reply's tokens
 */
export function placesInReply(
  reply: string,
  tokens: readonly ReplyToken[],
): ((offset: number) => TokenPlace | null) | null {
  const exact = tokens.map(({ text }) => text).join('') === reply
  const counts = (character: number): boolean => exact || character < 0x80
  const places = new Map<number, TokenPlace>()
  let offset = 0
  for (const token of tokens)
    for (let within = 0; within < token.text.length; within++) {
      const character = token.text.charCodeAt(within)
      if (!counts(character)) continue
      while (offset < reply.length && !counts(reply.charCodeAt(offset))) offset++
      if (reply.charCodeAt(offset) !== character) return null
      places.set(offset++, { token, within })
    }
  while (offset < reply.length && !counts(reply.charCodeAt(offset))) offset++
  return offset === reply.length ? (at) => places.get(at) ?? null : null
}
