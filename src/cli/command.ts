import type { Command } from 'commander'
import type { StageName } from '../core/events.ts'
import { parseSelection, type Selection } from '../core/selection.ts'
import { OpenAiChat } from '../llm/openai-chat.ts'
import { status } from '../pipeline/status.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import type { Llm, Study } from '../pipeline/study.ts'
import { bundledExplainPrompt, bundledSimulatePrompt } from './assets.ts'
import { resolveEndpoint } from './endpoint.ts'
import type { CommonOptions, StudyOptions } from './options.ts'
import { type Surroundings, Terminal } from './terminal.ts'
import { openStudy } from './workspace.ts'

/** A command of the program: declares itself on the parent. */
export type CommandDefinition = (parent: Command, surroundings: Surroundings) => void

/** The terminal for a command's flags. */
export function terminalFor(options: CommonOptions, surroundings: Surroundings): Terminal {
  return new Terminal(surroundings, { color: options.color, quiet: options.quiet ?? false })
}

/** Opens the study, holds its lock while `work` runs, and closes everything after it. */
export async function withStudy<Result>(
  options: StudyOptions,
  surroundings: Surroundings,
  work: (study: Study) => Promise<Result>,
): Promise<Result> {
  const { study, close } = openStudy(options, surroundings)
  try {
    return await work(study)
  } finally {
    await close()
  }
}

/** The LLM that flags, environment or gloss.yaml name, with the prompts that come with gloss; null for none. */
export function openLlm(options: StudyOptions, study: Study, surroundings: Surroundings): Llm | null {
  const endpoint = resolveEndpoint(options, study.config, surroundings.environment)
  return (
    endpoint && {
      chat: new OpenAiChat(endpoint),
      explain: bundledExplainPrompt(),
      simulate: bundledSimulatePrompt(),
      concurrency: study.config.llm.concurrency,
    }
  )
}

/** The features that `--only` names; all without it. */
export function selectionOf(options: StudyOptions): Selection {
  return parseSelection(options.only ?? 'all')
}

/** What `explain`, `score` and `run` print for scripts. */
export function countsJson(study: Study): object {
  const { missing, ...counts } = status(study.store, currentSet(study))
  return { ...counts, failures: missing }
}

/** The stages that a command shows. */
export type Stages = readonly StageName[]
