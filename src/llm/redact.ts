/** Text that looks like a credential: bearer tokens and the key formats of common providers. */
const CREDENTIALS = /\b(?:Bearer\s+[\w.~+/=-]{8,}|(?:sk|pk|rk|gsk|xai|hf|nvapi|AIza)[-_][\w-]{8,})/g

const LONGEST = 400

/** A server's words as they may be stored and shown: without the key in use or anything like one, and not too long. */
export function redact(text: string, key: string | null): string {
  const withoutKey = key ? text.replaceAll(key, '[key]') : text
  const redacted = withoutKey.replace(CREDENTIALS, '[key]')
  return redacted.length > LONGEST ? `${redacted.slice(0, LONGEST)}…` : redacted
}
