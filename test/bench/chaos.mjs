// Faults, kills and a budget: ten thousand requests to a server that fails one in five, ten kill -9, and $1.00.
// npm run build && npm run fake-llm -- --help >/dev/null && npm install --no-save gpt-tokenizer@4.0.0
// node test/bench/chaos.mjs DEMO [faults|budget|dry-run …]   DEMO: the folder that gloss demo made
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { Oracle } from '../fake-llm/.build/test/fake-llm/oracle.js'
import { FakeLlm } from '../fake-llm/.build/test/fake-llm/server.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = join(ROOT, 'dist', 'cli', 'main.js')
const MODEL = 'fake-model'
const PRICES = { input: 0.15, output: 0.6 }
const FAULTS = [
  'rate-limit',
  'bad-retry-after',
  'server-error',
  'bad-gateway',
  'unavailable',
  'reset-before',
  'reset-within',
  'stall',
  'drip',
  'no-usage',
  'null-usage',
]
const [demo, ...wanted] = process.argv.slice(2)
const chosen = (name) => wanted.length === 0 || wanted.includes(name)
const honest = new Oracle([], 'true')
const oracle = (request) => honest.answer(request)
const parent = mkdtempSync(join(tmpdir(), 'gloss-chaos-'))

say(
  `${cpus()[0].model.trim()}, ${cpus().length} cores, node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
)
if (chosen('faults')) await faults()
if (chosen('budget')) await budget()
if (chosen('dry-run')) await dryRun()
rmSync(parent, { recursive: true, force: true })

/** 1,430 features are 10,010 requests, controls included. */
async function faults() {
  const only = ['--only', 'random:1430']
  const quiet = await FakeLlm.start({ answer: 'oracle' })
  const port = Number(new URL(quiet.url).port)
  const undisturbed = study('quiet')
  const calm = await timed(() => gloss(['run', ...only], undisturbed, quiet))
  const requests = quiet.stats().requests
  await quiet.stop()

  const disturbed = study('chaos')
  const stored = new Set()
  let sentTwice = 0
  const server = await FakeLlm.start({
    port,
    faults: { rate: 0.2, seed: 7, kinds: FAULTS },
    stallMs: 20_000,
    dripMs: 50,
    answer: (request) => {
      if (stored.has(digest(request.body.messages))) sentTwice++
      return oracle(request)
    },
  })
  let kills = 0
  let runs = 0
  const started = performance.now()
  for (;;) {
    const kill = kills < 10 ? 2000 + 4000 * Math.random() : null
    const { code, killed } = await gloss(['run', ...only], disturbed, server, kill)
    runs++
    process.stderr.write(
      `run ${runs}: ${killed ? 'killed' : code}, ${withoutReply(disturbed)} without a reply\n`,
    )
    for (const key of storedIn(disturbed)) stored.add(key)
    if (killed) kills++
    else if (code === 0 && withoutReply(disturbed) === 0) break
    else if (code !== 0 && code !== 3) throw new Error(`exit code ${code}`)
  }
  const seconds = (performance.now() - started) / 1000
  const stats = server.stats()
  await server.stop()
  say('', '| 10,000 requests, 20 % faults, ten kills | |', '|---|---|')
  say(`| requests of a quiet run | ${requests.toLocaleString('en')} in ${calm.seconds.toFixed(0)} s |`)
  say(
    `| requests with faults and kills | ${stats.requests.toLocaleString('en')} in ${seconds.toFixed(0)} s, ${runs} runs, ${kills} kills |`,
  )
  say(
    `| faults | ${Object.entries(stats.faultsByKind)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')} |`,
  )
  say(`| sent again although stored | ${sentTwice} |`)
  say(
    `| explanations, scores, controls equal to the quiet run's | ${tables(disturbed) === tables(undisturbed)} |`,
  )
}

/** The same server with prices, and a limit. */
async function budget() {
  const folder = study('budget')
  const server = await FakeLlm.start({
    prices: PRICES,
    faults: { rate: 0.2, seed: 8, kinds: FAULTS },
    stallMs: 20_000,
    dripMs: 50,
    answer: oracle,
  })
  let kills = 0
  let highest = 0
  let code = null
  for (let run = 0; run < 60; run++) {
    const kill = kills < 10 ? 1500 + 2500 * Math.random() : null
    const outcome = await gloss(['run', '--max-cost', '1'], folder, server, kill)
    highest = Math.max(highest, server.stats().billedUsd)
    code = outcome.code
    if (outcome.killed) kills++
    else if (code === 3) break
  }
  const connection = new Database(join(folder, 'gloss.db'), { readonly: true })
  const ledger = connection.prepare('SELECT sum(usd) FROM spending').pluck().get()
  connection.close()
  await server.stop()
  say('', '| --max-cost 1, 20 % faults, ten kills | |', '|---|---|')
  say(
    `| billed by the server, at the most | $${highest.toFixed(4)} |`,
    `| by the ledger | $${ledger.toFixed(4)} |`,
  )
  say(`| ended with exit code | ${code} after ${kills} kills |`)
}

