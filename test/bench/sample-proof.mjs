/**
 * Proves of a study's examples, from its database and tokens alone, what samples promise, feature by feature:
 * no document serves two uses; no two examples are of equal windows, digits folded, neither around their nominal
 * tokens nor as they are shown; every token of theirs lies in one context of one document, is neither begin nor end
 * token and does not stand at position 0; and activations are finite. Prints one line a protocol, and up to ten faults;
 * exits with 1 if there is one. The contexts are cut anew here, not by the code that sampled.
 *
 * node test/bench/sample-proof.mjs STUDY, after `npm run build`
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { parse } from 'yaml'
import { resolveModel } from '../../dist/cli/workspace.js'
import { loadTokenCorpus, readTokenManifest } from '../../dist/corpus/token-shards.js'
import { Gpt2Model } from '../../dist/model/gpt2-model.js'

const study = process.argv[2]
const database = new Database(join(study, 'gloss.db'), { readonly: true })
const settings = parse(readFileSync(join(study, 'gloss.yaml'), 'utf8'))
const model = new Gpt2Model(resolveModel(settings.model, study), settings.model)
const { beginTokenId, endTokenId } = model
const corpus = loadTokenCorpus(join(study, 'tokens'), readTokenManifest(join(study, 'tokens')))
const offset = beginTokenId === null ? 0 : 1

const digits = new Set(
  database
    .prepare('SELECT id, bytes FROM vocabulary')
    .all()
    .filter(({ bytes }) => /^ ?[0-9]+$/.test(Buffer.from(bytes).toString('latin1')))
    .map(({ id }) => id),
)
const fold = (ids) => Array.from(ids, (id) => (digits.has(id) ? 'digits' : id)).join()

let found = 0
const fault = (text) => {
  if (found++ < 10) process.stdout.write(`  fault: ${text}\n`)
}

const samples = database
  .prepare(
    `SELECT DISTINCT example.set_id AS setId, replace(protocol, '+more', '') AS protocol, context_length AS contextLength
     FROM example JOIN collection ON collection.set_id = example.set_id`,
  )
  .all()
for (const { setId, protocol, contextLength } of samples) {
  const room = contextLength - offset
  const starts = []
  const owners = []
  for (let document = 0; document < corpus.documents.length; document++)
    for (let at = corpus.documentStarts[document]; at < corpus.documentStarts[document + 1]; at += room) {
      starts.push(at)
      owners.push(document)
    }
  starts.push(corpus.ids.length)

  const rows = database
    .prepare(
      `SELECT feature_id AS feature, use, slice, document, context, position, nominal, silent, tokens, activations
       FROM example WHERE set_id = ? AND protocol IN (?, ?) ORDER BY feature_id, protocol, id`,
    )
    .iterate(setId, protocol, `${protocol}+more`)
  const counts = { features: 0, examples: 0 }
  let feature = null
  let useOf
  let shown
  let centred
  for (const row of rows) {
    if (row.feature !== feature) {
      feature = row.feature
      counts.features++
      useOf = new Map()
      shown = new Set()
      centred = new Set()
    }
    counts.examples++
    const name = `${setId} ${protocol}, feature ${feature}, ${row.use} ${row.slice} in document ${row.document}`
    const tokens = JSON.parse(row.tokens)
    const activations = JSON.parse(row.activations)
    const other = useOf.get(row.document) ?? row.use
    useOf.set(row.document, row.use)
    if (other !== row.use) fault(`${name}: its document also serves ${other}`)

    const text = fold(tokens)
    if (shown.has(text)) fault(`${name}: its text is that of another example`)
    shown.add(text)
    const nominal = starts[row.context] + row.position - offset
    if (tokens.length % 2 === 1) {
      const half = tokens.length >> 1
      const around = fold(corpus.ids.subarray(nominal - half, nominal + half + 1))
      if (centred.has(around)) fault(`${name}: its window equals that of another example`)
      centred.add(around)
    }

    const first = nominal - row.nominal
    if (owners[row.context] !== row.document) fault(`${name}: its context is of another document`)
    if (first < starts[row.context] || first + tokens.length > starts[row.context + 1])
      fault(`${name}: it leaves its context`)
    if (row.position - row.nominal < 1) fault(`${name}: a token of it stands at position 0`)
    if (tokens.some((id) => id === beginTokenId || id === endTokenId))
      fault(`${name}: it holds a begin or end token`)
    if (tokens.some((id, index) => id !== corpus.ids[first + index])) fault(`${name}: its tokens are others`)
    if (activations.length !== tokens.length || activations.some((value) => !Number.isFinite(value)))
      fault(`${name}: its activations are no numbers`)
    if ((activations[row.nominal] === 0) !== (row.silent === 1)) fault(`${name}: silent is wrong`)
  }
  process.stdout.write(`${setId} ${protocol}: ${counts.examples} examples of ${counts.features} features\n`)
}
process.stdout.write(found === 0 ? 'no fault\n' : `${found} faults\n`)
database.close()
await model.close()
process.exitCode = found === 0 ? 0 : 1
