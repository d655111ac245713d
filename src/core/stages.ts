/** The verbs that make up a run, in order. */
export const STAGES = ['tokenize', 'train', 'collect', 'sample', 'explain', 'score'] as const
/** One of {@link STAGES}. */
export type StageName = (typeof STAGES)[number]
