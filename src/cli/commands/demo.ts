import { existsSync, mkdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Option } from 'commander'
import { demoDocuments } from '../../corpus/demo-corpus.ts'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { STAGES } from '../../core/stages.ts'
import { writeFileAtomically } from '../../core/files.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { featureTable, spreadByScore } from '../../pipeline/feature-table.ts'
import { run } from '../../pipeline/run.ts'
import { status } from '../../pipeline/status.ts'
import { featureTableLines } from '../../tui/feature-table.ts'
import { PACKAGE_ROOT } from '../assets.ts'
import { type CommandDefinition, countsJson, selectionOf, terminalFor, withStudy } from '../command.ts'
import { withLlm } from '../llm.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, wholeNumber, withCommonOptions, withOptions } from '../options.ts'
import { stageLines, summaryLines } from '../summary.ts'
import { CONFIG_FILE, writeConfig } from '../workspace.ts'

interface DemoOptions extends StudyOptions {
  readonly dir: string
  readonly tokens?: number
}

const CORPUS_FILE = 'corpus.jsonl'
const HOOK = 'blocks.0.mlp.hook_post'
const TRAIN_TOKENS = 600_000
const BATCH_SIZE = 2048
const LEARNING_RATE = 2e-3
const ROWS_SHOWN = 16

/** `gloss demo`: the whole main job on the bundled model. */
export const demo: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('demo')
    .description('the whole main job, offline, on the bundled model: train, explain and score every feature')
    .addOption(new Option('--dir <dir>', 'folder of the study').default('./gloss-demo').env('GLOSS_DIR'))
    .addOption(new Option('--tokens <n>', 'use a smaller corpus').argParser(wholeNumber))
    .addHelpText(
      'after',
      `
Needs no network, key or GPU. A demo that was stopped or killed goes on where it
was.

Examples:
  gloss demo
  gloss demo --dir small --tokens 300k --train-tokens 100k
  gloss demo --llm http://localhost:11434/v1 --llm-model qwen3 --only random:50`,
    )
  withOptions(withCommonOptions(command), 'train', 'llm', 'money', 'tier', 'isolate', 'only', 'seed').action(
    async (options: DemoOptions) => {
      const terminal = terminalFor(options, surroundings)
      const folder = resolve(surroundings.folder, options.workspace ?? options.dir)
      const settings: StudyOptions = {
        ...options,
        workspace: folder,
        ...(options.tokens === undefined ? {} : { maxTokens: options.tokens }),
      }
      if (!existsSync(join(folder, CONFIG_FILE))) makeDemo(folder, settings)
      await withStudy(settings, surroundings, (study) =>
        withLlm(settings, study, surroundings, async (llm) => {
          const model = study.model()
          const width = model.hooks.get(HOOK)?.[0]
          terminal.say(
            `gloss demo   model ${escapeForTerminal(study.config.model)} (${model.layers} layer, ${width} neurons)   ${cpus().length} cores   ${llm ? escapeForTerminal(llm.chat.model) : 'no LLM set: token-table baseline'}`,
            '',
          )
          await follow(terminal, STAGES, options.log, run(study, llm, selectionOf(settings)))
          const found = status(study.store, currentSet(study))
          if (options.json) {
            terminal.printJson(countsJson(study))
            return
          }
          const rows = featureTable(study.store, currentSet(study))
          const shown = spreadByScore(rows, ROWS_SHOWN)
          terminal.print(
            '',
            ...featureTableLines(shown, terminal.columns, terminal.style),
            terminal.style.dim(
              ` … ${shown.length} of ${found.features.toLocaleString('en')} features, from the best score to the worst at equal steps`,
            ),
            '',
            ...summaryLines(found, terminal.columns, terminal.style),
            '',
            ...stageLines(found, terminal.columns, terminal.style),
            '',
            ...nextLines(relative(surroundings.folder, folder) || '.', shown[0]?.feature ?? 0),
          )
        }),
      )
    },
  )
}

/** Writes the demo's corpus and settings. The settings come last: with them the study is there. */
function makeDemo(folder: string, options: StudyOptions): void {
  mkdirSync(folder, { recursive: true })
  const seed = options.seed ?? 0
  const lines = demoDocuments(PACKAGE_ROOT, seed).map((document) => `${JSON.stringify(document)}\n`)
  writeFileAtomically(join(folder, CORPUS_FILE), lines.join(''))
  writeConfig(folder, {
    model: 'tiny-1l',
    hook: HOOK,
    corpus: [CORPUS_FILE],
    seed,
    ...(options.maxTokens === undefined ? {} : { tokenize: { maxTokens: options.maxTokens } }),
    train: {
      architecture: options.architecture ?? 'topk',
      features: options.features ?? 4096,
      k: options.k ?? 32,
      tokens: options.trainTokens ?? TRAIN_TOKENS,
      batchSize: BATCH_SIZE,
      learningRate: options.learningRate ?? LEARNING_RATE,
    },
  })
}

function nextLines(folder: string, feature: number): string[] {
  const commands: [command: string, what: string][] = [
    [`cd ${folder}`, ''],
    [`npx gloss show ${feature}`, "one feature's page"],
    ['npx gloss show | less', 'the table of all features'],
    ['npx gloss review', 'browse and rate in the terminal'],
    ['npx gloss report --open', 'all of it as one HTML file'],
    ['npx gloss status', 'these numbers again; --json for scripts'],
    ['npx gloss run --only random:50 --llm http://localhost:11434/v1 --llm-model qwen3', ''],
  ]
  return [
    ...commands.map(([command, what], index) =>
      `${index === 0 ? ' Next   ' : '        '}${command.padEnd(26)}${what}`.trimEnd(),
    ),
    '          explain 50 features with an LLM of your own',
  ]
}
