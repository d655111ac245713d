/**
 * Names of what was made elsewhere. Explainers and protocols of imported rows carry a mark, so that they are never taken
 * for, or counted among, what this study made by an explainer or protocol of the same name.
 */

const MARK = 'imported'
/** Between an explainer and the model that it asked, where a name has to say both. */
const BY = '@'

/** Explanations that were imported: the explainer's marked name, and the model that explained where it is known. */
export interface ImportedExplainer {
  readonly explainer: string
  readonly llm: string | null
}

/**
 * The name of something in a study that imports it. A name that has the mark keeps it as it is.
 * @example
 * importedName('pairs') // 'imported:pairs'
 */
export function importedName(name: string): string {
  return isImported(name) ? name : `${MARK}:${name}`
}

/** Whether a name says that what it names was made elsewhere; `imported` alone stands for any. */
export function isImported(name: string): boolean {
  return name === MARK || name.startsWith(`${MARK}:`)
}

/**
 * Finds the imported explanations that a name stands for: an explainer, one with its model behind `@`, or `imported`.
 * @returns all that fit; the name is only of use where that is one
 */
export function findImported(name: string, known: readonly ImportedExplainer[]): ImportedExplainer[] {
  return known.filter((one) => name === MARK || name === one.explainer || name === nameOfImported(one))
}

/** A name that says the explainer and its model. */
export function nameOfImported({ explainer, llm }: ImportedExplainer): string {
  return llm === null ? explainer : `${explainer}${BY}${llm}`
}
