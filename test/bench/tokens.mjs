// Tokens and money for one feature, explain + score, counted with o200k from the very prompts that gloss sends.
// npm run build && npm install --no-save gpt-tokenizer@4.0.0
// node test/bench/tokens.mjs DEMO_FOLDER [FEATURES]
// Peers' figures: their own code on the same vocabulary of tokens, prompts exact, quality not compared.

import { join } from 'node:path'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { explainRequest } from '../../dist/autointerp/explain-messages.js'
import { dealBlock } from '../../dist/autointerp/isolate-blocks.js'
import { isolateRequest } from '../../dist/autointerp/isolate-messages.js'
import { largestActivation, quantize } from '../../dist/autointerp/quantize.js'
import { dealExamples, renderAnswer, simulateRequest } from '../../dist/autointerp/simulate-messages.js'
import { bundledExplainPrompt, bundledMigrations, bundledSimulatePrompt } from '../../dist/cli/assets.js'
import { textsOfTokens } from '../../dist/core/token-text.js'
import { openStore } from '../../dist/store/sqlite-store.js'

const [folder, count = '100'] = process.argv.slice(2)
if (folder === undefined) throw new Error('expected the folder of a demo study')
const SCALE = 9
const PRICES = { prompt: 0.15, completion: 0.6 }
/** Of usual length; the bundled prompts ask for one sentence. */
const EXPLANATIONS = [
  'The names of functions and methods in program code, most strongly right before an opening parenthesis',
  'Days of the month in dates, and less strongly the months that follow them',
  'The word "the" before names of places in prose about travel',
]
const BILLS = { tokens: 13_200, usd: 1.99 }
const DELPHI = 2_682 + 16_512
/** The cheapest simulation of a peer that runs on a chat API: Bills et al. without log-probabilities. */
const PEER_SIMULATION = 32_525

const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
const set = store.featureSets.get(store.study.get('set'))
const vocabulary = store.vocabulary.get(store.collections.get(set.id).tokenizerHash)
const textsOf = (tokens) => textsOfTokens(tokens.map((token) => vocabulary[token]))
const alive = store.features.all(set.id).filter(({ state }) => state === 'alive')
const step = Math.max(1, Math.floor(alive.length / Number(count)))
const features = alive
  .filter((_, index) => index % step === 0)
  .slice(0, Number(count))
  .map(({ id }) => {
    const examples = store.examples.of(set.id, id, store.study.get('protocol'))
    const forExplaining = examples.filter(({ use }) => use === 'explain')
    const forScoring = examples.filter(({ use }) => use === 'score')
    const max = largestActivation(forExplaining)
    const levels = forScoring.map(({ activations }) => activations.map((one) => quantize(one, max, SCALE)))
    return { id, forExplaining, forScoring, levels, explanation: EXPLANATIONS[id % EXPLANATIONS.length] }
  })

const say = (text) => process.stdout.write(`${text}\n`)
const tokensOf = (text) => encode(text).length
/** Messages cost about four tokens beside their text, and the reply three. */
const promptTokens = ({ messages }) => messages.reduce((sum, { content }) => sum + tokensOf(content) + 4, 3)

/** Mean tokens a feature, from requests with their replies. */
function mean(asked) {
  const all = features.flatMap(asked)
  return {
    calls: all.length / features.length,
    prompt: all.reduce((sum, { request }) => sum + promptTokens(request), 0) / features.length,
    completion: all.reduce((sum, { reply }) => sum + tokensOf(reply), 0) / features.length,
  }
}

const explain = mean(({ forExplaining, explanation }) => [
  {
    request: explainRequest(bundledExplainPrompt(), forExplaining, SCALE, textsOf),
    reply: `<explanation>${explanation}</explanation>`,
  },
])

