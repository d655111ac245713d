// How fast `gloss review` opens and answers: `node test/bench/review.mjs [FOLDER]`, after `npm run build`. Makes a study of 100,000
// features, each explained and scored, with a million rating events (kept in FOLDER where one is named), then runs
// the program in a terminal (`script`, of util-linux).
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundledMigrations } from '../../dist/cli/assets.js'
import { createRatingSession } from '../../dist/pipeline/rating-session.js'
import { SafetensorsWriter } from '../../dist/core/safetensors.js'
import { NearestDirections } from '../../dist/pipeline/nearest-directions.js'
import { openDecoder } from '../../dist/sae/decoder-file.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const FEATURES = 100_000
const SAMPLED = 400
const SESSIONS = 20
const RATERS = 50
const EVENTS = 1_000_000
const KEYS_A_SECOND = 30
const KEYS = 150
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const COUNT_CPU = fileURLToPath(new URL('count-cpu.cjs', import.meta.url))
const CPU_FILE = join(mkdtempSync(join(tmpdir(), 'gloss-bench-')), 'cpu')
const RUBRIC = readFileSync(new URL('../../prompts/rubrics/fast.yaml', import.meta.url), 'utf8')
const FRAME_END = '\u001b[?2026l'

const WORDS = Array.from({ length: 5000 }, (_, index) => ` w${index.toString(36)}`)

function writeStudy(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'gloss.yaml'), 'model: planted\nhook: planted\n')
  const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
  const provenanceId = store.provenance.put({
    version: '0',
    seed: 0,
    model: 'm',
    weightsHash: 'w',
    tokenizerHash: 't',
    corpusHash: 'c',
    setId: 's',
    setHash: 's',
    protocol: null,
    protocolHash: null,
    prompt: null,
    promptHash: null,
    llm: null,
  })
  store.transaction(() => {
    store.featureSets.put({
      id: 's',
      kind: 'sae',
      hook: 'planted',
      architecture: 'topk',
      features: FEATURES,
      dIn: 8,
      folder: 'f',
      provenanceId,
      shuffledSeed: null,
      metrics: {
        l0: 1,
        fvu: 0,
        deadShare: 0,
        crossEntropy: 3,
        crossEntropyReconstructed: 3,
        crossEntropyZeroed: 5,
        crossEntropyRecovered: 1,
        tokens: 1,
      },
    })
    store.collections.put({
      setId: 's',
      corpusHash: 'c',
      tokenizerHash: 't',
      tokens: 1,
      eligible: 1,
      documents: 1,
      contexts: 1,
      contextLength: 256,
      entries: 1,
      bytes: 1,
      provenanceId,
    })
    store.vocabulary.put(
      't',
      WORDS.map((word) => Buffer.from(word)),
    )
    store.documents.put('c', [{ name: 'd', register: null, tokens: 1 }])
    const mix = (id, by) => ((id * by) % 99_991) / 99_991
    store.features.put(
      's',
      Array.from({ length: FEATURES }, (_feature, id) => ({
        id,
        density: 0.02 * mix(id, 7919) ** 3,
        max: 1 + mix(id, 31),
        firings: 100,
        state: 'alive',
        tokenShare: mix(id, 13),
        singleToken: false,
        histogram: Array.from({ length: 40 }, (_, bin) => 400 - 10 * bin),
        logits: {
          top: Array.from({ length: 10 }, (_, k) => [k, 1]),
          bottom: Array.from({ length: 10 }, (_, k) => [k + 10, -1]),
        },
      })),
    )
    for (let id = 0; id < FEATURES; id++) {
      const words = Array.from({ length: 8 }, (_, k) => WORDS[(id * (k + 3) * 17) % WORDS.length])
      store.explanations.put(
        {
          id: `e${id}`,
          setId: 's',
          featureId: id,
          explainer: 'pairs',
          llm: 'judge',
          text: `tokens such as${words.join('')}`,
          problem: null,
          requestHash: null,
          provenanceId,
        },
        new Date(0),
      )
      const value = mix(id, 104_729)
      store.scores.put(
        [
          {
            id: `s${id}`,
            explanationId: `e${id}`,
            scorer: 'simulation',
            protocol: 'monosemanticity',
            tier: 'integersSparse',
            value,
            low: value - 0.1,
            high: value + 0.1,
            n: 540,
            undefined: null,
            flag: null,
            ceiling: 1,
            digitMass: null,
            coverage: {},
            failedCalls: 0,
            failedControlCalls: 0,
            unreadableCalls: 0,
            provenanceId,
          },
        ],
        [
          {
            scoreId: `s${id}`,
            name: 'shuffled',
            value: 0,
            gain: value,
            gainLow: value - 0.1,
            gainHigh: value + 0.1,
            p: null,
            partner: null,
          },
        ],
      )
    }
    const slices = [
      'top',
      'top',
      'top',
      'top',
      ...Array.from({ length: 12 }, (_, k) => `interval ${k + 1}`),
      'random',
      'other',
    ]
    for (let id = 0; id < SAMPLED; id++)
      store.examples.putSample('s', 'monosemanticity', provenanceId, {
        feature: id,
        state: 'alive',
        singleToken: false,
        examples: ['explain', 'score'].flatMap((use) =>
          slices.map((slice, at) => ({
            use,
            slice,
            document: 0,
            context: 0,
            position: 4,
            nominal: 4,
            silent: false,
            tokens: Array.from({ length: 9 }, (_, k) => (id * 31 + at * 7 + k) % WORDS.length),
            activations: Array.from({ length: 9 }, (_, k) => (k === 4 ? 1 : 0)),
          })),
        ),
      })
    for (const [name, value] of Object.entries({
      set: 's',
      protocol: 'monosemanticity',
      explainer: 'pairs',
      llm: 'judge',
      tier: 'integersSparse',
    }))
      store.study.put(name, value)
  })
  const sets = store.featureSets.all()
  let count = 0
  for (let session = 0; session < SESSIONS; session++) {
    const name = `session ${session}`
    const draw = { seed: session, items: 60, repeats: 0.1, checks: 0, overlap: 0, raters: null }
    const { manifest } = createRatingSession(
      store,
      { name, rubricText: RUBRIC, draw, protocol: 'monosemanticity', sets, selection: { kind: 'all' } },
      new Date(0),
    )
    for (let rater = 0; rater < RATERS; rater++)
      store.transaction(() => {
        const events = []
        const most = EVENTS / SESSIONS / RATERS
        const add = (item, kind, field, old, next, edit) =>
          events.push({
            id: `${session}-${rater}-${events.length}`,
            session: name,
            rater: `rater ${rater}`,
            item,
            kind,
            payload: JSON.stringify({
              seq: events.length + 1,
              field,
              part: null,
              old,
              new: next,
              edit,
              elapsedMs: 500,
            }),
            created: '2026-01-01T00:00:00.000Z',
          })
        for (const { code } of manifest.items) {
          const text = `words of kind ${rater}`.slice(0, 13)
          for (let end = 1; end <= text.length; end++)
            add(code, 'set', 'hypothesis', end === 1 ? null : text.slice(0, end - 1), text.slice(0, end), 1)
          add(code, 'set', 'verdict', null, (rater + events.length) % 3, null)
          add(code, 'submit', '$submitted', null, true, null)
        }
        // A rater who could not stop: as many changes of the last item as it takes.
        const last = manifest.items.at(-1).code
        while (events.length < most)
          add(
            last,
            'flag',
            '$flagged',
            events.length % 2 ? true : null,
            events.length % 2 ? null : true,
            null,
          )
        count += store.ratings.append(events)
      })
  }
  store.close()
  process.stdout.write(`${FEATURES} features, ${count} rating events\n`)
}

