import { UsageError } from './errors.ts'
import { Random } from './random.ts'

/** Which features a verb works on, as `--only` names them. */
export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'unexplained' }
  | { readonly kind: 'random'; readonly count: number }
  | { readonly kind: 'features'; readonly features: ReadonlySet<number> }
  | { readonly kind: 'ranges'; readonly ranges: readonly (readonly [first: number, last: number])[] }

/**
 * Parses a selection: `7,12,100-199`, `all`, `unexplained` or `random:200`.
 * @throws {UsageError} `selection-malformed`
 */
export function parseSelection(text: string): Selection {
  if (text === 'all' || text === 'unexplained') return { kind: text }
  const random = /^random:(\d+)$/.exec(text)
  if (random && Number(random[1]) > 0) return { kind: 'random', count: Number(random[1]) }
  const ranges = text.split(',').map((part): [number, number] | null => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
    if (!match) return null
    const first = Number(match[1])
    return [first, match[2] === undefined ? first : Number(match[2])]
  })
  if (ranges.some((range) => range === null || range[0] > range[1]))
    throw new UsageError(
      'selection-malformed',
      `expected features as 7,12,100-199 or all, unexplained or random:200, found ${JSON.stringify(text)}`,
    )
  return { kind: 'ranges', ranges: ranges.filter((range) => range !== null) }
}

/**
 * The features of a selection among candidates, ascending.
 * @param explained whether a feature has an explanation already
 */
export function selectFeatures(
  selection: Selection,
  candidates: readonly number[],
  explained: (feature: number) => boolean,
  seed: number,
): number[] {
  switch (selection.kind) {
    case 'all':
      return [...candidates]
    case 'unexplained':
      return candidates.filter((feature) => !explained(feature))
    case 'random':
      return new Random(seed, 'selection')
        .shuffle([...candidates])
        .slice(0, selection.count)
        .toSorted((a, b) => a - b)
    case 'features':
      return candidates.filter((feature) => selection.features.has(feature))
    case 'ranges':
      return candidates.filter((feature) =>
        selection.ranges.some(([first, last]) => first <= feature && feature <= last),
      )
    default:
      return selection satisfies never
  }
}