/** @param silent whether the explanation is another feature's, or none: replies name nothing */
function simulate(prompt, examplesPerCall, silent, text = null) {
  return mean(({ id, forScoring, levels, explanation }) =>
    dealExamples(forScoring, examplesPerCall, 0, id).map((call) => ({
      request: simulateRequest(
        prompt,
        text ?? (silent ? EXPLANATIONS[(id + 1) % EXPLANATIONS.length] : explanation),
        call.map((index) => textsOf(forScoring[index].tokens)),
        SCALE,
      ),
      reply: renderAnswer(
        call.map((index) => (silent ? levels[index].map(() => 0) : levels[index])),
        prompt.form,
      ),
    })),
  )
}

function isolated(prompt) {
  const requests = []
  for (let first = 0; first < features.length; first += prompt.examplesPerCall) {
    const block = features.slice(first, first + prompt.examplesPerCall)
    const byId = new Map(block.map((one) => [one.id, one]))
    for (const call of dealBlock(
      block.map(({ id, forScoring }) => [id, forScoring.length]),
      0,
    ))
      requests.push({
        request: isolateRequest(
          prompt,
          call.map(([id, index]) => ({
            explanation: byId.get(id).explanation,
            window: textsOf(byId.get(id).forScoring[index].tokens),
          })),
          SCALE,
        ),
        reply: renderAnswer(call.map(([id, index]) => byId.get(id).levels[index])),
      })
  }
  const [firstFeature] = features
  return mean((feature) => (feature === firstFeature ? requests : []))
}

const usd = ({ prompt, completion }) =>
  (1000 * (prompt * PRICES.prompt + completion * PRICES.completion)) / 1e6
const total = ({ prompt, completion }) => prompt + completion
const sum = (...parts) => ({
  calls: parts.reduce((all, { calls }) => all + calls, 0),
  prompt: parts.reduce((all, { prompt }) => all + prompt, 0),
  completion: parts.reduce((all, { completion }) => all + completion, 0),
})
function row(name, part, compared = false) {
  const whole = Math.round(total(part)).toLocaleString('en')
  const ratios = compared
    ? [
        (total(part) / BILLS.tokens).toFixed(2),
        (usd(part) / BILLS.usd).toFixed(2),
        (total(part) / DELPHI).toFixed(2),
      ]
    : ['', '', '']
  say(
    `| ${[name, part.calls.toFixed(1), Math.round(part.prompt), Math.round(part.completion), whole, usd(part).toFixed(2), ...ratios].join(' | ')} |`,
  )
}

say(
  `${features.length} features of ${folder}, o200k, $${PRICES.prompt} and $${PRICES.completion} a million\n`,
)
say('| | calls | prompt | completion | total | $ per 1,000 | × Bills, tokens | × Bills, $ | × delphi |')
say('|---|--|--|--|--|--|--|--|--|')
row('explain', explain)
const sparse = bundledSimulatePrompt()
const dense = bundledSimulatePrompt('integersDense')
const isolate = bundledSimulatePrompt('integersSparse', { isolate: true })
for (const perCall of [1, 5, 10, 20, 60]) {
  const part = simulate(sparse, perCall, false)
  row(`simulate, sparse, ${perCall} a call`, part)
  row(`**explain + simulate, sparse, ${perCall} a call**`, sum(explain, part), true)
}
const standard = simulate(sparse, sparse.examplesPerCall, false)
const denseTen = simulate(dense, dense.examplesPerCall, false)
const isolatedTwenty = isolated(isolate)
row(`explain + simulate, dense, ${dense.examplesPerCall} a call`, sum(explain, denseTen), true)
row(`explain + simulate, isolate, ${isolate.examplesPerCall} a call`, sum(explain, isolatedTwenty), true)
row('beside: shuffled control', simulate(sparse, sparse.examplesPerCall, true))
row(
  'beside: blank control, of one feature',
  simulate(sparse, sparse.examplesPerCall, true, 'no explanation available'),
)
say(
  `\nsimulation on a chat API: ${Math.round(total(standard))} tokens, 1/${(PEER_SIMULATION / total(standard)).toFixed(1)} of the cheapest peer's ${PEER_SIMULATION}`,
)
store.close()