/** The program in a terminal of its own. */
function open(folder, args) {
  const child = spawn(
    'script',
    [
      '-q',
      '-e',
      '-c',
      `stty cols 120 rows 40; exec ${process.execPath} ${PROGRAM} review ${args}`,
      '/dev/null',
    ],
    {
      cwd: folder,
      env: {
        ...process.env,
        CI: 'false',
        NODE_OPTIONS: `--require ${COUNT_CPU}`,
        BENCH_CPU: CPU_FILE,
        TERM: 'xterm-256color',
        COLORTERM: 'truecolor',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const waiting = []
  let seen = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    seen += text
    for (const wait of waiting.splice(0)) if (!wait(seen)) waiting.push(wait)
  })
  const until = (test) =>
    new Promise((resolve) => {
      const wait = (all) => test(all) && (resolve(performance.now()), true)
      if (!wait(seen)) waiting.push(wait)
    })
  return { child, until, forget: () => (seen = ''), send: (keys) => child.stdin.write(keys) }
}

const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]
const table = []

/** Processor times that were written down, of one kind. */
const cpuTimes = (kind) =>
  readFileSync(CPU_FILE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(kind))
    .map((line) => Number(line.split(' ')[1]))

async function measure(name, folder, args, ready, keys, before = '') {
  rmSync(CPU_FILE, { force: true })
  const starts = []
  for (let run = 0; run < 5; run++) {
    const began = performance.now()
    const { child, until, send } = open(folder, args)
    starts.push((await until((text) => text.includes(ready))) - began)
    await until((text) => text.includes(FRAME_END))
    send('q')
    await new Promise((resolve) => child.once('close', resolve))
  }
  const { child, until, forget, send } = open(folder, args)
  await until((text) => text.includes(FRAME_END))
  await sleep(15_000) // texts, ratings and tokens come in
  if (before !== '') {
    send(before)
    await sleep(1000)
  }
  const times = []
  for (let press = 0; press < KEYS; press++) {
    forget()
    const began = performance.now()
    send(keys[press % keys.length])
    const done = await Promise.race([until((text) => text.includes(FRAME_END)), sleep(1000, null)])
    times.push(done === null ? 1000 : done - began)
    await sleep(Math.max(0, 1000 / KEYS_A_SECOND - (performance.now() - began)))
  }
  child.kill('SIGTERM')
  const late = times.filter((ms) => ms > 30).length
  const [startCpu, keyCpu] = [cpuTimes('start'), cpuTimes('key').slice(-KEYS)]
  const cells = [
    name,
    `${quantile(starts, 0.5).toFixed(0)} (${Math.min(...starts).toFixed(0)}–${Math.max(...starts).toFixed(0)})`,
    quantile(startCpu, 0.5).toFixed(0),
    quantile(times, 0.5).toFixed(1),
    quantile(times, 0.95).toFixed(1),
    `${((100 * late) / KEYS).toFixed(0)} %`,
    quantile(keyCpu, 0.5).toFixed(1),
    quantile(keyCpu, 0.95).toFixed(1),
  ]
  table.push(`| ${cells.join(' | ')} |`)
}

