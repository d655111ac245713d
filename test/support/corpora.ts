import { sha256 } from '../../src/core/hash.ts'
import type { TokenCorpus } from '../../src/core/token-corpus.ts'

/** A corpus in memory from documents of token ids. */
export function corpusOf(documents: readonly (readonly number[])[]): TokenCorpus {
  const starts = [0]
  for (const document of documents) starts.push(starts.at(-1)! + document.length)
  return {
    hash: sha256(JSON.stringify(documents)),
    ids: Uint16Array.from(documents.flat()),
    documentStarts: Float64Array.from(starts),
    documents: documents.map((_, index) => ({ name: `document ${index}`, register: null })),
  }
}
