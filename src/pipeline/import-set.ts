import { DataError, StoppedError } from '../core/errors.ts'
import { nameOfImported } from '../core/imported.ts'
import { sha256 } from '../core/hash.ts'
import type { FeatureSetRecord } from '../core/store.ts'
import { contrastName } from './contrast.ts'
import { type ImportSource, type PreparedFeature, prepareImport } from './import-prepare.ts'
import { ImportedNames, importedExplainers, importedExplanationId } from './imported-explanations.ts'
import { rememberImported } from './import-settings.ts'
import { eventLoopTurn } from './sample.ts'
import type { Study } from './study.ts'

/** Features that are stored in one transaction. */
const FEATURES_PER_COMMIT = 64

/** What came of an import. */
export interface ImportCounts {
  /** The sets that came in; the first is the study's current one then. */
  readonly sets: readonly string[]
  readonly set: string
  readonly features: number
  readonly alive: number
  readonly tooRare: number
  readonly dead: number
  readonly explanations: number
  /** Scores that were made elsewhere. */
  readonly scores: number
  /** Names of the imported explanations' explainers, for --explainer. */
  readonly explainers: readonly string[]
  /** What examples are of: what new explanations and scores are made by. */
  readonly protocol: string
}

/**
 * Stores a feature set that another tool made, with its examples drawn by the study's protocol; a set that is there is
 * stored anew, with the same ids. Yields how many features are stored. It becomes the study's current set at the end.
 * @throws {DataError} `import-empty`
 */
export async function* importSet(
  study: Study,
  source: ImportSource,
): AsyncGenerator<{ readonly done: number; readonly total: number }, ImportCounts> {
  const { store, protocol, config, version } = study
  const prepared = prepareImport(study, source)
  if (prepared.features === 0 || prepared.tokens === 0)
    throw new DataError(
      'import-empty',
      'expected features with activation records, found none; name other files',
    )
  const setId = `imported-${prepared.features}-${source.hash.slice(0, 8)}`
  const tokenizerHash = sha256(Buffer.concat(prepared.vocabulary.flatMap((bytes) => [bytes, Buffer.of(0)])))
  const provenance = {
    version,
    seed: config.seed,
    model: prepared.origin.model,
    weightsHash: null,
    tokenizerHash,
    corpusHash: source.hash,
    setId,
    setHash: source.hash,
    protocol: null,
    protocolHash: null,
    prompt: null,
    promptHash: null,
    llm: null,
  }
  const counts = { alive: 0, tooRare: 0, dead: 0, explanations: 0 }
  let sampleProvenance = ''
  store.transaction(() => {
    const provenanceId = store.provenance.put(provenance)
    sampleProvenance = store.provenance.put({
      ...provenance,
      protocol: protocol.name,
      protocolHash: protocol.hash,
    })
    const set: FeatureSetRecord = {
      id: setId,
      kind: 'imported',
      hook: prepared.origin.hook,
      architecture: 'unknown',
      features: prepared.features,
      dIn: 0,
      folder: '',
      metrics: null,
      provenanceId,
      shuffledSeed: null,
    }
    if (!store.featureSets.get(setId)) store.featureSets.put(set)
    store.vocabulary.put(tokenizerHash, prepared.vocabulary)
    store.documents.put(
      source.hash,
      prepared.documents.map((tokens, place) => ({ name: `record ${place}`, register: null, tokens })),
    )
    store.collections.put({
      setId,
      corpusHash: source.hash,
      tokenizerHash,
      tokens: prepared.tokens,
      eligible: prepared.tokens,
      documents: prepared.documents.length,
      contexts: prepared.documents.length,
      contextLength: prepared.contextLength,
      entries: prepared.entries,
      bytes: 0,
      provenanceId,
    })
    if (prepared.tokenCounts.size > 0) store.tokenCounts.put(setId, prepared.tokenCounts)
  })
  const names = new ImportedNames()
  let waiting: PreparedFeature[] = []
  let done = 0
  const commit = (): void =>
    store.transaction(() => {
      for (const { record, sample, contrasts, explanations } of waiting) {
        if (!store.features.get(setId, record.id)) store.features.put(setId, [record])
        store.examples.putSample(setId, protocol.name, sampleProvenance, sample)
        if (contrasts)
          store.examples.putSample(setId, contrastName(study, 'random'), sampleProvenance, contrasts)
        counts[sample.state]++
        for (const { text, ...by } of explanations) {
          const explainer = names.name({ ...by, feature: record.id, method: '' })
          store.explanations.put(
            {
              id: importedExplanationId(setId, record.id, explainer),
              setId,
              featureId: record.id,
              ...explainer,
              text,
              problem: null,
              requestHash: null,
              provenanceId: sampleProvenance,
            },
            study.now(),
          )
          counts.explanations++
        }
      }
      done += waiting.length
      waiting = []
    })
  for (const feature of prepared.each) {
    waiting.push(feature)
    if (waiting.length < FEATURES_PER_COMMIT) continue
    commit()
    yield { done, total: prepared.features }
    await eventLoopTurn()
    if (study.signal.aborted)
      throw new StoppedError('stopped', 'stopped while importing; run the same command again to go on')
  }
  commit()
  store.transaction(() => {
    store.study.put('set', setId)
    store.study.put('protocol', protocol.name)
    store.study.put('scoring', protocol.name)
    rememberImported(store, setId)
  })
  return {
    sets: [setId],
    set: setId,
    features: prepared.features,
    ...counts,
    scores: 0,
    explainers: importedExplainers(store, store.featureSets.get(setId)!).map(nameOfImported),
    protocol: protocol.name,
  }
}