/** How long it takes to find neighbours in a decoder on disk, at first (with all norms) and then. */
function nearestOf(features, dIn) {
  const path = join(mkdtempSync(join(tmpdir(), 'gloss-bench-')), 'sae_weights.safetensors')
  const writer = new SafetensorsWriter(path, { W_dec: { dtype: 'F32', shape: [features, dIn] } })
  const rows = Float32Array.from(
    { length: 1000 * dIn },
    (_, index) => (Math.sin(index * 12.9898) * 43_758.5453) % 1,
  )
  for (let first = 0; first < features; first += 1000)
    writer.write('W_dec', new Uint8Array(rows.buffer), first * dIn * 4)
  writer.commit()
  writeFileSync(
    join(path, '..', 'cfg.json'),
    JSON.stringify({ architecture: 'standard', d_in: dIn, d_sae: features }),
  )
  const directions = new NearestDirections(openDecoder(join(path, '..')))
  const times = Array.from({ length: 6 }, (_, feature) => {
    const [began, before] = [performance.now(), process.cpuUsage()]
    directions.of(feature, 8)
    const { user, system } = process.cpuUsage(before)
    return { wall: performance.now() - began, cpu: (user + system) / 1000 }
  })
  rmSync(join(path, '..'), { recursive: true })
  const [first, ...later] = times
  const text = ({ wall, cpu }) => `${wall.toFixed(0)} ms (${cpu.toFixed(0)} of the processor)`
  const median = later.toSorted((a, b) => a.wall - b.wall)[2]
  return `neighbours in a decoder of ${features} × ${dIn}: first ${text(first)}, then ${text(median)}`
}

const folder = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), 'gloss-bench-')), 'study')
if (!existsSync(join(folder, 'gloss.db'))) writeStudy(folder)
await measure('list: moving', folder, '', 'all keys', ['j', 'j', 'j', 'k', '\u001b[6~', 'j'])
await measure('list: filtering by words', folder, '', 'all keys', [
  '/',
  'w',
  '1',
  '\u007f',
  '\u007f',
  '\u001b[200~w2\u001b[201~',
  '\r',
])
await measure('list: sorting', folder, '', 'all keys', ['o', 'O', 'G', 'g'])
await measure(
  'a page: other features, scrolling',
  folder,
  '',
  'all keys',
  ['n', 'j', 'j', 'p', 'n'],
  'ooooo\r',
)
await measure('rating', folder, '--session "session 0" --rater someone', 'all keys', [
  '0',
  '\t',
  '2',
  'j',
  'l',
  'f',
  'u',
  'Z',
  'n',
  'p',
])
const neighbours = nearestOf(100_000, 768)
process.stdout.write(
  [
    `load average ${loadavg()[0].toFixed(1)} on ${cpus().length} processors`,
    '| what | start to first frame, ms: median (range) | of it processor time | key to frame, ms: median | p95 | over 30 ms | processor time: median | p95 |',
    '|---|--|--|--|--|--|--|--|',
    ...table,
    '',
    neighbours,
    '',
  ].join('\n'),
)
