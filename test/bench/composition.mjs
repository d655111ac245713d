// What the examples of isolated calls tell a judge that reads no explanation: the composition judge on the
// features of a finished study, by density. Twenty features' windows share a call, as `gloss score --isolate` deals them.
//
//   node test/bench/composition.mjs STUDY
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { dealBlock, planBlocks } from '../../dist/autointerp/isolate-blocks.js'
import { compositionPredictions, spearman } from '../../dist/index.js'

const FEATURES_PER_CALL = 20
const SEED = 0

/** Shares of the tokens of a study's corpus, from the shards that `gloss tokenize` wrote. */
function tokenShares(folder) {
  const counts = new Map()
  let total = 0
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.safetensors'))) {
    const bytes = readFileSync(join(folder, name))
    const start = 8 + Number(bytes.readBigUInt64LE(0))
    const { ids: tokens } = JSON.parse(bytes.subarray(8, start).toString())
    const [from, to] = tokens.data_offsets
    const size = tokens.dtype === 'U16' ? 2 : 4
    for (let at = start + from; at < start + to; at += size) {
      const token = bytes.readUIntLE(at, size)
      counts.set(token, (counts.get(token) ?? 0) + 1)
      total++
    }
  }
  return (token) => (counts.get(token) ?? 0) / total
}

function readStudy(folder) {
  const database = new Database(join(folder, 'gloss.db'), { readonly: true })
  const features = database
    .prepare("SELECT set_id AS setId, id, density FROM feature WHERE state = 'alive' ORDER BY id")
    .all()
  const rows = database.prepare(
    "SELECT tokens, activations FROM example WHERE set_id = ? AND feature_id = ? AND use = 'score' AND protocol = 'monosemanticity' ORDER BY id",
  )
  const read = ({ setId, id }) =>
    rows.all(setId, id).map(({ tokens, activations }) => ({
      tokens: JSON.parse(tokens),
      activations: JSON.parse(activations),
    }))
  const found = features.map((feature) => ({ ...feature, examples: read(feature) }))
  database.close()
  return found
}

/** Spearman of every feature's windows. @param asLevels whether the judge answers on the scale, as an LLM has to */
function scores(features, frequency, asLevels) {
  const byId = new Map(features.map((feature) => [feature.id, feature]))
  const members = features.map(({ id }) => ({ feature: id, partner: null, blank: false }))
  return planBlocks([], members, FEATURES_PER_CALL, SEED).flatMap((block) => {
    const pairs = new Map(block.map(({ feature }) => [feature, { truth: [], predicted: [] }]))
    const sizes = block.map(({ feature }) => [feature, byId.get(feature).examples.length])
    for (const call of dealBlock(sizes, SEED)) {
      const windows = call.map(([feature, example]) => byId.get(feature).examples[example])
      const predicted = compositionPredictions(windows, [[...windows.keys()]], frequency)
      for (const [place, [feature]] of call.entries()) {
        const found = predicted[place].map((one) =>
          asLevels ? Math.max(0, Math.min(9, Math.round(3 * one))) : one,
        )
        pairs.get(feature).truth.push(...windows[place].activations)
        pairs.get(feature).predicted.push(...found)
      }
    }
    return [...pairs].map(([feature, { truth, predicted }]) => ({
      density: byId.get(feature).density,
      value: spearman(truth, predicted) ?? 0,
    }))
  })
}

function summary(values) {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1)
  return `${mean.toFixed(4)} ± ${Math.sqrt(variance).toFixed(3)} (${values.length})`
}

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node test/bench/composition.mjs STUDY')
const features = readStudy(folder)
const frequency = tokenShares(join(folder, 'tokens'))
const PARTS = [
  ['all', 0, 1],
  ['below 0.1 %', 0, 0.001],
  ['0.1 to 1 %', 0.001, 0.01],
  ['from 1 %', 0.01, 1],
]
for (const asLevels of [false, true]) {
  const found = scores(features, frequency, asLevels)
  const cells = PARTS.map(
    ([name, from, to]) =>
      `${name} ${summary(found.filter(({ density }) => density >= from && density < to).map(({ value }) => value))}`,
  )
  process.stdout.write(`${asLevels ? 'levels 0 to 9' : 'as defined'}: ${cells.join(', ')}\n`)
}
