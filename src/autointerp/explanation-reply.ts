import { z } from 'zod'

/** What was read from a reply, or why nothing could be. */
export type ParsedExplanation = { readonly text: string } | { readonly problem: string }

const LONGEST_EXPLANATION = 2000
const OPEN = '<explanation>'
const CLOSE = '</explanation>'

/**
 * The explanation in a reply, word for word but for white space. It is what a reply itself calls its explanation: the
 * last text between `<explanation>` tags after any thoughts; without a complete pair, what follows the last opening
 * tag of a reply that ended by itself (some servers leave out what a reply stops at), a JSON object's `explanation`,
 * or a line that begins with `Explanation:`. A reply that names nothing so cannot be read; nor can refusals,
 * placeholders, and more than 2,000 characters.
 *
 * @param cut whether the reply ended at its limit of tokens
 */
export function parseExplanation(reply: string, cut = false): ParsedExplanation {
  const spoken = spokenPart(reply)
  if (spoken === null) return { problem: 'only thoughts, which did not end' }
  if (spoken.trim() === '') return { problem: reply.trim() === '' ? 'an empty reply' : 'only thoughts' }
  const found = betweenTags(spoken, cut) ?? (cut ? null : (fromJson(spoken) ?? fromLabel(spoken)))
  if (found === null)
    return {
      problem: isRefusal(spoken.trim())
        ? 'a refusal'
        : cut
          ? 'cut at the token limit before the explanation was complete'
          : 'no text between <explanation> tags',
    }
  const text = cleaned(found)
  if (text === '') return { problem: 'nothing between the <explanation> tags' }
  if (PLACEHOLDER.test(text)) return { problem: 'a placeholder in place of an explanation' }
  if (isRefusal(text)) return { problem: 'a refusal' }
  if (text.length > LONGEST_EXPLANATION)
    return { problem: `more than ${LONGEST_EXPLANATION} characters between the tags` }
  return { text }
}

/** A reply without what some models think aloud before they answer. */
export function withoutThoughts(reply: string): string {
  return reply.replace(/^[\s\S]*<\/think>/i, '')
}

/** The same for all names that thoughts go by; null where they never end. */
function spokenPart(reply: string): string | null {
  const lower = lowerCase(reply)
  let end = 0
  for (const name of ['think', 'thinking', 'thought', 'reasoning', 'analysis']) {
    const close = lower.lastIndexOf(`</${name}>`)
    if (close >= 0) end = Math.max(end, close + name.length + 3)
    // Thoughts that never end may hold tags of their own.
    else if (lower.trimStart().startsWith(`<${name}>`)) return null
  }
  return reply.slice(end)
}

/** The last text between tags; of nested tags the innermost. */
function betweenTags(reply: string, cut: boolean): string | null {
  const lower = lowerCase(reply)
  const lastClose = lower.lastIndexOf(CLOSE)
  if (lastClose >= 0) {
    const open = lower.lastIndexOf(OPEN, lastClose)
    // Text before a lone closing tag may be anything.
    return open < 0 ? null : reply.slice(open + OPEN.length, lower.indexOf(CLOSE, open))
  }
  const open = lower.lastIndexOf(OPEN)
  return open < 0 || cut ? null : reply.slice(open + OPEN.length)
}

const answerSchema = z.object({ explanation: z.string() })

function fromJson(reply: string): string | null {
  const text = withoutFence(reply)
  if (!text.startsWith('{')) return null
  try {
    const parsed = answerSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data.explanation : null
  } catch {
    return null
  }
}

const LABEL = /^[ \t]*(?:[*_#>]{1,4}[ \t]*)?explanation(?:[*_]{1,3})?[ \t]*[:：](?:[*_]{1,3})?[ \t]*(.*)$/i

/** The rest of the only line that begins with the label, if nothing but blank lines follow. */
function fromLabel(reply: string): string | null {
  const lines = withoutFence(reply)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const labelled = lines.filter((line) => LABEL.test(line))
  if (labelled.length !== 1) return null
  const rest = LABEL.exec(lines.at(-1)!)?.[1]
  if (rest !== undefined) return rest === '' ? null : rest
  // The label may have a line of its own.
  return LABEL.exec(lines.at(-2) ?? '')?.[1] === '' ? lines.at(-1)! : null
}

function cleaned(text: string): string {
  return (
    withoutFence(text)
      // What the database would not give back as it was given.
      .replace(/\p{Cs}/gu, '\uFFFD')
      .trim()
      .replace(/\s+/g, ' ')
  )
}

/** The inside of a text that is one fenced block as a whole. */
function withoutFence(text: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('```') || !trimmed.endsWith('```') || trimmed.length < 6) return trimmed
  const inside = trimmed.slice(3, -3)
  if (inside.includes('```')) return trimmed
  const line = inside.indexOf('\n')
  // The first line of a block names its language.
  return (line >= 0 && /^[\w-]*$/.test(inside.slice(0, line)) ? inside.slice(line) : inside).trim()
}

const PLACEHOLDER =
  /^(?:[.…_\-–—\s]+|\W*(?:(?:your|the|one) )?(?:short )?(?:explanation|sentence)(?: here)?\W*)$/iu
const REFUSAL_START =
  /^(?:i['’]m (?:very |so )?(?:sorry|afraid)(?:[,.]| but\b| i\b| to\b)|i am (?:very |so )?(?:sorry|afraid)(?:[,.]| but\b| i\b| to\b)|sorry,? (?:but )?i\b|i would rather not\b|as an ai\b|as a (?:large )?language model,? i\b)/i
const REFUSAL_VERB =
  /^(?:unfortunately,? )?i(?: can(?:not|['’]t| not)|['’]m unable to| am unable to|['’]m not able to| am not able to| won['’]t| will not| do not| don['’]t) (?:help|assist|comply|continue|provide|determine|identify|explain|find|see|do|answer|give|tell|say|fulfil|create|engage|discuss|analy[sz]e|know)/i

function isRefusal(text: string): boolean {
  return REFUSAL_START.test(text) || REFUSAL_VERB.test(text)
}

/** In lower case, with every character where it was: `İ` would become two. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
