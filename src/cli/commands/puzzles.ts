import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { makePuzzles, PUZZLE_EXAMPLES, type Puzzle } from '../../autointerp/puzzles/puzzle.ts'
import { winOf } from '../../autointerp/puzzles/ranking.ts'
import { UsageError } from '../../core/errors.ts'
import { writeError } from '../../core/files.ts'
import { studyConfigSchema } from '../../core/study-config.ts'
import {
  estimatePuzzles,
  type PuzzleOutcome,
  type PuzzleScorer,
  solvePuzzles,
} from '../../pipeline/puzzles.ts'
import { PUZZLE_QUESTIONS, questionPuzzles } from '../../pipeline/questioned-puzzles.ts'
import { questionsPerCall } from '../../pipeline/scorer.ts'
import { isolatedPuzzles, simulationPuzzles } from '../../pipeline/simulated-puzzles.ts'
import type { Llm } from '../../pipeline/study.ts'
import { WorkspaceLock } from '../../store/lock.ts'
import { puzzleLines, type PuzzlesView } from '../../tui/puzzles.ts'
import { bundledProtocol } from '../assets.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { withUsualLlm } from '../llm.ts'
import type { AskingStudy } from '../../pipeline/study.ts'
import { dryRun } from '../dry-run.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, wholeNumber, withCommonOptions, withOptions } from '../options.ts'
import type { Surroundings } from '../terminal.ts'
import { openWorkspaceStore } from '../workspace.ts'

interface PuzzleOptions extends StudyOptions {
  readonly dir: string
  readonly scorer: PuzzleScorerName
  readonly count?: number
  readonly examples?: number
}

const PUZZLE_SCORERS = ['simulation', ...PUZZLE_QUESTIONS] as const
type PuzzleScorerName = (typeof PUZZLE_SCORERS)[number]

const HARDEST_SHOWN = 5
/** With fewer, a false explanation of some puzzles predicts all of its windows too. */
const FEWEST_EXAMPLES = 20

/** `gloss puzzles`: how often a scorer prefers the true explanation of a planted feature. */
export const puzzles: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('puzzles')
    .description('how well an LLM and a prompt tell true explanations of planted features from false ones')
    .addOption(
      new Option('--dir <dir>', 'folder that remembers replies, where no --workspace is given')
        .default('./gloss-puzzles')
        .env('GLOSS_PUZZLES_DIR'),
    )
    .addOption(
      new Option('--scorer <name>', 'the scorer to try')
        .choices(PUZZLE_SCORERS)
        .argParser(puzzleScorer)
        .default('simulation'),
    )
    .addOption(
      new Option('--count <n>', 'use fewer puzzles, of as many rules as possible').argParser(wholeNumber),
    )
    .addOption(
      new Option(
        '--examples <n>',
        `simulate fewer windows of each puzzle, ${FEWEST_EXAMPLES} to ${PUZZLE_EXAMPLES}, so that a slow model can be asked about more puzzles`,
      ).argParser(wholeNumber),
    )
    .addHelpText(
      'after',
      `
170 features of 34 rules are planted in generated texts. Each has a true and
four false explanations; a scorer is as good as it ranks the true one first. A
feature of texts has no logits, so that scorer cannot be tried. For scorers
that ask questions, --examples-per-call is the number of questions.

Examples:
  gloss puzzles --llm http://localhost:11434/v1 --llm-model qwen3
  gloss puzzles --scorer detection --llm gguf:qwen3.gguf
  gloss puzzles --count 34 --llm http://localhost:11434/v1 --llm-model qwen3`,
    )
  withOptions(withCommonOptions(command), 'llm', 'money', 'batch', 'tier', 'isolate', 'seed').action(
    async (options: PuzzleOptions) => {
      const terminal = terminalFor(options, surroundings)
      const examples = examplesOf(options)
      await withMemory(options, surroundings, (study) =>
        withUsualLlm(options, study, surroundings, async (llm) => {
          const { seed } = study.config
          const chosen = byVariant(makePuzzles(seed, examples ?? PUZZLE_EXAMPLES)).slice(0, options.count)
          if (options.dryRun)
            return dryRun(terminal, options, llm, async (asked) => [
              estimatePuzzles(scorerOf(options, study, asked, chosen), asked, chosen),
            ])
          if (llm === null)
            throw new UsageError(
              'llm-missing',
              'expected an endpoint to try, found none; add --llm URL and --llm-model NAME',
            )
          const scorer = scorerOf(options, study, llm, chosen)
          const outcome = await follow(
            terminal,
            ['score'],
            options.log,
            solvePuzzles(scorer, llm, chosen, seed, surroundings.signal),
          )
          const view = viewOf(scorer, llm, outcome, examples)
          if (options.json) terminal.printJson({ ...view, seed, solved: outcome.solved })
          else terminal.print(...puzzleLines(view, terminal.columns, terminal.style))
        }),
      )
    },
  )
}

