import {
  DETECTION_WINDOWS,
  detectionQuestions,
  fuzzingQuestions,
  intruderQuestions,
  logitQuestions,
  LOGITS_NEEDED,
  type Question,
} from '../autointerp/questions.ts'
import { StoppedError, UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { Random } from '../core/random.ts'
import type { Example } from '../core/records.ts'
import type { QuestionScorerName } from '../core/scores.ts'
import type { FeatureSetRecord, LogitEffects } from '../core/store.ts'
import type { ContrastSample } from '../collect/contrast-sample.ts'
import { checkDrawsContrasts, contrastName, type ContrastKind, drawContrasts } from './contrast.ts'
import { featureSetFolder, modelOf, provenanceOf } from './feature-set.ts'
import { logitEffects } from './logit-effects.ts'
import { eventLoopTurn } from './sample.ts'
import type { Study } from './study.ts'
import { vocabularyOf } from './token-texts.ts'

/** What a scorer tells windows apart by: where its firing windows come from, then its silent ones. */
const CONTRASTS: Readonly<Record<QuestionScorerName, readonly ContrastKind[]>> = {
  detection: ['random'],
  'detection-neighbours': ['random', 'neighbours'],
  'detection-cooccurrence': ['random', 'cooccurrence'],
  fuzzing: ['random'],
  intruder: ['random'],
  logits: [],
}
/** Features whose examples are stored in one transaction. */
const FEATURES_PER_COMMIT = 64

/** The questions of a scorer, feature by feature. What they need of the collection is drawn once and stored. */
export class QuestionSource {
  readonly #scorer: QuestionScorerName
  readonly #study: Study
  readonly #set: FeatureSetRecord
  /** Drawn for an estimate, which stores nothing. */
  readonly #unstored = new Map<string, ContrastSample>()
  readonly #unstoredLogits = new Map<number, LogitEffects>()
  #vocabulary: number[] | null = null

  constructor(scorer: QuestionScorerName, study: Study, set: FeatureSetRecord) {
    this.#scorer = scorer
    this.#study = study
    this.#set = set
  }

  /**
   * Finds what is needed for features and not there yet.
   * @param keep whether it may be stored
   * @throws {StoppedError} when the run is to stop
   */
  async *prepare(features: readonly number[], keep: boolean): AsyncGenerator<StudyEvent> {
    if (this.#scorer === 'logits') yield* this.#prepareLogits(features, keep)
    for (const kind of CONTRASTS[this.#scorer]) yield* this.#prepareContrasts(features, kind, keep)
  }

  /** The questions about a feature, in an order drawn from the seed. */
  questions(feature: number): Question[] {
    const random = new Random(this.#study.config.seed, 'questions', this.#scorer, feature)
    if (this.#scorer === 'logits') return this.#logitQuestions(feature, random)
    const { store, protocol } = this.#study
    const [firingKind, silentKind] = CONTRASTS[this.#scorer]
    const others = this.#examples(feature, firingKind!)
    const firing = [
      ...store.examples.of(this.#set.id, feature, protocol.name).filter(isForFiring),
      ...others.filter(isForFiring),
    ]
    const silent = (silentKind ? this.#examples(feature, silentKind) : others).filter(
      ({ slice }) => slice === 'negative',
    )
    switch (this.#scorer) {
      case 'fuzzing':
        return fuzzingQuestions(firing, random)
      case 'intruder':
        return intruderQuestions(firing, silent, random)
      default:
        return detectionQuestions(firing, silent, DETECTION_WINDOWS, random)
    }
  }

  /** Share of the corpus' windows in which the feature fires; null where it was not counted. */
  firingShare(feature: number): number | null {
    const name = contrastName(this.#study, 'random')
    return (
      this.#unstored.get(`${name} ${feature}`)?.firingShare ??
      this.#study.store.examples.firingShare(this.#set.id, feature, name)
    )
  }

  #examples(feature: number, kind: ContrastKind): readonly Example[] {
    const name = contrastName(this.#study, kind)
    return (
      this.#unstored.get(`${name} ${feature}`)?.examples ??
      this.#study.store.examples.of(this.#set.id, feature, name)
    )
  }

  #logitQuestions(feature: number, random: Random): Question[] {
    const { store } = this.#study
    const effects = this.#unstoredLogits.get(feature) ?? store.features.get(this.#set.id, feature)?.logits
    if (!effects) return []
    this.#vocabulary ??= vocabularyOf(this.#study, this.#set).flatMap(({ length }, id) =>
      length > 0 ? [id] : [],
    )
    return logitQuestions(
      effects.top.map(([token]) => token),
      this.#vocabulary,
      random,
    )
  }

  async *#prepareContrasts(
    features: readonly number[],
    kind: ContrastKind,
    keep: boolean,
  ): AsyncGenerator<StudyEvent> {
    const { store, signal } = this.#study
    const name = contrastName(this.#study, kind)
    const drawn = store.examples.sampledFeatures(this.#set.id, name)
    const lacking = features.filter((feature) => !drawn.has(feature))
    if (lacking.length === 0) return
    if (this.#set.kind === 'imported') {
      checkDrawsContrasts(this.#study.protocol)
      yield this.#notImported(kind, lacking.length, features.length)
      return
    }
    yield {
      type: 'notice',
      stage: 'score',
      text: `reading the collection for windows to ask about, ${lacking.length.toLocaleString('en')} features`,
    }
    let block: ContrastSample[] = []
    const commit = (): void => {
      if (keep) this.#store(name, block)
      else for (const sample of block) this.#unstored.set(`${name} ${sample.feature}`, sample)
      block = []
    }
    for await (const sample of drawContrasts(this.#study, this.#set, lacking, kind)) {
      block.push(sample)
      if (block.length < FEATURES_PER_COMMIT) continue
      commit()
      await eventLoopTurn()
      if (signal.aborted)
        throw new StoppedError(
          'stopped',
          'stopped while drawing examples; run the same command again to go on',
        )
    }
    commit()
  }

  /**
   * What other tools recorded is all that there is: no more can be drawn for an imported set.
   * @throws {UsageError} `scorer-imported` where that leaves nothing to ask about
   */
  #notImported(kind: ContrastKind, lacking: number, all: number): StudyEvent {
    if (kind !== 'random')
      throw new UsageError(
        'scorer-imported',
        `expected a feature set that gloss made, found ${this.#set.id}, which was imported without ${kind === 'neighbours' ? 'its decoder' : 'its collection'}; ${this.#scorer} needs that, detection does not`,
      )
    if (lacking === all)
      throw new UsageError(
        'scorer-imported',
        `expected windows to ask about in ${this.#set.id}, found none: they were not drawn when it was exported or imported; import it again, or export it from a study in which gloss score --scorer ${this.#scorer} has run`,
      )
    return {
      type: 'notice',
      stage: 'score',
      text: `${lacking.toLocaleString('en')} of ${all.toLocaleString('en')} features came without windows to ask about; they get no value`,
    }
  }

  #store(name: string, samples: readonly ContrastSample[]): void {
    const { store, protocol } = this.#study
    store.transaction(() => {
      const provenanceId = store.provenance.put({
        ...provenanceOf(this.#study, this.#set),
        protocol: protocol.name,
        protocolHash: protocol.hash,
      })
      for (const sample of samples) {
        const { state, singleToken } = store.features.get(this.#set.id, sample.feature)!
        store.examples.putSample(this.#set.id, name, provenanceId, { ...sample, state, singleToken })
      }
    })
  }

  /** Studies that were collected before longer lists were kept have too short ones. */
  async *#prepareLogits(features: readonly number[], keep: boolean): AsyncGenerator<StudyEvent> {
    const { store, workshop } = this.#study
    const wanted = new Set(features)
    const records = store.features.all(this.#set.id).filter(({ id }) => wanted.has(id))
    const lacking = records.filter(({ logits }) => logits !== null && logits.top.length < LOGITS_NEEDED)
    if (this.#set.kind === 'imported') {
      const most = Math.max(0, ...records.map(({ logits }) => logits?.top.length ?? 0))
      if (most >= LOGITS_NEEDED) return
      throw new UsageError(
        'scorer-imported',
        `expected the ${LOGITS_NEEDED} most positive logits of features, found ${most} at the most in ${this.#set.id}, which was imported without its model; use another scorer`,
      )
    }
    if (lacking.length === 0) return
    const model = modelOf(this.#study, this.#set)
    if (model.vocabularySize <= LOGITS_NEEDED) return
    yield {
      type: 'notice',
      stage: 'score',
      text: `computing longer lists of logits, ${lacking.length.toLocaleString('en')} features`,
    }
    const dictionary = await workshop.load(featureSetFolder(this.#study, this.#set))
    const effects = await logitEffects(
      model,
      dictionary,
      this.#set.hook,
      lacking.map(({ id }) => id),
    )
    await dictionary.close()
    if (effects === null) return
    if (keep)
      store.features.put(
        this.#set.id,
        lacking.map((record, index) => ({ ...record, logits: effects[index]! })),
      )
    else for (const [index, { id }] of lacking.entries()) this.#unstoredLogits.set(id, effects[index]!)
  }
}

/** Windows that were drawn for their firing: the random and other ones of a protocol may be silent. */
function isForFiring({ use, slice, activations }: Example): boolean {
  return (
    use === 'score' &&
    (slice === 'top' || slice.startsWith('interval')) &&
    activations.some((activation) => activation > 0)
  )
}
