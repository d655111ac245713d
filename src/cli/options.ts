import { type Command, InvalidArgumentError, Option } from 'commander'
import { LLM_TIERS, type LlmTier, type ScorerName, SCORERS } from '../core/scores.ts'
import { isModelFile } from './model-file.ts'
import { SET_KINDS, type SetKind } from '../core/study-config.ts'

/** Flags that every command has. */
export interface CommonOptions {
  readonly workspace?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color: boolean
  readonly log?: string
}

/** Flags that change a study's settings for one command. */
export interface StudyOptions extends CommonOptions {
  readonly seed?: number
  readonly model?: string
  readonly hook?: string
  readonly corpus?: string[]
  readonly maxTokens?: number
  readonly kind?: SetKind
  readonly set?: string
  readonly architecture?: 'topk' | 'relu'
  readonly features?: number
  readonly k?: number
  readonly l1?: number
  readonly learningRate?: number
  readonly trainTokens?: number
  readonly protocol?: string
  readonly explainer?: string
  readonly explainPrompt?: string
  readonly llm?: readonly string[]
  readonly llmModel?: string
  readonly concurrency?: number
  readonly insecureHttp?: boolean
  readonly maxCost?: number
  readonly dryRun?: boolean
  readonly reask?: boolean
  readonly batch?: boolean
  readonly tier?: LlmTier
  readonly scorer?: ScorerName
  readonly precision?: number
  readonly isolate?: boolean
  readonly examplesPerCall?: number
  readonly only?: string
  readonly verify?: boolean
  readonly draws?: boolean
}

/** An option that an environment variable can give too: `--llm-model` is also `GLOSS_LLM_MODEL`. */
function option(flags: string, description: string): Option {
  const made = new Option(flags, description)
  return made.env(`GLOSS_${made.attributeName().replace(/[A-Z]/g, '_$&').toUpperCase()}`)
}

/** Reads 4096, 200k or 1.5M. @throws {InvalidArgumentError} */
export function wholeNumber(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kKM]?)$/.exec(text)
  const value = match
    ? Number(match[1]) * { '': 1, k: 1e3, K: 1e3, M: 1e6 }[match[2] as '' | 'k' | 'K' | 'M']
    : Number.NaN
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('expected a whole number, such as 4096, 200k or 1.5M')
  return value
}

function positiveInteger(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('expected a number of at least 1')
  return value
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('expected a positive number')
  return value
}

function share(text: string): number {
  const value = /\d/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('expected a share from 0 to 1, such as .25')
  return value
}

function dollars(text: string): number {
  const value = /\d/.test(text) ? Number(text.replace(/^\$/, '')) : Number.NaN
  if (!(value >= 0)) throw new InvalidArgumentError('expected an amount in US dollars, such as 5 or 0.50')
  return value
}

function halfWidth(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1))
    throw new InvalidArgumentError('expected a half-width between 0 and 1, such as 0.1')
  return value
}

/** Flags add up; an environment variable holds all, separated by commas or blanks. */
function oneMoreUrl(text: string, before: readonly string[] | undefined): string[] {
  // A path may hold blanks and commas.
  const urls = isModelFile(text) ? [text] : text.split(/[\s,]+/)
  return [...(before ?? []), ...urls.filter((url) => url !== '')]
}