/** The estimate against what the server counts with OpenAI's o200k tokenizer. */
async function dryRun() {
  const { encode } = await import('gpt-tokenizer/encoding/o200k_base')
  const server = await FakeLlm.start({
    answer: oracle,
    countTokens: (text) => encode(text).length,
    prices: PRICES,
  })
  const folder = study('dry-run')
  say('', '| --dry-run | requests | tokens | $ | really | ratio of tokens |', '|---|---|---|---|---|---|')
  for (const [label, only] of [
    ['before a first call', 'random:150'],
    ['calibrated by it', 'random:300'],
  ]) {
    const before = server.stats()
    const { stdout } = await gloss(['run', '--dry-run', '--json', '--only', only], folder, server)
    const { estimates } = JSON.parse(stdout)
    if (server.stats().requests !== before.requests) throw new Error('a dry run sent something')
    await gloss(['run', '--only', only], folder, server)
    const stats = server.stats()
    const real = {
      requests: stats.requests - before.requests,
      tokens: stats.promptTokens + stats.completionTokens - before.promptTokens - before.completionTokens,
      usd: stats.billedUsd - before.billedUsd,
    }
    const sum = (of) => estimates.reduce((all, one) => all + of(one), 0)
    const tokens = sum((one) => one.promptTokens + one.completionTokens)
    say(
      `| ${label}: ${only} | ${sum((one) => one.requests)} | ${tokens} | ${sum((one) => one.usd).toFixed(4)} | ${real.requests}, ${real.tokens}, ${real.usd.toFixed(4)} | ${(tokens / real.tokens).toFixed(3)} |`,
    )
  }
  await server.stop()
}

/** A copy of the demo, with prices; its collection is only read. */
function study(name) {
  const folder = join(parent, name)
  cpSync(resolve(demo), folder, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => !/collections|lock|wal|shm/.test(path),
  })
  symlinkSync(resolve(demo, 'collections'), join(folder, 'collections'))
  appendFileSync(
    join(folder, 'gloss.yaml'),
    `llm:\n  prices: ${JSON.stringify(PRICES)}\n  timeoutSeconds: 10\n`,
  )
  return folder
}

function gloss(args, folder, server, killAfterMs = null) {
  const flags = [
    '--llm',
    server.url,
    '--llm-model',
    MODEL,
    '--quiet',
    '--log',
    join(parent, 'events.jsonl'),
    '--workspace',
    folder,
  ]
  const child = spawn(process.execPath, [PROGRAM, ...args, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const timer = killAfterMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  return new Promise((done) =>
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code !== 0 && code !== 3 && signal === null) process.stderr.write(stderr)
      done({ code, killed: signal === 'SIGKILL', stdout })
    }),
  )
}

function rowsOf(folder, sql) {
  const connection = new Database(join(folder, 'gloss.db'), { readonly: true })
  try {
    return connection.prepare(sql).raw().all()
  } finally {
    connection.close()
  }
}

function storedIn(folder) {
  return rowsOf(folder, 'SELECT body FROM request WHERE response IS NOT NULL').map(([body]) =>
    digest(JSON.parse(gunzipSync(body).toString('utf8')).messages),
  )
}

function withoutReply(folder) {
  return rowsOf(folder, 'SELECT count(*) FROM request WHERE response IS NULL')[0][0]
}

function tables(folder) {
  const parts = [
    `SELECT id, feature_id, explainer, text, problem FROM explanation WHERE explainer <> 'table' ORDER BY id`,
    `SELECT id, explanation_id, scorer, value, low, high, n, undefined, coverage FROM score WHERE tier <> 'table' ORDER BY id`,
    `SELECT score_id, name, control.value, gain, gain_low, gain_high, partner FROM control JOIN score ON score.id = score_id
     WHERE tier <> 'table' ORDER BY score_id, name`,
  ].map((sql) => JSON.stringify(rowsOf(folder, sql)))
  return createHash('sha256').update(parts.join('\n')).digest('hex')
}

function digest(messages) {
  return createHash('sha256').update(JSON.stringify(messages)).digest('base64')
}

async function timed(work) {
  const start = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - start) / 1000 }
}

function say(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
