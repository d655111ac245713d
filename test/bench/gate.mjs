// The way to an LLM under load, against a bare client on the same server.
// npm run build && node test/bench/gate.mjs [latency|rate|memory|limits …]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { Agent, fetch as undiciFetch } from 'undici'
import { Gate } from '../../dist/llm/gate.js'
import { Lane } from '../../dist/llm/lane.js'
import { OpenAiClient } from '../../dist/llm/openai-client.js'
import { priceList } from '../../dist/llm/prices.js'
import { readMigrations } from '../../dist/store/migrations.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MODEL = 'fake-model'
const PREFIX = 'You are told what a feature of a language model fires on. '.repeat(40)
const PRICES = { input: 0.15, output: 0.6 }

const wanted = process.argv.slice(2)
const chosen = (name) => wanted.length === 0 || wanted.includes(name)
say(
  `${cpus()[0].model.trim()}, ${cpus().length} cores, node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
)
if (chosen('latency')) await latency()
if (chosen('rate')) await rate()
if (chosen('memory')) await memory()
if (chosen('limits')) await limits()

/** 500 ms and 64 slots: the share of 128 requests/s that is reached. */
async function latency() {
  const requests = 5000
  say(
    '',
    '| 500 ms, 64 slots, 5,000 requests | s | share of 128/s | ratio to the bare client |',
    '|---|---|---|---|',
  )
  const server = await serve('--latency', '500', '--slots', '64')
  const cold = await withGate(server, null, (gate) => timed(() => askAll(gate, 'cold', requests)))
  say(`| gloss, cold start | ${cold.seconds.toFixed(2)} | ${share(requests, cold)} | |`)
  const known = cold.limits
  for (let pair = 1; pair <= 2; pair++) {
    const bare = await timed(() => bareAll(server, `bare ${pair}`, requests, 64))
    const warm = await withGate(server, known, (gate) => timed(() => askAll(gate, `warm ${pair}`, requests)))
    say(`| bare \`openai\` client, 64 at once | ${bare.seconds.toFixed(2)} | ${share(requests, bare)} | |`)
    say(
      `| gloss, limits known (window ${known.window}) | ${warm.seconds.toFixed(2)} | ${share(requests, warm)} | ${(bare.seconds / warm.seconds).toFixed(3)} |`,
    )
  }
  server.stop()
}

/** No latency: requests a second, and CPU time of this process for each. */
async function rate() {
  const requests = 10_000
  say('', '| no latency, 10,000 requests | requests/s | CPU ms a request |', '|---|---|---|')
  const server = await serve()
  for (let pair = 1; pair <= 3; pair++) {
    const bare = await timed(() => bareAll(server, `bare ${pair}`, requests, 64))
    say(`| bare \`openai\` client, nothing stored | ${rateOf(requests, bare)} |`)
    const free = await withGate(server, null, (gate) => timed(() => askAll(gate, `free ${pair}`, requests)))
    say(`| gloss, memory and ledger | ${rateOf(requests, free)} |`)
    const paid = await withGate(server, null, (gate) => timed(() => askAll(gate, `paid ${pair}`, requests)), {
      prices: PRICES,
      maxCost: 1e6,
      requestsPerMinute: 1e7,
      tokensPerMinute: 1e10,
    })
    say(`| gloss, memory, reservations, ledger, both rate limits | ${rateOf(requests, paid)} |`)
  }
  server.stop()
}

/** 100,000 requests: memory of this process along the way. */
async function memory() {
  say('', '| requests | resident MB | heap MB |', '|---|---|---|')
  const server = await serve()
  await withGate(server, null, async (gate) => {
    for (let block = 0; block < 10; block++) {
      await askAll(gate, `block ${block}`, 10_000)
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      say(
        `| ${((block + 1) * 10_000).toLocaleString('en')} | ${(rss / 1e6).toFixed(0)} | ${(heapUsed / 1e6).toFixed(0)} |`,
      )
    }
  })
  server.stop()
}

