import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { glossHere } from '../support/in-process.ts'
import { temporaryFolder } from '../support/paths.ts'
import { sharedStudy } from '../support/small-study.ts'

const folder = sharedStudy(['run'])

/** Neuronpedia's tables, written from their description and not from what is exported. */
const s = z.string()
const f = z.array(z.number())
const i = z.array(z.int())
const date = z.iso.datetime()
const index = s.regex(/^\d+$/)
const FIELDS = {
  features: z.strictObject({
    modelId: s,
    layer: s,
    index,
    creatorId: s,
    createdAt: date,
    maxActApprox: z.number(),
    hasVector: z.boolean(),
    vector: f,
    vectorLabel: s.nullable(),
    vectorDefaultSteerStrength: z.number().nullable(),
    hookName: s,
    topkCosSimIndices: i,
    topkCosSimValues: f,
    neuron_alignment_indices: i,
    neuron_alignment_values: f,
    neuron_alignment_l1: f,
    correlated_neurons_indices: i,
    correlated_neurons_pearson: f,
    correlated_neurons_l1: f,
    correlated_features_indices: i,
    correlated_features_pearson: f,
    correlated_features_l1: f,
    neg_str: z.array(s),
    neg_values: f,
    pos_str: z.array(s),
    pos_values: f,
    frac_nonzero: z.number().min(0).max(1),
    freq_hist_data_bar_heights: f,
    freq_hist_data_bar_values: f,
    logits_hist_data_bar_heights: f,
    logits_hist_data_bar_values: f,
    decoder_weights_dist: f,
    sourceSetName: s,
  }),
  activations: z
    .strictObject({
      id: s,
      modelId: s,
      layer: s,
      index,
      creatorId: s,
      tokens: z.array(s.min(1)).min(1),
      values: f,
      maxValue: z.number(),
      maxValueTokenIndex: z.int().nonnegative(),
      minValue: z.number(),
      binMin: z.number().nullable(),
      binMax: z.number().nullable(),
      binContains: z.number().nullable(),
      qualifyingTokenIndex: z.int().nullable(),
      dataSource: s.nullable(),
      dataIndex: s.nullable(),
      dfaValues: f,
      dfaTargetIndex: z.int().nullable(),
      dfaMaxValue: z.number().nullable(),
      lossValues: f,
      logitContributions: s.nullable(),
      createdAt: date,
    })
    .refine(({ tokens, values }) => tokens.length === values.length)
    .refine(({ values, maxValue, maxValueTokenIndex }) => values[maxValueTokenIndex] === maxValue),
  explanations: z.strictObject({
    id: s.regex(/^c[0-9a-z]{24}$/),
    modelId: s,
    layer: s,
    index,
    description: s.min(1),
    authorId: s,
    triggeredById: s.nullable(),
    typeName: s.nullable(),
    explanationModelName: s.nullable(),
    notes: s,
    createdAt: date,
  }),
  scores: z.strictObject({
    id: s,
    initiatedByUserId: s,
    value: z.number().nullable(),
    explanationId: s,
    explanationScoreTypeName: s,
    explanationScoreModelName: s.nullable(),
    jsonDetails: s,
    createdAt: date,
  }),
}

const logits = z.array(z.strictObject({ token: s.min(1), value: z.number() })).max(20)
const uploadSchema = z.strictObject({
  modelId: s.min(1),
  source: s.min(1),
  features: z
    .array(
      z.strictObject({
        index: z.int().min(0).max(1e7),
        density: z.number().min(0).max(1).optional(),
        topLogits: logits.optional(),
        bottomLogits: logits.optional(),
        explanations: z.array(z.strictObject({ text: s.min(1).max(512) })).optional(),
        activations: z
          .array(
            z
              .strictObject({
                tokens: z.array(s.min(1)).min(1).max(1024),
                values: f,
                quantileMin: z.number().optional(),
                quantileMax: z.number().optional(),
                quantileFraction: z.number().min(0).max(1).optional(),
              })
              .refine(({ tokens, values }) => tokens.length === values.length),
          )
          .min(1),
      }),
    )
    .min(1)
    .max(128),
})

