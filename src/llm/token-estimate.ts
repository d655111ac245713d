import type { LlmRequest } from '../core/chat-model.ts'

/** Tokens that chat templates put around a message, at most. */
const MOST_TOKENS_A_MESSAGE = 32

/** The most tokens that a prompt can have: no tokenizer in use makes more than one of a byte. */
export function mostPromptTokens(request: LlmRequest): number {
  if ('pieces' in request) return MOST_TOKENS_A_MESSAGE + Buffer.byteLength(request.pieces.join(''))
  return request.messages.reduce(
    (sum, { content }) => sum + MOST_TOKENS_A_MESSAGE + Buffer.byteLength(content),
    MOST_TOKENS_A_MESSAGE,
  )
}

/**
 * About how many tokens a text is, for tokenizers of large vocabularies. Fitted to the prompts and replies of gloss
 * under o200k, cl100k, Llama 3 and Qwen 3, which it meets within 6 % (`test/bench/README.md`).
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    let end = at + 1
    if (isLetter(code)) {
      while (end < text.length && isLetter(text.charCodeAt(end))) end++
      tokens += end - at <= WHOLE_WORD ? 1 : 1 + (end - at - WHOLE_WORD) / LETTERS_A_PIECE
    } else if (isDigit(code)) {
      while (end < text.length && end - at < DIGITS_A_TOKEN && isDigit(text.charCodeAt(end))) end++
      tokens++
    } else if (isSpace(code)) {
      while (end < text.length && isSpace(text.charCodeAt(end))) end++
      // A single space becomes part of the word behind it, but not of a number.
      const alone = end - at === 1 && code === SPACE
      tokens += !alone || isDigit(text.charCodeAt(end)) ? 1 : 0
    } else tokens += code < 0x80 ? 0.9 : tokensBeyondAscii(code)
    at = end
  }
  return tokens
}

const WHOLE_WORD = 8
const LETTERS_A_PIECE = 4
const DIGITS_A_TOKEN = 3
const SPACE = 0x20

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isSpace(code: number): boolean {
  return code === SPACE || (code >= 0x09 && code <= 0x0d)
}

/** Superscript digits from 4 on are two tokens in the tokenizers looked at; letters of other scripts less than one. */
function tokensBeyondAscii(code: number): number {
  if (code >= 0x2070 && code <= 0x2079) return 2
  return (code >= 0xc0 && code < 0x2000) || code >= 0x3000 ? 0.75 : 1.1
}