/** 500 requests and 200,000 tokens a minute, for three minutes. */
async function limits() {
  say('', '| limit | asked | of what the server allowed | answered 429 |', '|---|---|---|---|')
  for (const [label, prefix, maxTokens] of [
    ['500 requests a minute', 'short', 20],
    ['200,000 tokens a minute', PREFIX, 60],
  ]) {
    const server = await serve('--rpm', '500', '--tpm', '200000', '--latency', '300')
    const ended = new AbortController()
    const minutes = 3
    const started = performance.now()
    const result = await withGate(
      server,
      null,
      async (gate) => {
        setTimeout(() => ended.abort(), minutes * 60_000)
        await askAll(gate, 'limited', 3000, prefix, maxTokens).catch(() => {})
        return { seconds: (performance.now() - started) / 1000 }
      },
      { signal: ended.signal },
    )
    const stats = await server.stats()
    // A bucket that is full at the start, and what flows in until the last request.
    const allowed = 1 + Math.min(minutes, result.seconds / 60)
    const byRequests = stats.answered / (500 * allowed)
    const byTokens = (stats.promptTokens + stats.completionTokens) / (200_000 * allowed)
    say(
      `| ${label} | ${stats.answered} answered in ${result.seconds.toFixed(0)} s | ${percent(Math.max(byRequests, byTokens))} | ${stats.rejected429} (${percent(stats.rejected429 / stats.requests)}) |`,
    )
    server.stop()
  }
}

async function withGate(server, known, work, wishes = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gloss-bench-'))
  const store = openStore(join(folder, 'gloss.db'), readMigrations(join(ROOT, 'migrations')))
  const { prices = null, maxCost = null, requestsPerMinute = null, tokensPerMinute = null } = wishes
  const client = new OpenAiClient({ baseUrl: server.url, model: MODEL, key: null })
  const lane = new Lane(
    {
      client,
      prices: priceList(server.url, MODEL, prices),
      weight: 1,
      mostInFlight: 256,
      requestsPerMinute,
      tokensPerMinute,
      known,
    },
    performance.now(),
  )
  const signal = wishes.signal ?? new AbortController().signal
  const gate = new Gate({
    group: server.url,
    model: MODEL,
    lanes: [lane],
    store,
    maxCost,
    signal,
    now: () => new Date(),
  })
  try {
    const result = await work(gate)
    await gate.close()
    return { ...result, limits: store.endpoints.get(server.url, MODEL)?.limits ?? null }
  } finally {
    store.close()
    rmSync(folder, { recursive: true })
  }
}

/** Asks through the gate as a stage does: so many items under way as it can take. */
async function askAll(gate, name, count, prefix = PREFIX, maxTokens = 50) {
  let next = 0
  const one = async () => {
    while (next < count) {
      const index = next++
      const answer = await gate.ask(requestOf(name, index, prefix, maxTokens), {
        stage: 'score',
        priority: index,
      })
      if (answer.kind !== 'reply') throw new Error(answer.reason)
    }
  }
  await Promise.all(Array.from({ length: gate.mostInFlight }, one))
}

async function bareAll(server, name, count, atOnce) {
  const dispatcher = new Agent()
  const client = new OpenAI({
    baseURL: server.url,
    apiKey: 'none',
    maxRetries: 0,
    fetch: undiciFetch,
    fetchOptions: { dispatcher },
  })
  let next = 0
  const one = async () => {
    while (next < count) {
      const { messages, maxTokens } = requestOf(name, next++, PREFIX, 50)
      await client.chat.completions.create({ model: MODEL, messages, max_tokens: maxTokens })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  await dispatcher.close()
}

function requestOf(name, index, prefix, maxTokens) {
  const messages = [
    { role: 'system', content: prefix },
    { role: 'user', content: `${name} ${index}: ${'a window of tokens '.repeat(20)}` },
  ]
  return { messages, maxTokens }
}

async function timed(work) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1000, cpuMs: (user + system) / 1000 }
}

async function serve(...flags) {
  const child = spawn('npm', ['run', '--silent', 'fake-llm', '--', '--port', '0', ...flags], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  let said = ''
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the fake server ended with ${code}`)))
    child.stdout.on('data', (chunk) => {
      said += chunk
      const match = /https?:\/\/\S+/.exec(said)
      if (match) resolve(match[0])
    })
  })
  return {
    url,
    stats: async () => (await undiciFetch(`${new URL(url).origin}/_stats`)).json(),
    stop: () => process.kill(-(child.pid ?? 0)),
  }
}

function rateOf(requests, { seconds, cpuMs }) {
  return `${(requests / seconds).toFixed(0)} | ${(cpuMs / requests).toFixed(2)}`
}

function share(requests, { seconds }) {
  return percent(requests / seconds / 128)
}

function percent(value) {
  return `${(100 * value).toFixed(1)} %`
}

function say(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