/** Adds the flags that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      option('--workspace <dir>', 'the study (default: the nearest folder upward with a gloss.yaml)'),
    )
    .addOption(new Option('--json', 'print results as JSON'))
    .addOption(new Option('--quiet', 'print no progress'))
    .addOption(new Option('--no-color', 'print no colours; so does NO_COLOR'))
    .addOption(option('--log <file>', 'append every event to a file, as JSON lines'))
}

/** Groups of flags by the verb that they belong to. */
export const OPTIONS = {
  seed: [option('--seed <n>', 'what all chance is drawn from').argParser(wholeNumber)],
  model: [
    option('--model <dir>', 'folder of a Hugging Face checkpoint, or tiny-1l, which comes with gloss'),
    option('--hook <name>', "the place in the model, in TransformerLens' names"),
  ],
  corpus: [option('--corpus <path...>', 'text files, .jsonl files or folders')],
  tokenize: [option('--max-tokens <n>', 'stop after this many tokens').argParser(wholeNumber)],
  kind: [
    option('--kind <name>', 'the feature set to make: sae, or a baseline (default: sae)').choices(SET_KINDS),
  ],
  set: [
    option(
      '--set <name>',
      'the feature set: its id, the beginning of it, or its kind (default: the last used)',
    ),
  ],
  train: [
    option('--architecture <name>', 'how features are kept sparse').choices(['topk', 'relu']),
    option('--features <n>', 'number of features').argParser(wholeNumber),
    option('--k <n>', 'topk: features that fire on a token').argParser(wholeNumber),
    option('--l1 <number>', 'relu: weight of the L1 penalty').argParser(positiveNumber),
    option('--learning-rate <number>', 'largest step of Adam').argParser(positiveNumber),
    option('--train-tokens <n>', 'tokens to train on').argParser(wholeNumber),
  ],
  sample: [
    option('--protocol <name>', "the recipe for examples and scores: one of gloss's, or a .yaml file"),
  ],
  llm: [
    option(
      '--llm <url>',
      'base URL of an OpenAI-compatible endpoint, given again for each that shares the work, or gguf:PATH for a model file; without one, the token-table baseline',
    ).argParser(oneMoreUrl),
    option('--llm-model <name>', 'the model to ask there'),
    option('--concurrency <n>', 'requests in flight at an endpoint, at most').argParser(wholeNumber),
    new Option('--insecure-http', 'send the key over plain http to other machines too'),
  ],
  /** Of the verbs that ask an LLM. */
  money: [
    option('--max-cost <usd>', 'the most that the study may cost in all, in US dollars').argParser(dollars),
    new Option('--dry-run', 'say what would be asked, its tokens, cost and time; ask nothing'),
    new Option('--reask', 'ask again where a reply could not be read'),
  ],
  batch: [
    new Option('--batch', 'ask in batches: half the price, within a day (OpenAI and what has its Batch API)'),
  ],
  tier: [
    option('--tier <name>', 'how simulations are asked and read (default: integersSparse)').choices(
      LLM_TIERS,
    ),
    option(
      '--examples-per-call <n>',
      'examples, or questions of another scorer, to a request (default: 20; 10 in dense tiers; intruder 5, logits 50)',
    ).argParser(positiveInteger),
  ],
  isolate: [
    new Option(
      '--isolate',
      'ask about one example each of several features at a time, with their explanations',
    ),
  ],
  scorer: [option('--scorer <name>', 'how explanations are scored (default: simulation)').choices(SCORERS)],
  precision: [
    option(
      '--precision <h>',
      "score until the interval's half-width is at most this: 40 to 180 examples of each feature; 0.1 or more saves calls",
    ).argParser(halfWidth),
  ],
  /** Instead of scoring. */
  checks: [
    new Option('--verify', 'recompute stored scores from stored replies and compare; send nothing'),
    new Option('--draws', 'measure how scores vary between 3 explanations and 3 simulations of 50 features'),
  ],
  explainer: [
    option(
      '--explainer <name>',
      'pairs, delimiters, logits, best or revise ask an LLM; table and bigram are baselines without one; imported:NAME is for scoring explanations that came by gloss import',
    ),
    option('--explain-prompt <file>', 'explain with a prompt of your own, a YAML file'),
  ],
  ratingSession: [option('--session <name>', 'the rating session')],
  review: [
    option('--session <name>', 'rate in this session; drawn now where there is none of the name'),
    option(
      '--rubric <name>',
      "of a new session: monosemanticity, scaling, fast; detection, fuzzing, intruder (a scorer's questions); or a YAML file",
    ),
    option('--rater <who>', 'the name that ratings are stored under'),
    new Option('--plain', 'by lines: works without a terminal, reads answers from stdin'),
    new Option('--screen-reader', 'a screen without bars, rules and columns'),
    option('--items <n>', 'new session: features to rate (default: 60)').argParser(wholeNumber),
    option('--raters <names>', 'new session: who rates, as ana,ben (default: everybody, everything)'),
    option('--overlap <share>', 'new session: share that all raters rate (default: .25)').argParser(share),
    option('--repeats <share>', 'new session: share of silent repeats (default: .1)').argParser(share),
    option('--checks <share>', 'new session: share of attention checks (default: .1)').argParser(share),
    option('--sets <ids>', 'new session: feature sets (default: the current one and all baselines)'),
  ],
  only: [option('--only <selection>', 'features: 7,12,100-199, all, unexplained or random:200')],
} as const

/** Adds groups of flags to a command. */
export function withOptions(command: Command, ...groups: readonly (keyof typeof OPTIONS)[]): Command {
  for (const group of groups) for (const one of OPTIONS[group]) command.addOption(one)
  return command
}
