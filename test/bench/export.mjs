// What exporting a million scores takes: `node test/bench/export.mjs [FOLDER [SCORES]]`, after `npm run build`. Makes a study of
// made-up scores through the store itself (kept in FOLDER where one is named), exports it in every format with the
// program, and prints time, processor time, peak memory and size.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundledMigrations } from '../../dist/cli/assets.js'
import { contentId } from '../../dist/core/hash.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const [named, wanted = '1000000'] = process.argv.slice(2)
const SCORES = Number(wanted)
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const COUNT_RESOURCES = fileURLToPath(new URL('count-resources.cjs', import.meta.url))
const FORMATS = (process.env.BENCH_FORMATS ?? 'csv,jsonl,parquet,markdown,neuronpedia').split(',')
const EXPLAINERS = ['pairs', 'best', 'delimiters', 'table']
/** Scorers with other statistics of the same replies, which have no controls. */
const SCORERS = {
  simulation: ['pearson', 'fire_only', 'weighted', 'raw'],
  detection: ['precision'],
  fuzzing: [],
  intruder: [],
  logits: [],
}
const CONTROLS = ['constant', 'position', 'composition', 'tokenTable', 'bigram', 'shuffled']
const PER_EXPLANATION = Object.values(SCORERS).reduce((sum, others) => sum + 1 + others.length, 0)
const FEATURES = Math.round(SCORES / PER_EXPLANATION / EXPLAINERS.length)
const EXAMPLES = 12
const FEATURES_AT_ONCE = 250
const SET = 'topk-25000-0123abcd'
const WORDS = Array.from({ length: 5000 }, (_, index) => ` w${index.toString(36)}`)
const COVERAGE = Object.fromEntries([
  ['top', [6, 6]],
  ...Array.from({ length: 12 }, (_, index) => [`interval ${index + 1}`, [2, 2]]),
  ['random', [10, 10]],
  ['other', [20, 20]],
])

let state = 1
/** Writes a line. */
function print(line) {
  process.stdout.write(`${line}\n`)
}

