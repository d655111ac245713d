import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { FAULT_KINDS, type FaultPlan } from './faults.ts'
import { DIALECTS, type FakeLlmOptions, type Prices } from './options.ts'
import { type Rule, ruleOf } from './oracle.ts'
import { isObject } from './request.ts'

/** What the command line takes. */
export const USAGE = `npm run fake-llm -- [options]
  --port N               port on 127.0.0.1 (default: a free one)
  --dialect NAME         ${DIALECTS.join(', ')} (default: openai)
  --model NAME           a model served; may be repeated
  --key KEY              refuse requests without it
  --latency MS           before each answer
  --slots N              requests served at once
  --reject-beyond-slots  429 or 503 instead of waiting
  --rpm N, --tpm N       requests and tokens a minute
  --price-input USD, --price-cached USD, --price-output USD
                         for a million tokens
  --cache-prefix         report cached tokens
  --oracle               answer gloss's prompts (default)
  --rules FILE           what the oracle knows: JSON, a list of {name, description, tokens: {token: level}}
  --oracle-mode MODE     true or false explanations (default: true)
  --answer TEXT          answer with this, whatever is asked
  --faults RATE          from 0 to 1
  --fault-kinds A,B      of ${FAULT_KINDS.join(', ')}
  --seed N               of the faults
  --drip MS, --stall MS  how long slow answers drip, and stalled ones stay open
  --keep-tens            "10" is one token
GET /_stats tells what came and what it cost.
`

/** Options from the command line. @throws {Error} saying which argument does not fit */
export function readArguments(args: readonly string[]): FakeLlmOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: text,
      dialect: text,
      model: { ...text, multiple: true },
      key: text,
      latency: text,
      slots: text,
      'reject-beyond-slots': flag,
      rpm: text,
      tpm: text,
      'price-input': text,
      'price-cached': text,
      'price-output': text,
      'cache-prefix': flag,
      oracle: flag,
      rules: text,
      'oracle-mode': text,
      answer: text,
      faults: text,
      'fault-kinds': text,
      seed: text,
      drip: text,
      stall: text,
      'keep-tens': flag,
    },
  })
  const number = (name: Exclude<NumberName, 'faults'>): number | undefined => numberOf(name, values[name])
  const answer = values.answer
  const prices = pricesOf(number('price-input'), number('price-cached'), number('price-output'))
  return withoutUndefined({
    port: number('port'),
    dialect: oneOf('dialect', values.dialect, DIALECTS),
    model: values.model,
    key: values.key,
    latencyMs: number('latency'),
    slots: number('slots'),
    rejectBeyondSlots: values['reject-beyond-slots'],
    requestsPerMinute: number('rpm'),
    tokensPerMinute: number('tpm'),
    prices,
    cachePrefix: values['cache-prefix'],
    answer: answer === undefined ? 'oracle' : (): string => answer,
    rules: values.rules === undefined ? undefined : readRules(values.rules),
    oracleMode: oneOf('oracle-mode', values['oracle-mode'], ['true', 'false'] as const),
    faults: faultsOf(numberOf('faults', values.faults), values['fault-kinds'], number('seed')),
    dripMs: number('drip'),
    stallMs: number('stall'),
    splitTenDigits: values['keep-tens'] ? false : undefined,
  })
}

type NumberName =
  | 'port'
  | 'latency'
  | 'slots'
  | 'rpm'
  | 'tpm'
  | 'price-input'
  | 'price-cached'
  | 'price-output'
  | 'faults'
  | 'seed'
  | 'drip'
  | 'stall'

function numberOf(name: NumberName, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (value.trim() === '' || !(number >= 0))
    throw new Error(`--${name}: expected a number from 0, found ${JSON.stringify(value)}`)
  return number
}

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  if (value === undefined) return undefined
  const found = known.find((one) => one === value)
  if (found === undefined)
    throw new Error(`--${name}: expected one of ${known.join(', ')}, found ${JSON.stringify(value)}`)
  return found
}

function pricesOf(
  input: number | undefined,
  cachedInput: number | undefined,
  output: number | undefined,
): Prices | undefined {
  if (input === undefined && output === undefined) return undefined
  return { input: input ?? 0, output: output ?? 0, ...(cachedInput === undefined ? {} : { cachedInput }) }
}

function faultsOf(
  rate: number | undefined,
  kinds: string | undefined,
  seed: number | undefined,
): FaultPlan | undefined {
  if (rate === undefined) return undefined
  return {
    rate,
    seed: seed ?? 0,
    ...(kinds === undefined
      ? {}
      : { kinds: kinds.split(',').map((kind) => oneOf('fault-kinds', kind, FAULT_KINDS)!) }),
  }
}

function readRules(path: string): Rule[] {
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!Array.isArray(list)) throw new Error(`${path}: expected a list of rules`)
  return list.map((rule: unknown, index) => {
    if (
      !isObject(rule) ||
      typeof rule['name'] !== 'string' ||
      typeof rule['description'] !== 'string' ||
      !isObject(rule['tokens']) ||
      !Object.values(rule['tokens']).every((level) => typeof level === 'number')
    )
      throw new Error(`${path}: expected {name, description, tokens: {token: level}} at place ${index}`)
    return ruleOf({
      name: rule['name'],
      description: rule['description'],
      tokens: rule['tokens'] as Record<string, number>,
    })
  })
}

function withoutUndefined(options: {
  [K in keyof FakeLlmOptions]: FakeLlmOptions[K] | undefined
}): FakeLlmOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
