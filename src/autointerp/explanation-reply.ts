/** What was read from a reply, or why nothing could be. */
export type ParsedExplanation = { readonly text: string } | { readonly problem: string }

const LONGEST_EXPLANATION = 2000

/**
 * The explanation in a reply: the last text between `<explanation>` tags, after any thoughts. A reply that was cut
 * before the closing tag, has no tags, or has nothing between them cannot be read.
 */
export function parseExplanation(reply: string): ParsedExplanation {
  const spoken = withoutThoughts(reply)
  const matches = [...spoken.matchAll(/<explanation>([\s\S]*?)<\/explanation>/gi)]
  const text = matches.at(-1)?.[1]?.trim().replace(/\s+/g, ' ')
  if (text === undefined) return { problem: 'no text between <explanation> tags' }
  if (text === '') return { problem: 'nothing between the <explanation> tags' }
  if (text.length > LONGEST_EXPLANATION)
    return { problem: `more than ${LONGEST_EXPLANATION} characters between the tags` }
  return { text }
}

/** A reply without what some models think aloud before they answer. */
export function withoutThoughts(reply: string): string {
  return reply.replace(/^[\s\S]*<\/think>/i, '')
}