/** A number in [0, 1), the same sequence in every run (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

function provenance(others) {
  return {
    version: '0.1.0',
    seed: 0,
    model: 'made-up',
    weightsHash: '1'.repeat(64),
    tokenizerHash: '2'.repeat(64),
    corpusHash: '3'.repeat(64),
    setId: SET,
    setHash: '4'.repeat(64),
    protocol: null,
    protocolHash: null,
    prompt: null,
    promptHash: null,
    llm: null,
    ...others,
  }
}

function writeStudy(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'gloss.yaml'), 'model: made-up\nhook: blocks.6.hook_resid_post\n')
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  const created = new Date(0)
  store.transaction(() => writeSet(store))
  for (let first = 0; first < FEATURES; first += FEATURES_AT_ONCE)
    store.transaction(() => {
      for (let id = first; id < Math.min(FEATURES, first + FEATURES_AT_ONCE); id++)
        writeFeature(store, id, created)
    })
  store.close()
}

function writeSet(store) {
  const provenanceId = store.provenance.put(provenance({}))
  store.featureSets.put({
    id: SET,
    kind: 'sae',
    hook: 'blocks.6.hook_resid_post',
    architecture: 'topk',
    features: FEATURES,
    dIn: 768,
    folder: 'features/made-up',
    provenanceId,
    shuffledSeed: null,
    metrics: null,
  })
  store.collections.put({
    setId: SET,
    corpusHash: '3'.repeat(64),
    tokenizerHash: '2'.repeat(64),
    tokens: 1e8,
    eligible: 1e8,
    documents: 1,
    contexts: 4e5,
    contextLength: 256,
    entries: 1e9,
    bytes: 4e9,
    provenanceId,
  })
  store.vocabulary.put(
    '2'.repeat(64),
    WORDS.map((word) => Buffer.from(word)),
  )
  store.documents.put('3'.repeat(64), [{ name: 'made-up.txt', register: null, tokens: 1e8 }])
}

function writeFeature(store, id, created) {
  const effects = Array.from({ length: 20 }, () => [Math.floor(random() * WORDS.length), random()])
  store.features.put(SET, [
    {
      id,
      density: random() / 100,
      max: 4 * random() + 0.1,
      firings: Math.floor(random() * 1e6),
      state: 'alive',
      tokenShare: random(),
      singleToken: random() < 0.4,
      histogram: Array.from({ length: 36 }, () => Math.floor(random() * 5000)),
      logits: { top: effects, bottom: effects.map(([token, value]) => [token, -value]) },
    },
  ])
  store.examples.putSample(
    SET,
    'monosemanticity',
    store.provenance.put(provenance({ protocol: 'monosemanticity' })),
    {
      feature: id,
      state: 'alive',
      singleToken: false,
      examples: Array.from({ length: EXAMPLES }, (_, place) => exampleOf(place)),
    },
  )
  for (const explainer of EXPLAINERS) writeExplanation(store, id, explainer, created)
}

function exampleOf(place) {
  return {
    use: place % 2 === 0 ? 'explain' : 'score',
    slice: place < 4 ? 'top' : `interval ${place}`,
    document: 0,
    context: Math.floor(random() * 4e5),
    position: 20,
    nominal: 4,
    silent: false,
    tokens: Array.from({ length: 9 }, () => Math.floor(random() * WORDS.length)),
    activations: Array.from({ length: 9 }, (_, at) => (at === 4 ? 4 * random() : 0)),
  }
}

function writeExplanation(store, featureId, explainer, created) {
  const llm = explainer === 'table' ? null : 'made-up-llm'
  const provenanceId = store.provenance.put(
    provenance({ protocol: 'monosemanticity', prompt: explainer, promptHash: '5'.repeat(64), llm }),
  )
  const id = contentId([featureId, explainer])
  const requestHash = llm === null ? null : contentId(['request', featureId, explainer]).repeat(4)
  if (requestHash !== null) {
    const usage = { promptTokens: 1300, cachedTokens: 0, completionTokens: 25, reasoningTokens: 0 }
    const request = {
      endpoint: 'made-up',
      model: llm,
      body: '{}',
      response: '{}',
      status: 200,
      error: null,
      usage,
    }
    store.requests.put(
      {
        hash: requestHash,
        ...request,
        latencyMs: 1,
        attempts: 1,
        stage: 'explain',
        requestId: null,
        attempt: 0,
      },
      created,
    )
    const spent = {
      requestHash,
      stage: 'explain',
      endpoint: 'made-up',
      model: llm,
      state: 'spent',
      usd: random() / 1e3,
    }
    store.ledger.add({ ...spent, priceId: null, usage }, created)
  }
  const words = Array.from({ length: 12 }, () => WORDS[Math.floor(random() * WORDS.length)])
  store.explanations.put(
    {
      id,
      setId: SET,
      featureId,
      explainer,
      llm,
      text: `tokens of "${words.join('')}", mostly at the end of a line`,
      problem: null,
      requestHash,
      provenanceId,
    },
    created,
  )
  const tier = llm === null ? 'table' : 'integersSparse'
  for (const [scorer, others] of Object.entries(SCORERS))
    for (const name of [scorer, ...others.map((other) => `${scorer}.${other}`)])
      writeScore(store, { id: contentId([id, name]), explanationId: id, scorer: name, tier, provenanceId })
}

function writeScore(store, score) {
  const value = random() < 0.02 ? null : random()
  store.scores.put(
    [
      {
        ...score,
        protocol: 'monosemanticity',
        value,
        low: value && value * random(),
        high: value && value + (1 - value) * random(),
        n: 540,
        undefined: value === null ? 'lowCoverage' : null,
        flag: null,
        ceiling: random(),
        digitMass: null,
        coverage: COVERAGE,
        failedCalls: 0,
        failedControlCalls: 0,
        unreadableCalls: 0,
      },
    ],
    score.scorer.includes('.')
      ? []
      : CONTROLS.map((name) => ({
          scoreId: score.id,
          name,
          value: random(),
          gain: random(),
          gainLow: -random(),
          gainHigh: random(),
          p: random(),
          partner: name === 'shuffled' ? 1 : null,
        })),
  )
}

/** Runs an export and watches it: seconds by the clock and of processors, the largest resident set in MB. */
async function timed(folder, format, out) {
  const counted = join(out, '..', 'resources.json')
  const start = performance.now()
  const child = spawn(
    process.execPath,
    [
      '--require',
      COUNT_RESOURCES,
      PROGRAM,
      'export',
      '--format',
      format,
      '--out',
      out,
      '--workspace',
      folder,
      '--quiet',
    ].concat(['neuronpedia', 'sae-dashboard'].includes(format) ? ['--set', 'sae'] : ['--tables', 'scores']),
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, BENCH_RESOURCES: counted } },
  )
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`gloss export --format ${format} ended with ${code}`)
  const { seconds, megabytes } = JSON.parse(readFileSync(counted, 'utf8'))
  return { wall: (performance.now() - start) / 1000, seconds, megabytes, bytes: sizeOf(out) }
}

function sizeOf(path) {
  const found = statSync(path)
  return found.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : found.size
}

const base = named ?? mkdtempSync(join(tmpdir(), 'gloss-bench-'))
const study = join(base, `study-${SCORES}`)
try {
  if (!existsSync(join(study, 'gloss.yaml.done'))) {
    rmSync(study, { recursive: true, force: true })
    writeStudy(study)
    writeFileSync(join(study, 'gloss.yaml.done'), '')
  }
  const rows = FEATURES * EXPLAINERS.length * PER_EXPLANATION
  print(
    `${rows.toLocaleString('en')} scores, ${FEATURES.toLocaleString('en')} features, database ${Math.round(statSync(join(study, 'gloss.db')).size / 1e6)} MB; ${cpus().length} processors, load average ${loadavg()[0].toFixed(1)}\n`,
  )
  print('| format | wall s | CPU s | rows/s of CPU | peak MB | size MB |\n|---|--|--|--|--|--|')
  for (const format of FORMATS.filter((name) => name !== '')) {
    const out = join(base, `out-${format}`)
    const { wall, seconds, megabytes, bytes } = await timed(study, format, out)
    print(
      `| ${[format, wall.toFixed(1), seconds.toFixed(1), Math.round(rows / seconds).toLocaleString('en'), Math.round(megabytes), (bytes / 1e6).toFixed(0)].join(' | ')} |`,
    )
    if (named === undefined) rmSync(out, { recursive: true })
  }
} finally {
  if (named === undefined) rmSync(base, { recursive: true })
}
