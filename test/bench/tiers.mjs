// The same explanations and examples through every tier of one model, side by side.
// npm run build
// node test/bench/tiers.mjs DEMO gguf:PATH|URL [MODEL] [FEATURES] [EXAMPLES] [FOLDER]
// DEMO: a finished study, which is copied; FOLDER: keeps its database, so that a run that was cut short goes on
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spearman } from '../../dist/autointerp/correlation.js'
import {
  bundledExplainPrompt,
  bundledMigrations,
  bundledProtocol,
  bundledSimulatePrompt,
} from '../../dist/cli/assets.js'
import { selectFeatures } from '../../dist/core/selection.js'
import { Gate } from '../../dist/llm/gate.js'
import { GgufClient } from '../../dist/llm/gguf-client.js'
import { Lane } from '../../dist/llm/lane.js'
import { OpenAiClient } from '../../dist/llm/openai-client.js'
import { priceList } from '../../dist/llm/prices.js'
import { probe } from '../../dist/llm/probe.js'
import { explainRequests, readExplanation } from '../../dist/pipeline/explain-plan.js'
import { currentSet } from '../../dist/pipeline/feature-set.js'
import { llmSimulator } from '../../dist/pipeline/simulate.js'
import { tokenTexts } from '../../dist/pipeline/token-texts.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const TIERS = ['promptLogprobs', 'chatLogprobs', 'integersDense', 'integersSparse']
/** Weak models write until they are stopped; whole replies to these prompts are shorter. */
const MOST_TOKENS = 300
const SEED = 0

const [demo, address, name = 'model', featureCount = '10', exampleCount = '20', kept] = process.argv.slice(2)
if (!address)
  throw new Error(
    'usage: node test/bench/tiers.mjs DEMO gguf:PATH|URL [MODEL] [FEATURES] [EXAMPLES] [FOLDER]',
  )
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
process.chdir(ROOT)

const folder = kept ? resolve(kept) : mkdtempSync(join(tmpdir(), 'gloss-tiers-'))
mkdirSync(folder, { recursive: true })
if (!existsSync(join(folder, 'gloss.db'))) cpSync(join(demo, 'gloss.db'), join(folder, 'gloss.db'))
const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
const protocol = bundledProtocol('monosemanticity')
const study = { store, folder: resolve(demo), protocol, config: { seed: SEED } }
const set = currentSet(study)

const client = address.startsWith('gguf:')
  ? await GgufClient.open(resolve(address.slice(5)))
  : await serverClient(address, name)
const free = { input: 0, output: 0 }
const lane = new Lane(
  {
    client,
    prices: priceList('http://localhost/v1', client.model, free),
    weight: 1,
    mostInFlight: 1,
    requestsPerMinute: null,
    tokensPerMinute: null,
    known: null,
  },
  performance.now(),
)
const chat = new Gate({
  group: client.baseUrl,
  model: client.model,
  lanes: [lane],
  store,
  maxCost: null,
  signal: new AbortController().signal,
  now: () => new Date(),
})

const alive = store.features.all(set.id).filter(({ state }) => state === 'alive')
const sampled = store.examples.sampledFeatures(set.id, protocol.name)
const candidates = alive.map(({ id }) => id).filter((id) => sampled.has(id))
const selection = { kind: 'random', count: Number(featureCount) }
const features = selectFeatures(selection, candidates, () => false, SEED)
const requestOf = explainRequests(study, set, { explain: bundledExplainPrompt() })
const textsOf = tokenTexts(study, set)

const explained = []
for (const feature of features) {
  const answer = await chat.ask(requestOf(feature), { stage: 'explain', priority: 0 })
  const read = answer.kind === 'reply' ? readExplanation(answer) : { problem: answer.reason }
  if ('text' in read) explained.push({ feature, text: read.text })
  note(`${feature}: ${'text' in read ? read.text : `no explanation (${read.problem})`}`)
}
say(`${features.length} features, ${explained.length} explained by ${client.model}\n`)

