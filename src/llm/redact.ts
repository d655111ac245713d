/** Text that looks like a credential: bearer tokens and the key formats of common providers. */
const CREDENTIALS = /\b(?:Bearer\s+[\w.~+/=-]{8,}|(?:sk|pk|rk|gsk|xai|hf|nvapi|AIza)[-_][\w-]{8,})/g

const LONGEST = 400
/** Shorter ones are no secret, and part of ordinary words. */
const SHORTEST_KEY = 8

/** A server's words as they came, but for the key in use. */
export function withoutKey(text: string, key: string | null): string {
  return key !== null && key.length >= SHORTEST_KEY ? text.replaceAll(key, '[key]') : text
}

/** A server's words as they may be stored and shown: without the key in use or anything like one, and not too long. */
export function redact(text: string, key: string | null): string {
  const redacted = withoutKey(text, key).replace(CREDENTIALS, '[key]')
  return redacted.length > LONGEST ? `${redacted.slice(0, LONGEST)}…` : redacted
}
