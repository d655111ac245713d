// The statistics of many features' simulations: correlations, intervals from 1,000 resamples, paired gains over every
// control with p values. Examples and predictions are those of a finished study, taken again and again.
//
//   node test/bench/statistics.mjs STUDY [FEATURES = 100000] [THREADS = 2]
//
// Wall time depends on what else the machine does; CPU time is printed beside it.
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import {
  bigramTable,
  Bootstrap,
  compositionPredictions,
  constantPredictions,
  dealExamples,
  intervalShares,
  positionPredictions,
  scoreSimulation,
  simulateByBigramTable,
  simulateByTokenTable,
  tokenTable,
} from '../../dist/index.js'

const SCALE = 9
const EXAMPLES_PER_CALL = 20
const LIMITS = { minimumExamples: 20, minimumFiring: 5 }
/** Features read from the study; more are the same again. */
const READ = 2000

function readFeatures(folder, from, step) {
  const database = new Database(join(folder, 'gloss.db'), { readonly: true })
  const features = database
    .prepare(
      "SELECT set_id AS setId, id, density, max, histogram FROM feature WHERE state = 'alive' ORDER BY id LIMIT ?",
    )
    .all(READ)
  const rows = database.prepare(
    'SELECT use, slice, nominal, silent, tokens, activations FROM example WHERE set_id = ? AND feature_id = ? ORDER BY id',
  )
  const tokens = new Map(database.prepare('SELECT token, count FROM token_count').raw().all())
  const total = [...tokens.values()].reduce((sum, count) => sum + count, 0)
  const read = ({ setId, id }) =>
    rows.all(setId, id).map((row) => ({
      ...row,
      silent: row.silent === 1,
      tokens: JSON.parse(row.tokens),
      activations: JSON.parse(row.activations),
    }))
  const prepared = []
  for (let index = from; index < features.length; index += step) {
    const feature = features[index]
    const examples = read(feature)
    const explain = examples.filter(({ use }) => use === 'explain')
    const score = examples.filter(({ use }) => use === 'score')
    const other = read(features[(index + 1) % features.length]).filter(({ use }) => use === 'explain')
    const [table, stranger] = [tokenTable(explain, SCALE), tokenTable(other, SCALE)]
    const bigrams = bigramTable(explain, SCALE)
    const calls = dealExamples(score, EXAMPLES_PER_CALL, 0, feature.id)
    const by = (simulate) => score.map((example) => simulate(example.tokens))
    prepared.push({
      // What the bigrams say stands for an LLM: it knows more than the table and is not always right.
      examples: score.map((example) => ({
        ...example,
        predicted: simulateByBigramTable(bigrams, example.tokens),
      })),
      controls: [
        { name: 'constant', predicted: constantPredictions(score) },
        { name: 'position', predicted: positionPredictions(score) },
        {
          name: 'composition',
          predicted: compositionPredictions(score, calls, (token) => (tokens.get(token) ?? 0) / total),
          unrounded: true,
        },
        { name: 'tokenTable', predicted: by((ids) => simulateByTokenTable(table, ids)) },
        { name: 'bigram', predicted: by((ids) => simulateByBigramTable(bigrams, ids)) },
        { name: 'shuffled', predicted: by((ids) => simulateByTokenTable(stranger, ids)) },
      ],
      importance: {
        density: feature.density,
        max: feature.max,
        shares: intervalShares(JSON.parse(feature.histogram), 12),
      },
    })
  }
  database.close()
  return prepared
}

function measure(prepared, count) {
  const bootstrap = new Bootstrap(0)
  const started = performance.now()
  const before = process.cpuUsage()
  let sum = 0
  for (let done = 0; done < count; done++) {
    const { examples, controls, importance } = prepared[done % prepared.length]
    const { simulation } = scoreSimulation(examples, controls, LIMITS, bootstrap, true, {
      importance,
      expectedValues: false,
    })
    sum += simulation.value ?? 0
  }
  const used = process.cpuUsage(before)
  return { seconds: (performance.now() - started) / 1000, cpu: (used.user + used.system) / 1e6, sum, count }
}

if (isMainThread) {
  const [folder, features = '100000', threads = '2'] = process.argv.slice(2)
  if (folder === undefined)
    throw new Error('usage: node test/bench/statistics.mjs STUDY [FEATURES] [THREADS]')
  const [count, workers] = [Number(features), Number(threads)]
  const found = await Promise.all(
    Array.from(
      { length: workers },
      (_, place) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            workerData: { folder, place, workers, count: Math.ceil(count / workers) },
          })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  const total = found.reduce((all, one) => all + one.count, 0)
  // Each thread sees what the whole process used.
  const cpu = Math.max(...found.map((one) => one.cpu))
  process.stdout.write(
    [
      `${total} features, ${workers} threads, Node ${process.version}`,
      `wall ${Math.max(...found.map(({ seconds }) => seconds)).toFixed(1)} s`,
      `CPU  ${cpu.toFixed(1)} s, ${((cpu / total) * 1000).toFixed(3)} ms a feature`,
      `mean score ${(found.reduce((all, one) => all + one.sum, 0) / total).toFixed(6)}`,
      '',
    ].join('\n'),
  )
} else {
  const { folder, place, workers, count } = workerData
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort.postMessage(measure(readFeatures(folder, place, workers), count))
}
