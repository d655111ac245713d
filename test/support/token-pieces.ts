/**
 * A capital with small letters, or those alone, with the blank before; any other letter; three digits; two symbols;
 * line breaks; blanks that belong to no word.
 */
const PIECE = /[⁰⁴-⁹]|[¹²³]| ?\p{Lu}?\p{Ll}+| ?\p{L}|\p{Nd}{1,3}| ?[^\s\p{L}\p{N}]{1,2}|[\r\n]+| +(?! \S)/gu

/**
 * Counts tokens much as o200k_base does: within 6 % on the prompts of gloss, as counted once with gpt-tokenizer. It
 * shares nothing with the estimate that is tested by it. Long words, and superscript digits from 4 on, are two.
 */
export function countPieces(text: string): number {
  const pieces = text.match(PIECE) ?? []
  return pieces.reduce((sum, piece) => sum + (piece.length > 9 || /[⁰⁴-⁹]/.test(piece) ? 2 : 1), 0)
}
