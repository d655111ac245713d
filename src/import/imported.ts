/** What other tools' files are read into. Tokens are texts, as the files have them. */

/** One activation record. */
export interface ImportedRecord {
  readonly tokens: readonly string[]
  /** As long as `tokens`; below 0 where the tool's features can be. */
  readonly activations: readonly number[]
  /** Whether the context was drawn at random, whatever the feature does there. */
  readonly random: boolean
}

/** Texts of tokens with what a feature adds to their logits, strongest first. */
export type ImportedEffects = readonly (readonly [token: string, value: number])[]

/** An explanation that came with a feature. */
export interface ImportedExplanation {
  readonly text: string
  readonly explainer: string
  readonly llm: string | null
}

/** A feature with its activation records. What a file does not say is null. */
export interface ImportedFeature {
  readonly index: number
  readonly records: readonly ImportedRecord[]
  /** Share of tokens on which it fires. */
  readonly density: number | null
  readonly firings: number | null
  readonly max: number | null
  /** How often activations lie around a value: [centre of the bar, count]. */
  readonly bars: readonly (readonly [centre: number, count: number])[]
  readonly logits: { readonly top: ImportedEffects; readonly bottom: ImportedEffects } | null
  readonly explanations: readonly ImportedExplanation[]
}

/** What a file says its features are of. */
export interface ImportedOrigin {
  readonly model: string
  /** Place in the model, in whatever words the file has. */
  readonly hook: string
}

/** The features of one file. */
export interface ImportedFile extends ImportedOrigin {
  readonly features: readonly ImportedFeature[]
}
