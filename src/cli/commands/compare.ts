import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { compare as compareSides, type NamedScores } from '../../pipeline/compare.ts'
import { chooseScores, SCORE_CHOICES, type ScoreChoice } from '../../pipeline/compared-scores.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { clustersIfKnown } from '../../pipeline/set-clusters.ts'
import { findSet } from '../../pipeline/sets.ts'
import { SIMULATION } from '../../pipeline/simulation-scorer.ts'
import { saeWorkshop } from '../../sae/workshop.ts'
import { comparisonPage } from '../../tui/comparison.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import type { Surroundings } from '../terminal.ts'
import { CONFIG_FILE, findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

interface CompareOptions extends Omit<StudyOptions, 'scorer'> {
  readonly scorer: string
  readonly mixed?: boolean
}

/** `gloss compare A B`: the scores of two workspaces, sets, explainers, prompts or LLMs side by side. */
export const compare: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('compare')
    .argument('<a>', 'a study, or what to choose in this one, such as explainer=pairs or set=neurons')
    .argument('<b>', 'the other side; differences are B − A')
    .description('two studies, sets, explainers, prompts or LLMs side by side: paired differences')
    .option('--scorer <name>', 'the scorer or statistic to compare', SIMULATION)
    .option('--mixed', 'compare scores of different protocols or tiers all the same')
    .addHelpText(
      'after',
      `
A side is a folder with a ${CONFIG_FILE}, a list of key=value for this study, or
both with a colon between. Keys:
  set, ${SCORE_CHOICES.join(', ')}.

Examples:
  gloss compare explainer=pairs explainer=best
  gloss compare explainer=pairs,llm=qwen3 explainer=pairs,llm=gpt-5-mini
  gloss compare ../before ../after
  gloss compare ../before:explainer=table explainer=table --json`,
    )
  withOptions(withCommonOptions(command), 'seed').action(
    async (a: string, b: string, options: CompareOptions) => {
      const terminal = terminalFor(options, surroundings)
      const first = await sideOf(a, options, surroundings)
      const second = await sideOf(b, options, surroundings, first.scores)
      const comparison = compareSides(first.scores, second.scores, first.seed, options.mixed ?? false)
      if (options.json) terminal.printJson(comparison)
      else terminal.print(...comparisonPage(comparison, terminal.columns, terminal.style))
    },
  )
}

/**
 * @param other the other side, whose clusters are these where it is about the same set
 * @throws {UsageError} `side-malformed`, and what opening a study and choosing scores can throw
 */
async function sideOf(
  text: string,
  options: CompareOptions,
  surroundings: Surroundings,
  other: NamedScores | null = null,
): Promise<{ scores: NamedScores; seed: number }> {
  const { folder, set: name, choice } = parseSide(text, surroundings.folder)
  // The choice between the sides' scorers is one for both.
  const { scorer, ...others } = options
  const workspace = findWorkspace(
    folder === null ? others : { ...others, workspace: folder },
    surroundings.folder,
  )
  const store = openWorkspaceStore(workspace, false)
  try {
    const set = name === null ? currentSet({ store, folder: workspace }) : findSet(store, name)
    const chosen = chooseScores(store, set, scorer, choice)
    const known = other?.set.id === set.id ? other.clusters : null
    const source = { store, folder: workspace, workshop: saeWorkshop }
    return {
      scores: { name: text, ...chosen, clusters: known ?? (await clustersIfKnown(source, set)) },
      seed: readConfig(workspace, others).seed,
    }
  } finally {
    store.close()
  }
}

function parseSide(
  text: string,
  base: string,
): { folder: string | null; set: string | null; choice: ScoreChoice } {
  if (existsSync(join(resolve(base, text), CONFIG_FILE))) return { folder: text, set: null, choice: {} }
  // A path may hold colons of its own: the last one before a key counts.
  const match = /^(?:(.+):)?(\w+=[^]*)$/.exec(text)
  if (!match)
    throw new UsageError(
      'side-malformed',
      `expected a folder with a ${CONFIG_FILE} or a list such as explainer=pairs,llm=qwen3, found ${JSON.stringify(text)}; gloss compare --help shows both`,
    )
  const known: readonly string[] = ['set', ...SCORE_CHOICES]
  const pairs = match[2]!.split(/,(?=\w+=)/).map((part) => {
    const [, key, value] = /^(\w+)=([^]*)$/.exec(part)!
    if (!known.includes(key!))
      throw new UsageError(
        'side-malformed',
        `expected one of the keys ${known.join(', ')}, found ${JSON.stringify(key)} in ${JSON.stringify(text)}`,
      )
    return [key!, value!] as const
  })
  const { set = null, ...choice } = Object.fromEntries(pairs)
  return { folder: match[1] ?? null, set, choice }
}