function puzzleScorer(text: string): PuzzleScorerName {
  const name = PUZZLE_SCORERS.find((one) => one === text)
  if (name !== undefined) return name
  throw new InvalidArgumentError(
    `expected ${PUZZLE_SCORERS.slice(0, -1).join(', ')} or ${PUZZLE_SCORERS.at(-1)}; planted features have no logits and no neighbours`,
  )
}

/** @throws {UsageError} `isolate-scorer`, `scorer-tier` */
function scorerOf(
  options: PuzzleOptions,
  study: AskingStudy,
  llm: Llm,
  chosen: readonly Puzzle[],
): PuzzleScorer {
  const { seed } = study.config
  const { scorer } = options
  if (scorer === 'simulation')
    return llm.simulate.isolate ? isolatedPuzzles(llm, seed, chosen) : simulationPuzzles(llm, seed)
  if (options.isolate)
    throw new UsageError(
      'isolate-scorer',
      `expected --isolate with --scorer simulation, found ${scorer}; leave one of them out`,
    )
  return questionPuzzles(scorer, llm, options.examplesPerCall ?? questionsPerCall(study, llm, scorer), seed)
}

/** Windows that a puzzle is simulated on; null where questions are asked. @throws {UsageError} `examples` */
function examplesOf({ examples = PUZZLE_EXAMPLES, scorer }: PuzzleOptions): number | null {
  if (examples < FEWEST_EXAMPLES || examples > PUZZLE_EXAMPLES)
    throw new UsageError(
      'examples',
      `expected --examples from ${FEWEST_EXAMPLES} to ${PUZZLE_EXAMPLES}, found ${examples}`,
    )
  if (scorer === 'simulation') return examples
  if (examples !== PUZZLE_EXAMPLES)
    throw new UsageError(
      'examples',
      `expected --examples with --scorer simulation, found ${scorer}, which asks as many questions as it needs; use --count`,
    )
  return null
}

/** A variant of every rule, then the next of each. */
function byVariant(all: readonly Puzzle[]): Puzzle[] {
  const numberOf = ({ name }: Puzzle): number => Number(/\d+$/.exec(name)![0])
  return all.toSorted((a, b) => numberOf(a) - numberOf(b))
}

/** The study that a workspace holds, or a folder that remembers replies and nothing else. */
async function withMemory<Result>(
  options: PuzzleOptions,
  surroundings: Surroundings,
  work: (study: AskingStudy) => Promise<Result>,
): Promise<Result> {
  if (options.workspace !== undefined) return withStudy(options, surroundings, work)
  const folder = resolve(surroundings.folder, options.dir)
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw writeError(error, folder)
  }
  const lock = new WorkspaceLock(join(folder, 'gloss.lock'))
  try {
    const store = openWorkspaceStore(folder, true)
    try {
      return await work({
        folder,
        config: studyConfigSchema.parse({
          model: 'puzzles',
          hook: 'puzzles',
          ...(options.seed === undefined ? {} : { seed: options.seed }),
          llm: options.concurrency === undefined ? {} : { concurrency: options.concurrency },
        }),
        store,
        protocol: bundledProtocol('monosemanticity'),
        signal: surroundings.signal,
        now: () => new Date(),
      })
    } finally {
      store.close()
    }
  } finally {
    lock.release()
  }
}

function viewOf(
  scorer: PuzzleScorer,
  llm: Llm,
  { ranking, solved }: PuzzleOutcome,
  examples: number | null,
): PuzzlesView {
  const rules = [...new Set(solved.map(({ rule }) => rule))]
  const hardest = rules
    .map((rule) => {
      const wins = solved.flatMap((one) => (one.rule === rule ? (winOf(one.scores) ?? []) : []))
      return { rule, wins: wins.reduce((sum, win) => sum + win, 0) / wins.length }
    })
    .filter(({ wins }) => wins < 1)
    .toSorted((a, b) => a.wins - b.wins)
  const { requests, fromCache, promptTokens, completionTokens, usd } = llm.chat.spending()
  return {
    puzzles: solved.length,
    rules: rules.length,
    examples,
    scorer: scorer.name,
    tier: scorer.tier,
    examplesPerCall: scorer.perCall,
    isolated: scorer.isolated,
    model: llm.chat.model,
    ranking,
    failedCalls: solved.reduce((sum, one) => sum + one.failedCalls, 0),
    unreadableCalls: solved.reduce((sum, one) => sum + one.unreadableCalls, 0),
    hardest: hardest.slice(0, HARDEST_SHOWN),
    spending: { requests, fromCache, promptTokens, completionTokens, usd },
  }
}