const rows = []
const predictions = new Map()
for (const tier of TIERS) {
  const simulate = { ...bundledSimulatePrompt(tier), maxTokens: tier === 'promptLogprobs' ? 1 : MOST_TOKENS }
  const simulator = llmSimulator({ chat, simulate, tier, reask: false }, protocol.scale, SEED, textsOf)
  const before = chat.spending()
  const started = performance.now()
  const masses = []
  const reasons = new Map()
  let answered = 0
  let asked = 0
  const scores = []
  for (const { feature, text } of explained) {
    const all = store.examples.of(set.id, feature, protocol.name).filter(({ use }) => use === 'score')
    const examples = spread(all, Number(exampleCount))
    const { predicted, digitMass, reasons: why } = await simulator.simulate(text, feature, examples, 0)
    if (digitMass !== null) masses.push(digitMass)
    for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    asked += examples.length
    const read = examples
      .map((example, index) => ({ example, levels: predicted[index] }))
      .filter(({ levels }) => levels)
    answered += read.length
    for (const [index, levels] of predicted.entries())
      if (levels) predictions.set(`${tier} ${feature} ${index}`, levels)
    const truth = read.flatMap(({ example }) => example.activations.map((one) => Math.max(0, one)))
    const levels = read.flatMap((one) => one.levels.map(Math.round))
    const score = levels.length > 1 ? spearman(truth, levels) : null
    if (score !== null) scores.push(score)
    note(`${tier} ${feature}: ${read.length} of ${examples.length} answered, ρ ${score?.toFixed(3) ?? '–'}`)
  }
  const seconds = (performance.now() - started) / 1000
  const { promptTokens, completionTokens, usd, requests } = chat.spending()
  rows.push({
    tier,
    requests: requests - before.requests,
    answered: `${answered} of ${asked}`,
    scores: `${scores.length}: ${median(scores)?.toFixed(2) ?? '–'}`,
    digitMass: masses.length > 0 ? (masses.reduce((a, b) => a + b, 0) / masses.length).toFixed(2) : '',
    prompt: Math.round((promptTokens - before.promptTokens) / explained.length),
    completion: Math.round((completionTokens - before.completionTokens) / explained.length),
    usd: usd - before.usd,
    seconds: (seconds / explained.length).toFixed(1),
    reasons,
  })
}
say(
  '| tier | calls | examples answered | scores: median ρ | digit mass | prompt tokens | completion tokens | $ | s a feature |',
)
say('|---|---|---|---|---|---|---|---|---|')
for (const row of rows)
  say(
    `| ${row.tier} | ${row.requests} | ${row.answered} | ${row.scores} | ${row.digitMass} | ${row.prompt} | ${row.completion} | ${row.usd} | ${row.seconds} |`,
  )
say('\nSpearman of predictions, over the tokens of examples that both tiers answered (tokens):\n')
say(`| | ${TIERS.join(' | ')} |\n|---|${TIERS.map(() => '---|').join('')}`)
for (const one of TIERS) say(`| ${one} | ${TIERS.map((other) => agreement(one, other)).join(' | ')} |`)
for (const { tier, reasons } of rows)
  for (const [reason, count] of reasons) say(`\n${tier}, ${count} ×: ${reason}`)
await chat.close()
store.close()
if (!kept) rmSync(folder, { recursive: true })

async function serverClient(baseUrl, model) {
  const asking = new OpenAiClient({ baseUrl, model, key: null })
  const { capabilities, server, notes } = await probe(asking)
  await asking.close()
  note(JSON.stringify({ server, capabilities, notes }))
  const { tokenLimit, promptLogprobs } = capabilities
  return new OpenAiClient({ baseUrl, model, key: null, tokenLimit, promptLogprobs })
}

function say(text) {
  process.stdout.write(`${text}\n`)
}

function note(text) {
  process.stderr.write(`${text}\n`)
}

/** So many of the list, at equal steps: slices lie one behind the other. */
function spread(list, count) {
  return list.length <= count
    ? list
    : Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)])
}

function agreement(one, other) {
  if (one === other) return ''
  const pairs = [...predictions].flatMap(([key, levels]) => {
    const [tier, ...rest] = key.split(' ')
    const match = tier === one ? predictions.get([other, ...rest].join(' ')) : undefined
    return match ? levels.map((level, index) => [level, match[index]]) : []
  })
  const value =
    pairs.length > 1
      ? spearman(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        )
      : null
  return value === null ? `– (${pairs.length})` : `${value.toFixed(2)} (${pairs.length})`
}

function median(values) {
  return values.length === 0 ? null : values.toSorted((a, b) => a - b)[values.length >> 1]
}
