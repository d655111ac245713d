/** A text of a corpus. */
export interface Document {
  /** Where it comes from: a path, perhaps with a line number. */
  readonly name: string
  /** The kind of text (`dna`, `novel` …), where the corpus says so. */
  readonly register: string | null
  readonly text: string
}

/** What is kept of a document once it is tokenized. */
export type DocumentLabel = Pick<Document, 'name' | 'register'>

/** A tokenized corpus in memory. Documents follow each other without separators. */
export interface TokenCorpus {
  /** SHA-256 over the shards' hashes: equal for equal token ids, boundaries and labels. */
  readonly hash: string
  readonly ids: Uint16Array | Uint32Array
  /** Document i is `ids[documentStarts[i] … documentStarts[i + 1] − 1]`; one more entry than documents. */
  readonly documentStarts: Float64Array
  readonly documents: readonly DocumentLabel[]
}
