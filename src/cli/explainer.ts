import { resolve } from 'node:path'
import { type ExplainPrompt, parseExplainPrompt } from '../autointerp/explain-prompt.ts'
import { ConfigError, UsageError } from '../core/errors.ts'
import { readText } from '../core/files.ts'
import { isImported } from '../core/imported.ts'
import type { Protocol } from '../core/protocol.ts'
import type { StudyConfig } from '../core/study-config.ts'
import { bundledExplainers, bundledExplainPrompt } from './assets.ts'
import type { StudyOptions } from './options.ts'

/** Explainers that ask no LLM. */
export const BASELINES = ['table', 'bigram'] as const
/** One of {@link BASELINES}. */
export type Baseline = (typeof BASELINES)[number]

/** The explainer that flags or settings name: a baseline, imported explanations, or a prompt; null where they name none. */
export type NamedExplainer =
  | { readonly baseline: Baseline }
  | { readonly imported: string }
  | { readonly prompt: ExplainPrompt }
  | null

interface Folders {
  /** Of the study: paths in its gloss.yaml begin there. */
  readonly workspace: string
  /** That the command is given in. */
  readonly current: string
}

/**
 * Finds the explainer by its name or its prompt file. Flags win over gloss.yaml; a flag for the one leaves the other's
 * setting aside, unless they are of the same name.
 *
 * @throws {UsageError} `explainer-…` for a name that nothing has, or that the prompt file does not have
 * @throws {ConfigError} for a prompt file that does not fit, or takes a name that comes with gloss
 */
export function namedExplainer(
  options: Pick<StudyOptions, 'explainer' | 'explainPrompt'>,
  config: Pick<StudyConfig, 'explainer' | 'explainPrompt'>,
  folders: Folders,
): NamedExplainer {
  const flagged = options.explainer !== undefined || options.explainPrompt !== undefined
  const name = flagged ? options.explainer : config.explainer
  const file =
    options.explainPrompt !== undefined
      ? resolve(folders.current, options.explainPrompt)
      : config.explainPrompt !== undefined && !(name !== undefined && (isBundled(name) || isImported(name)))
        ? resolve(folders.workspace, config.explainPrompt)
        : null
  if (file === null) return name === undefined ? null : byName(name)
  const prompt = readPrompt(file)
  if (name !== undefined && name !== prompt.name)
    throw new UsageError(
      'explainer-differs',
      `expected the explainer ${JSON.stringify(name)}, found the prompt ${prompt.name} in ${file}; name only one of them`,
    )
  return { prompt }
}

/** The explainer of an LLM where none is named: a protocol that asks for several explanations has the best of them. */
export function usualPrompt({ samples, choose }: Pick<Protocol, 'samples' | 'choose'>): ExplainPrompt {
  return bundledExplainPrompt(samples > 1 && choose ? 'best' : 'pairs')
}

/** Whether a name is that of an explainer that comes with gloss. */
export function isBundled(name: string): boolean {
  return BASELINES.some((baseline) => baseline === name) || bundledExplainers().includes(name)
}

function byName(name: string): NamedExplainer {
  const baseline = BASELINES.find((one) => one === name)
  if (baseline) return { baseline }
  if (isImported(name)) return { imported: name }
  if (bundledExplainers().includes(name)) return { prompt: bundledExplainPrompt(name) }
  throw new UsageError(
    'explainer-unknown',
    `expected one of the explainers ${[...bundledExplainers(), ...BASELINES].join(', ')}, found ` +
      `${JSON.stringify(name)}; for a prompt of your own add --explain-prompt FILE`,
  )
}

function readPrompt(path: string): ExplainPrompt {
  const prompt = parseExplainPrompt(readText(path, 'a prompt'), path)
  if (isBundled(prompt.name))
    throw new ConfigError(
      'prompt-name',
      `${path}: expected a name of its own, found ${prompt.name}, which comes with gloss; change name`,
    )
  return prompt
}
