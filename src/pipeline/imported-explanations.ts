import { parseBigramTable, renderBigramTable } from '../autointerp/bigram-table.ts'
import { parseTokenTable, renderTokenTable } from '../autointerp/token-table.ts'
import { UsageError } from '../core/errors.ts'
import { contentId, type Json } from '../core/hash.ts'
import {
  findImported,
  importedName,
  type ImportedExplainer,
  isImported,
  nameOfImported,
} from '../core/imported.ts'
import type { FeatureSetRecord, Store } from '../core/store.ts'
import { textOfBytes } from '../core/token-text.ts'
import { vocabularyOf } from './token-texts.ts'

/** An explanation before it has a name in the study that imports it. */
export interface UnnamedExplanation extends ImportedExplainer {
  readonly feature: number
  /** What tells two ways of explaining by the same explainer and model apart; the same text for the same way. */
  readonly method: string
}

/** What decides the ids of imported explanations, but for set and feature. */
export function importedMethod({ explainer, llm }: ImportedExplainer): Record<string, Json> {
  return { imported: explainer, llm }
}

/** The id of an imported explanation: importing the same again replaces it. */
export function importedExplanationId(setId: string, feature: number, explainer: ImportedExplainer): string {
  return contentId({ set: setId, feature, ...importedMethod(explainer) })
}

/**
 * Names of imported explanations of one set, so that each feature has one of a name, and those of a name were made in one
 * way: `imported:pairs`, or `imported:pairs~2` where there were several. First all are added, then named.
 */
export class ImportedNames {
  readonly #methods = new Map<string, Set<string>>()
  readonly #taken = new Set<string>()
  readonly #named = new Set<string>()

  add({ explainer, llm, method }: Omit<UnnamedExplanation, 'feature'>): void {
    if (isImported(explainer)) this.#taken.add(explainer)
    const key = JSON.stringify([explainer, llm])
    const methods = this.#methods.get(key) ?? new Set<string>()
    this.#methods.set(key, methods.add(method))
  }

  /** The explainer's name here; every explanation is named once. */
  name({ feature, explainer, llm, method }: UnnamedExplanation): ImportedExplainer {
    const name = this.#explainerName(explainer, llm, method)
    const key = (candidate: string): string => JSON.stringify([feature, candidate, llm])
    let unique = name
    // Two texts of one explainer for one feature: the first keeps the name.
    for (let number = 2; this.#named.has(key(unique)); number++) unique = `${name}+${number}`
    this.#named.add(key(unique))
    return { explainer: unique, llm }
  }

  #explainerName(explainer: string, llm: string | null, method: string): string {
    if (isImported(explainer)) return explainer
    const name = importedName(explainer.replaceAll(/[^\w.:-]+/g, '-').slice(0, 80))
    const methods = [...(this.#methods.get(JSON.stringify([explainer, llm])) ?? [])].toSorted()
    if (methods.length < 2 && !this.#taken.has(name)) return name
    return `${name}~${methods.indexOf(method) + 1 + Number(this.#taken.has(name))}`
  }
}

/** The explainers of a set's imported explanations, those of most features first. */
export function importedExplainers(store: Store, set: FeatureSetRecord): ImportedExplainer[] {
  const counts = new Map<string, { explainer: ImportedExplainer; count: number }>()
  for (const { explainer, llm } of store.explanations.all(set.id)) {
    if (!isImported(explainer)) continue
    const key = JSON.stringify([explainer, llm])
    const found = counts.get(key) ?? { explainer: { explainer, llm }, count: 0 }
    found.count++
    counts.set(key, found)
  }
  return [...counts.values()]
    .toSorted(
      (a, b) => b.count - a.count || (nameOfImported(a.explainer) < nameOfImported(b.explainer) ? -1 : 1),
    )
    .map(({ explainer }) => explainer)
}

/**
 * The imported explanations that a name stands for.
 * @throws {UsageError} `explainer-unknown`, `explainer-ambiguous`
 */
export function namedImported(store: Store, set: FeatureSetRecord, name: string): ImportedExplainer {
  const known = importedExplainers(store, set)
  const found = findImported(name, known)
  if (found.length === 1) return found[0]!
  const listed = (explainers: readonly ImportedExplainer[]): string =>
    explainers.map(nameOfImported).join(', ')
  if (found.length === 0)
    throw new UsageError(
      'explainer-unknown',
      `expected imported explanations of ${set.id} for ${JSON.stringify(name)}, found ${listed(known) || 'none'}; gloss import brings them in`,
    )
  throw new UsageError(
    'explainer-ambiguous',
    `expected one explainer for ${JSON.stringify(name)}, found ${listed(found)}; name one of them with --explainer`,
  )
}

/**
 * Makes sure that imported explanations can be scored without an LLM: they are tables of the very tokens of this set.
 * A table of another vocabulary would predict by ids that mean other tokens here.
 * @throws {UsageError} `llm-missing`
 */
export function checkImportedTables(
  store: Store,
  set: FeatureSetRecord,
  { explainer, llm }: ImportedExplainer,
): void {
  const vocabulary = vocabularyOf({ store }, set)
  const textOf = (token: number): string => textOfBytes(vocabulary[token] ?? new Uint8Array())
  const isTable = (text: string): boolean => {
    const tokens = parseTokenTable(text)
    if (tokens) return renderTokenTable(tokens, textOf) === text
    const bigrams = parseBigramTable(text)
    return bigrams !== null && renderBigramTable(bigrams, textOf) === text
  }
  const other = store.explanations
    .all(set.id)
    .find((one) => one.explainer === explainer && one.llm === llm && one.text !== null && !isTable(one.text))
  if (other)
    throw new UsageError(
      'llm-missing',
      `expected an endpoint to score the explanations of ${explainer}, found none, and that of feature ${other.featureId} is no table of this set's tokens, which alone predicts without an LLM; add --llm URL and --llm-model NAME`,
    )
}
