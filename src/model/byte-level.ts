/**
 * The reversible spelling of bytes as printable characters that byte-level BPE vocabularies use (Radford et al.
 * 2019): bytes that print as Latin-1 stand for themselves, the other 68 get the characters from U+0100 on.
 */

const standForThemselves = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)

const byteOfCharacter = new Map<string, number>()
for (let byte = 0, next = 0x100; byte < 256; byte++)
  byteOfCharacter.set(String.fromCharCode(standForThemselves(byte) ? byte : next++), byte)

/** The bytes that a byte-level vocabulary entry spells, or null if it holds a character outside the alphabet. */
export function bytesOfByteLevelToken(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!)
    if (byte === undefined) return null
    bytes[i] = byte
  }
  return bytes
}
