// The same explanations and examples through every tier of one model, side by side, from what a study has stored:
// npm run build
// cd STUDY; gloss explain --only … --llm … ; for each tier: gloss score --only … --llm … --tier TIER; cd -
// node test/bench/tiers.mjs STUDY [PROTOCOL] [EXPLAINER]
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spearman } from '../../dist/autointerp/correlation.js'
import { bundledMigrations, bundledSimulatePrompt } from '../../dist/cli/assets.js'
import { findProtocol } from '../../dist/cli/protocols.js'
import { LLM_TIERS } from '../../dist/core/scores.js'
import { StoredReplies } from '../../dist/llm/stored-replies.js'
import { currentSet } from '../../dist/pipeline/feature-set.js'
import { llmSimulator } from '../../dist/pipeline/simulate.js'
import { tokenTexts } from '../../dist/pipeline/token-texts.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const [path, protocolName = 'monosemanticity', explainer = 'pairs'] = process.argv.slice(2)
if (!path) throw new Error('usage: node test/bench/tiers.mjs STUDY [PROTOCOL] [EXPLAINER]')
const folder = resolve(path)
process.chdir(fileURLToPath(new URL('../../', import.meta.url)))

const store = openStore(`${folder}/gloss.db`, bundledMigrations())
const protocol = findProtocol(protocolName, folder, folder)
const study = { store, folder, protocol, config: { seed: 0 } }
const set = currentSet(study)
const textsOf = tokenTexts(study, set)
const explained = store.explanations
  .all(set.id)
  .filter((one) => one.explainer === explainer && one.text !== null)
say(`${explained.length} explanations by ${explainer}, ${protocol.name}\n`)

const predictions = new Map()
const rows = []
for (const tier of LLM_TIERS) {
  const scores = store.scores
    .all(set.id, 'simulation')
    .filter(
      (score) =>
        score.scorer === 'simulation' &&
        score.tier === tier &&
        score.protocol === protocol.name &&
        explained.some(({ id }) => id === score.explanationId),
    )
  if (scores.length === 0) continue
  const { llm: model, endpoint } = store.provenance.get(scores[0].provenanceId)
  const replies = new StoredReplies(store, endpoint, model)
  const used = { calls: 0, prompt: 0, completion: 0, ms: 0 }
  const chat = {
    ask: async (request) => {
      const answer = await replies.ask(request)
      const row = store.requests.get(answer.hash)
      used.calls++
      used.prompt += row?.usage?.promptTokens ?? 0
      used.completion += row?.usage?.completionTokens ?? 0
      used.ms += row?.latencyMs ?? 0
      return answer
    },
  }
  const llm = { chat, simulate: bundledSimulatePrompt(tier), tier, reask: false }
  const simulator = llmSimulator(llm, protocol.scale, 0, textsOf)
  let answered = 0
  let asked = 0
  for (const { explanationId } of scores) {
    const { featureId: feature, text } = explained.find(({ id }) => id === explanationId)
    const examples = store.examples.of(set.id, feature, protocol.name).filter(({ use }) => use === 'score')
    const { predicted } = await simulator.simulate(text, feature, examples, 0)
    asked += examples.length
    answered += predicted.filter((levels) => levels !== null).length
    for (const [index, levels] of predicted.entries())
      if (levels) predictions.set(`${tier} ${feature} ${index}`, levels)
  }
  const values = scores.flatMap(({ value }) => (value === null ? [] : [value]))
  const masses = scores.flatMap(({ digitMass }) => (digitMass === null ? [] : [digitMass]))
  const each = (sum) => Math.round(sum / scores.length)
  rows.push(
    [
      tier,
      (used.calls / scores.length).toFixed(0),
      `${answered} of ${asked}`,
      `${values.length} of ${scores.length}: ${median(values)?.toFixed(2) ?? '–'}`,
      masses.length > 0 ? (masses.reduce((a, b) => a + b, 0) / masses.length).toFixed(2) : '',
      each(used.prompt),
      each(used.completion),
      (used.ms / 1000 / scores.length).toFixed(1),
    ].join(' | '),
  )
}
say(
  '| tier | calls | examples answered | scores: median ρ | digit mass | prompt tokens | completion tokens | s |',
)
say('|---|---|---|---|---|---|---|---|')
for (const row of rows) say(`| ${row} |`)
say('\nSpearman of predictions, over the tokens of examples that both tiers answered (tokens):\n')
say(`| | ${LLM_TIERS.join(' | ')} |\n|---|${LLM_TIERS.map(() => '---|').join('')}`)
for (const one of LLM_TIERS)
  say(`| ${one} | ${LLM_TIERS.map((other) => agreement(one, other)).join(' | ')} |`)
store.close()

function say(text) {
  process.stdout.write(`${text}\n`)
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
