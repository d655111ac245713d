import { escapeForTerminal } from '../core/escape-terminal.ts'
import { simulationLines, type SimulationView } from './simulation-lines.ts'
import type { Style } from './style.ts'
import { correlation, pad, truncate, widthOf, wrap } from './text.ts'

/** What a page shows of a feature that is found after the rest of it. Texts are as stored. */
export interface PageDetailsView {
  readonly simulation: SimulationView | null
  readonly withoutSimulation: string | null
  readonly neighbours: readonly NeighbourView[] | null
  readonly withoutNeighbours: string | null
}

/** A feature that writes in a similar direction. */
export interface NeighbourView {
  readonly feature: number
  readonly cosine: number
  readonly state: string
  readonly score: number | null
  readonly explanation: string | null
}

/** What is known of how something was made; hashes are shown by their beginnings. */
export interface ProvenanceView {
  readonly version: string
  readonly seed: number | null
  readonly model: string | null
  readonly weightsHash: string | null
  readonly tokenizerHash: string | null
  readonly corpusHash: string | null
  readonly setHash: string | null
  readonly protocol: string | null
  readonly protocolHash: string | null
  readonly prompt: string | null
  readonly promptHash: string | null
  readonly llm: string | null
  readonly endpoint?: string | null
}

/** Stands for what is being read. */
const COMING = '…'

/** Simulation against truth; a sign that it is coming where it is not there yet. */
export function simulationPart(
  details: PageDetailsView | null,
  width: number,
  style: Style,
  labelColumns: number,
  terse: boolean,
): string[] {
  if (details?.simulation) return simulationLines(details.simulation, width, style, labelColumns, terse)
  return [...reason('simulation', details?.withoutSimulation ?? COMING, width, style), '']
}

/**
 * The features with the most similar decoder rows. @param chosen the place of the one that the cursor is at, which
 * begins with `›`; null without a cursor
 */
export function neighboursPart(
  details: PageDetailsView | null,
  chosen: number | null,
  width: number,
  style: Style,
): string[] {
  const neighbours = details?.neighbours
  if (!neighbours) return [...reason('neighbours', details?.withoutNeighbours ?? COMING, width, style), '']
  return [
    ` ${style.bold('neighbours')}  ${style.dim(truncate('by the cosine of decoder rows, with ρ and explanation', width - 14))}`,
    ...neighbours.map((neighbour, place) => {
      const { feature, cosine, state, score, explanation } = neighbour
      const numbers = `${pad(String(feature), 8, 'right')}   cos ${pad(correlation(cosine), 4, 'right')}   ρ ${pad(score === null ? '·' : correlation(score), 4, 'right')}   `
      const text = explanation ?? (state === 'alive' ? '' : state === 'tooRare' ? '(too rare)' : `(${state})`)
      // What is far beyond the screen is never laid out, however long the explanation.
      const line =
        numbers + truncate(escapeForTerminal(text.slice(0, 4 * width)), width - widthOf(numbers) - 2)
      return place === chosen ? style.bold(`›${line}`) : ` ${line}`
    }),
    '',
  ]
}

/** How the set, the explanations and the scores of a page were made. */
export function provenancePart(
  provenance: { readonly set: ProvenanceView; readonly [id: string]: ProvenanceView },
  explanations: readonly {
    readonly explainer: string
    readonly provenanceId: string
    readonly scores: readonly {
      readonly scorer: string
      readonly tier: string
      readonly provenanceId: string
    }[]
  }[],
  width: number,
  style: Style,
): string[] {
  const { set } = provenance
  const entries = new Map<string, string[]>()
  const add = (id: string, what: string): void => void entries.set(id, [...(entries.get(id) ?? []), what])
  for (const { explainer, provenanceId, scores } of explanations) {
    add(provenanceId, `explanation by ${explainer}`)
    for (const { scorer, tier, provenanceId: id } of scores)
      if (!scorer.includes('.')) add(id, `${scorer}, ${tier}`)
  }
  const lines = [
    [
      'set',
      facts([
        ['model', set.model],
        ['weights', short(set.weightsHash)],
        ['tokenizer', short(set.tokenizerHash)],
        ['corpus', short(set.corpusHash)],
        ['set', short(set.setHash)],
        ['seed', set.seed],
        ['gloss', set.version],
      ]),
    ],
    ...[...entries].map(([id, made]) => {
      const { protocol, protocolHash, prompt, promptHash, llm, endpoint, seed, version } = provenance[id]!
      const about = facts([
        ['protocol', named(protocol, protocolHash)],
        ['prompt', named(prompt, promptHash)],
        ['LLM', llm],
        ['at', endpoint ?? null],
        ['seed', seed],
        ['gloss', version],
      ])
      return [[...new Set(made)].join('; '), about]
    }),
  ]
  return [
    ` ${style.bold('provenance')}  ${style.dim(truncate('names with the beginnings of content hashes; --json has them whole', width - 14))}`,
    ...lines.flatMap(([what, text]) =>
      wrap(escapeForTerminal(`${what}: ${text}`), width - 2, ' ', 2).map((line) => ` ${style.dim(line)}`),
    ),
  ]
}

function reason(title: string, text: string, width: number, style: Style): string[] {
  const [first = '', ...rest] = wrap(escapeForTerminal(text), width - 14)
  return [
    ` ${style.bold(title)}  ${style.dim(first)}`,
    ...rest.map((line) => `${' '.repeat(13)}${style.dim(line)}`),
  ]
}

function facts(pairs: readonly (readonly [name: string, value: string | number | null])[]): string {
  return pairs
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')
}

function named(name: string | null, hash: string | null): string | null {
  return name === null ? null : hash === null ? name : `${name}@${short(hash)}`
}

function short(hash: string | null): string | null {
  return hash === null ? null : hash.slice(0, 8)
}