type Line = Record<string, unknown>

async function exported(study: string): Promise<string> {
  const out = temporaryFolder()
  const { stdout } = await glossHere(['export', '--format', 'neuronpedia', '--out', out, '--json'], {
    folder: study,
  })
  return (JSON.parse(stdout) as { folder: string }).folder
}

function batches(source: string, kind: string): Line[][] {
  return readdirSync(join(source, kind)).map((name) => {
    expect(name).toMatch(/^batch-\d+\.jsonl\.gz$/)
    const text = gunzipSync(readFileSync(join(source, kind, name))).toString('utf8')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
  })
}

describe('gloss export --format neuronpedia', () => {
  it("keeps Neuronpedia's fields, in every line of every batch", async () => {
    const source = await exported(folder)
    expect(source).toMatch(/[/\\]tiny-1l[/\\]0-topk-96-[0-9a-f]{8}$/)
    for (const [kind, schema] of Object.entries(FIELDS)) {
      const found = batches(source, kind)
      expect(found.flat().length).toBeGreaterThan(20)
      for (const lines of found)
        for (const line of lines) {
          expect(schema.safeParse(line).error?.issues ?? []).toEqual([])
          expect(Object.keys(line)).toEqual(Object.keys(lines[0]!))
          expect(JSON.stringify(line)).not.toContain('\\u0000')
        }
    }
    for (const name of readdirSync(join(source, 'upload'))) {
      const body = JSON.parse(readFileSync(join(source, 'upload', name), 'utf8')) as unknown
      expect(uploadSchema.safeParse(body).error?.issues ?? []).toEqual([])
    }
    for (const name of ['release', 'model', 'sourceset', 'source'])
      expect(JSON.parse(readFileSync(join(source, `${name}.jsonl`), 'utf8'))).toHaveProperty('createdAt')
    const ids = new Set(batches(source, 'explanations').flatMap((lines) => lines.map(({ id }) => id)))
    for (const { explanationId } of batches(source, 'scores').flat()) expect(ids).toContain(explanationId)
  })

  it('comes back by gloss import: features, records, explanations', { timeout: 180_000 }, async () => {
    const source = await exported(folder)
    const study = join(temporaryFolder(), 'study')
    const { stdout } = await glossHere(['import', source, '--workspace', study, '--json'], { folder })
    const features = batches(source, 'features').flat()
    const explanations = batches(source, 'explanations').flat()
    expect(JSON.parse(stdout)).toMatchObject({ features: features.length, explanations: explanations.length })
    const again = await exported(study)
    const key = ({
      index: at,
      neg_str,
      neg_values,
      pos_str,
      pos_values,
      frac_nonzero,
      freq_hist_data_bar_heights,
    }: Line): unknown => ({
      at,
      neg_str,
      neg_values,
      pos_str,
      pos_values,
      frac_nonzero,
      freq_hist_data_bar_heights,
    })
    const alive = new Set(
      batches(source, 'activations')
        .flat()
        .map(({ index: at }) => at),
    )
    const kept = (lines: Line[]): unknown[] => lines.filter(({ index: at }) => alive.has(at)).map(key)
    expect(kept(batches(again, 'features').flat())).toEqual(kept(features))
    const texts = (lines: Line[]): unknown[] =>
      lines.map(({ index: at, description }) => `${String(at)} ${String(description)}`).toSorted()
    expect(texts(batches(again, 'explanations').flat())).toEqual(texts(explanations))
  })

  it('gives the same bytes again', { timeout: 180_000 }, async () => {
    const [one, two] = [await exported(folder), await exported(folder)]
    const names = readdirSync(one, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(one.length))
    expect(names.length).toBeGreaterThan(8)
    for (const name of names) expect(readFileSync(join(two, name))).toEqual(readFileSync(join(one, name)))
  })
})
