import { z } from 'zod'
import { contentId, type Json } from '../core/hash.ts'
import type { FormItem } from './form.ts'

const exampleSchema = z.object({
  tokens: z.array(z.string()),
  /** 0 where silent, else 1 to 9 as a share of the unit's largest activation: amounts would give away the kind. */
  levels: z.array(z.int()),
  nominal: z.int(),
})

/** A question of a scorer as it was drawn; its windows are an example, or a group of them. */
const taskQuestionSchema = z.object({
  /** The example or group, as answers name it. */
  part: z.string(),
  /** The hash of its windows' tokens and highlights: the same for whoever answers. */
  id: z.string(),
  /** The right one. */
  answer: z.int(),
  /** The class that it stands for: a name in the coverage of a score. */
  group: z.string(),
})

const itemSchema = z.object({
  code: z.string(),
  kind: z.enum(['feature', 'neuron', 'random', 'imported']),
  setId: z.string(),
  feature: z.int(),
  role: z.enum(['rating', 'repeat', 'check']),
  original: z.string().nullable(),
  explanationOf: z.int(),
  raters: z.array(z.string()).nullable(),
  explanationId: z.string().nullable(),
  explanation: z.string().nullable(),
  groups: z.array(z.object({ name: z.string(), scored: z.boolean(), examples: z.array(exampleSchema) })),
  logits: z.object({ top: z.array(z.string()), bottom: z.array(z.string()) }).nullable(),
  /** Of a task alone. Levels of examples are then highlights: 1 or 0. */
  task: z
    .object({
      questions: z.array(taskQuestionSchema),
      /** The hash of the explanation as it is stored: scores stand beside those of the same text alone. */
      text: z.string(),
      /** Share of random windows in which the unit fires; null where precision is no question. */
      firingShare: z.number().nullable(),
    })
    .optional(),
})

/** A session's frozen content: what is asked, in what order, with all that raters see. */
export const manifestSchema = z.object({
  name: z.string(),
  rubricHash: z.string(),
  protocol: z.string(),
  seed: z.int(),
  draw: z.object({
    items: z.int(),
    repeats: z.number(),
    checks: z.number(),
    overlap: z.number(),
    raters: z.array(z.string()).nullable(),
  }),
  items: z.array(itemSchema),
  /** Of a task alone: below these numbers of answered windows there is no score. */
  limits: z.object({ minimumExamples: z.int(), minimumFiring: z.int() }).optional(),
})

/** A session as it was drawn. It never changes. */
export type SessionManifest = z.output<typeof manifestSchema>
/** One item of a session with what raters see of it. */
export type SessionItem = SessionManifest['items'][number]
/** A window of a session: texts and levels. */
export type SessionExample = z.output<typeof exampleSchema>

/** The hash of a manifest: equal sessions in two copies of a study have equal hashes. */
export function manifestHash(manifest: SessionManifest): string {
  // What is absent is left out of the hash, as in sessions that were drawn before there were tasks.
  return contentId(manifest as unknown as Json)
}

/** What a rubric's questions need to know of an item. */
export function formItemOf(item: SessionItem): FormItem {
  const scored = item.groups.filter((group) => group.scored)
  return {
    code: item.code,
    hasLogits: item.logits !== null,
    hasExplanation: item.explanation !== null,
    groups: scored.map(({ name }) => name),
    examples: scored.flatMap(({ name, examples }) => examples.map((_, index) => `${name}/${index + 1}`)),
  }
}
