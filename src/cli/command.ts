import type { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { parseSelection, type Selection } from '../core/selection.ts'
import type { Store, StudySetting } from '../core/store.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import { findSet } from '../pipeline/sets.ts'
import { status } from '../pipeline/status.ts'
import type { Study } from '../pipeline/study.ts'
import { openStudy } from './open-study.ts'
import type { CommonOptions, StudyOptions } from './options.ts'
import { type Surroundings, Terminal } from './terminal.ts'

/** A command of the program: declares itself on the parent. */
export type CommandDefinition = (parent: Command, surroundings: Surroundings) => void

/** The terminal for a command's flags. */
export function terminalFor(options: CommonOptions, surroundings: Surroundings): Terminal {
  return new Terminal(surroundings, { color: options.color, quiet: options.quiet ?? false })
}

/**
 * Opens the study, holds its lock while `work` runs unless that only reads, and closes everything after it. A feature set
 * that the flags name becomes the current one; of a study that is only read, for this command alone.
 */
export async function withStudy<Result>(
  options: StudyOptions,
  surroundings: Surroundings,
  work: (study: Study) => Promise<Result>,
  purpose: 'work' | 'read' = 'work',
): Promise<Result> {
  const { study, close } = openStudy(options, surroundings, purpose)
  try {
    if (options.set === undefined) return await work(study)
    const { id } = findSet(study.store, options.set)
    if (purpose === 'read') return await work({ ...study, store: withSetting(study.store, 'set', id) })
    study.store.study.put('set', id)
    return await work(study)
  } finally {
    await close()
  }
}

/** The same store, but for one setting of the study. */
function withSetting(store: Store, setting: StudySetting, value: string): Store {
  const { study } = store
  const get = (name: StudySetting): string | null => (name === setting ? value : study.get(name))
  return { ...store, study: { ...study, get } }
}

/** The features that `--only` names; all without it. */
export function selectionOf(options: StudyOptions): Selection {
  return parseSelection(options.only ?? 'all')
}

/**
 * How many examples a wanted precision takes is decided by replies, which a dry run does not ask for.
 * @throws {UsageError} `precision-dry-run`
 */
export function refuseDryPrecision({ precision }: StudyOptions): void {
  if (precision !== undefined)
    throw new UsageError(
      'precision-dry-run',
      'expected --dry-run without --precision, since replies decide how many calls it takes; without it you see those of the standard examples, with it scoring takes from two thirds of these to three times as many',
    )
}

/** What `explain`, `score` and `run` print for scripts. */
export function countsJson(study: Study): object {
  const { missing, ...counts } = status(study.store, currentSet(study))
  return { ...counts, failures: missing }
}
