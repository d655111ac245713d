import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { readText } from '../core/files.ts'
import { parseSelection } from '../core/selection.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import {
  checkName,
  createRatingSession,
  openRatingSession,
  type RatingSession,
} from '../pipeline/rating-session.ts'
import type { SessionRequest } from '../pipeline/session-units.ts'
import { parseRubric } from '../review/rubric.ts'
import { PACKAGE_ROOT } from './assets.ts'
import type { CommonOptions } from './options.ts'
import { type Surroundings, Terminal } from './terminal.ts'

/** The flags of `gloss review`. */
export interface ReviewOptions extends CommonOptions {
  readonly session?: string
  readonly rubric?: string
  readonly rater?: string
  readonly plain?: boolean
  readonly screenReader?: boolean
  readonly items?: number
  readonly raters?: string
  readonly overlap?: number
  readonly repeats?: number
  readonly checks?: number
  readonly sets?: string
  readonly only?: string
  readonly seed?: number
}

const DRAW = { items: 60, repeats: 0.1, checks: 0.1, overlap: 0.25 }

/** The session that flags name; drawn now where there is none of the name yet. @throws {UsageError} */
export async function sessionFor(
  options: ReviewOptions & { readonly session: string },
  store: Store,
  study: {
    readonly workspace: string
    readonly folder: string
    readonly protocol: string
    readonly seed: number
  },
  surroundings: Surroundings,
  now: Date,
): Promise<RatingSession> {
  const { session: name, rubric } = options
  checkName('session', name)
  const known = openRatingSession(store, name)
  const text = rubric === undefined ? null : rubricText(rubric, study.folder)
  if (known) {
    if (text !== null && parseRubric(text, `the rubric ${rubric}`).hash !== known.rubric.hash)
      throw new UsageError(
        'rubric-differs',
        `expected the rubric that session ${name} was drawn with (${known.rubric.name}), found another one; leave --rubric out, or name a new session`,
      )
    const drawing = (['items', 'raters', 'overlap', 'repeats', 'checks', 'sets', 'only'] as const).find(
      (flag) => options[flag] !== undefined,
    )
    if (drawing !== undefined)
      throw new UsageError(
        'session-frozen',
        `the session ${name} is drawn already and stays as it is; leave --${drawing} out, or name a new session`,
      )
    return known
  }
  if (text === null)
    throw new UsageError(
      'rubric-missing',
      `expected --rubric with a new session: one of ${rubricNames().join(', ')}, or a YAML file; there is no session ${name} yet`,
    )
  const raters = options.raters?.split(',').map((rater) => rater.trim()) ?? null
  for (const rater of raters ?? []) checkName('rater', rater)
  const request: SessionRequest = {
    name,
    rubricText: text,
    draw: {
      seed: options.seed ?? study.seed,
      items: options.items ?? DRAW.items,
      repeats: options.repeats ?? DRAW.repeats,
      checks: options.checks ?? DRAW.checks,
      overlap: options.overlap ?? DRAW.overlap,
      raters,
    },
    protocol: study.protocol,
    sets: setsFor(options, store, study.workspace),
    selection: parseSelection(options.only ?? 'all'),
  }
  return parseRubric(text, `the rubric ${rubric}`).task === undefined
    ? createRatingSession(store, request, now)
    : drawTask(options, request, surroundings, now)
}

/** A session of a scorer's task. Its windows may have to be drawn from the collection first. */
async function drawTask(
  options: ReviewOptions,
  request: SessionRequest,
  surroundings: Surroundings,
  now: Date,
): Promise<RatingSession> {
  // What draws from a collection is not loaded for those who only go on.
  const { openStudy } = await import('./open-study.ts')
  const { drawTaskSession } = await import('../pipeline/task-session.ts')
  const terminal = new Terminal(surroundings, { color: options.color, quiet: options.quiet ?? false })
  // Questions follow from the study's own seed, as an LLM's do; a seed of the session draws among them.
  const { study, close } = openStudy({ color: options.color, ...workspaceOf(options) }, surroundings, 'read')
  try {
    const events = drawTaskSession(study, request, now)
    for (;;) {
      const next = await events.next()
      if (next.done) return next.value
      if (next.value.type === 'notice') terminal.say(next.value.text)
    }
  } finally {
    await close()
  }
}

function workspaceOf({ workspace }: CommonOptions): Pick<CommonOptions, 'workspace'> {
  return workspace === undefined ? {} : { workspace }
}

/** The sets that a session mixes: those named, or the current one with all baselines. */
function setsFor(options: ReviewOptions, store: Store, workspace: string): FeatureSetRecord[] {
  const all = store.featureSets.all()
  const current = currentSet({ store, folder: workspace })
  if (options.sets === undefined)
    return all.filter(({ id, kind }) => id === current.id || kind === 'neurons' || kind === 'random')
  return options.sets.split(',').map((name) => {
    const found = all.find(({ id }) => id === name.trim())
    if (!found)
      throw new UsageError(
        'set-unknown',
        `expected feature sets of this study (${all.map(({ id }) => id).join(', ')}), found ${JSON.stringify(name)}`,
      )
    return found
  })
}

/** The rubrics that come with gloss. */
export function rubricNames(): string[] {
  return readdirSync(join(PACKAGE_ROOT, 'prompts', 'rubrics'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .toSorted()
}

function rubricText(rubric: string, folder: string): string {
  if (rubricNames().includes(rubric))
    return readText(join(PACKAGE_ROOT, 'prompts', 'rubrics', `${rubric}.yaml`), 'a rubric')
  const path = resolve(folder, rubric)
  if (!existsSync(path))
    throw new UsageError(
      'rubric-unknown',
      `expected one of the rubrics ${rubricNames().join(', ')} or a YAML file, found ${JSON.stringify(rubric)}`,
    )
  return readText(path, 'a rubric')
}
