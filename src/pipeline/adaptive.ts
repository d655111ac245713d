import { Bootstrap } from '../autointerp/bootstrap.ts'
import { scoreSimulation } from '../autointerp/simulation-score.ts'
import { examplesByLook, LOOKS, mixAt } from '../collect/looks.ts'
import { UsageError } from '../core/errors.ts'
import { examplesWanted, type Protocol } from '../core/protocol.ts'
import type { ScoreResult, Tier } from '../core/scores.ts'
import type { FeatureSetRecord, ScoreRecord, StoredExample } from '../core/store.ts'
import { moreExamplesName } from './sample-more.ts'
import { allEnded } from './pool.ts'
import type { Simulation, Simulator } from './simulate.ts'
import type { Study } from './study.ts'

/**
 * Simulates as many examples as a score's interval needs: after 40, 60, 90, 120 and 180 it looks, and stops once half
 * the interval is as narrow as wanted. Examples are dealt to calls look by look, so that what was asked before a look
 * is what would have been asked had it been the last: asking again finds every reply stored.
 */
export class AdaptiveSimulator implements Simulator {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #simulator: Simulator
  readonly #halfWidth: number
  readonly #bootstrap: Bootstrap
  readonly #lookOf = new WeakMap<StoredExample, number>()

  /** @throws {UsageError} `precision-protocol` where the protocol's examples are no look */
  constructor(study: Study, set: FeatureSetRecord, simulator: Simulator, halfWidth: number) {
    checkPrecision(study.protocol)
    this.#study = study
    this.#set = set
    this.#simulator = simulator
    this.#halfWidth = halfWidth
    this.#bootstrap = new Bootstrap(study.config.seed)
  }

  get tier(): Tier {
    return this.#simulator.tier
  }

  deal(feature: number, examples: readonly StoredExample[]): number[][] {
    return this.#places(examples).flatMap((places) =>
      this.#simulator
        .deal(
          feature,
          places.map((place) => examples[place]!),
        )
        .map((call) => call.map((index) => places[index]!)),
    )
  }

  async simulate(
    explanation: string,
    feature: number,
    examples: readonly StoredExample[],
    priority: number,
  ): Promise<Simulation> {
    const groups = this.#places(examples)
    const parts = await allEnded(
      groups.map((places) =>
        this.#simulator.simulate(
          explanation,
          feature,
          places.map((place) => examples[place]!),
          priority,
        ),
      ),
    )
    const predicted: (readonly number[] | null)[] = examples.map(() => null)
    for (const [group, places] of groups.entries())
      for (const [index, place] of places.entries()) predicted[place] = parts[group]!.predicted[index]!
    return { ...joined(parts), predicted }
  }

  /** The examples that are enough for the wanted interval, or all there are. */
  async choose(
    explanation: string,
    feature: number,
    standard: readonly StoredExample[],
    priority: number,
  ): Promise<StoredExample[]> {
    const { store, protocol, config } = this.#study
    const extra = store.examples.of(this.#set.id, feature, moreExamplesName(protocol))
    const looks = examplesByLook(standard, extra, protocol.score, protocol.intervals, config.seed, feature)
    const used: StoredExample[] = []
    const parts: Simulation[] = []
    for (const [look, added] of looks.entries()) {
      if (added.length === 0) continue
      for (const example of added) this.#lookOf.set(example, look)
      used.push(...added)
      parts.push(await this.#simulator.simulate(explanation, feature, added, priority))
      if (this.#isEnough(used, parts)) break
    }
    return used
  }

  #isEnough(examples: readonly StoredExample[], parts: readonly Simulation[]): boolean {
    const { headline, truth, minimumScoreExamples, minimumFiringExamples } = this.#study.protocol
    const { failedCalls, calls } = joined(parts)
    // A call without a reply leaves the score open: it is asked again by the next run, which then decides.
    if (failedCalls > 0) return true
    // A scarce feature's first looks have fewer examples than they should; intervals from so few are too narrow.
    if (examples.length < LOOKS[0]) return false
    const predicted = parts.flatMap((part) => part.predicted)
    // More of what cannot be read is of no use.
    if (2 * predicted.filter((levels) => levels !== null).length < predicted.length) return true
    const { simulation } = scoreSimulation(
      examples.map((example, index) => ({ ...example, predicted: predicted[index]! })),
      [],
      { minimumExamples: minimumScoreExamples, minimumFiring: minimumFiringExamples },
      this.#bootstrap,
      failedCalls < calls || calls === 0,
      { importance: null, expectedValues: false, headline, truth },
    )
    return isPrecise(simulation, this.#halfWidth)
  }

  /** Places of the examples of each look. */
  #places(examples: readonly StoredExample[]): number[][] {
    const places = LOOKS.map((): number[] => [])
    for (const [place, example] of examples.entries()) places[this.#lookOf.get(example) ?? 0]!.push(place)
    return places.filter(({ length }) => length > 0)
  }
}

/** Whether a score's interval is as narrow as wanted. */
export function isPrecise({ low, high }: Pick<ScoreResult, 'low' | 'high'>, halfWidth: number): boolean {
  return low !== null && high !== null && (high - low) / 2 <= halfWidth
}

/** What adaptive scoring took, beside what the protocol's own number of examples would have. */
export interface AdaptiveCounts {
  readonly halfWidth: number
  /** Scores whose interval is as narrow as wanted, of those that have a value. */
  readonly reached: number
  readonly scored: number
  /** Examples in all, and what the protocol's own mix has for as many scores. */
  readonly examples: number
  readonly standardExamples: number
  /** Calls for the scores themselves; a control takes as many again. 0 without an LLM. */
  readonly calls: number
  readonly standardCalls: number
}

/** Counts from scores as they are stored, so that a run that only finds them says the same. */
export function adaptiveCounts(
  protocol: Protocol,
  halfWidth: number,
  scores: readonly ScoreRecord[],
  examplesPerCall: number | null,
): AdaptiveCounts {
  const own = examplesWanted(protocol.score, protocol.intervals)
  const used = scores.map(({ coverage }) =>
    Object.values(coverage).reduce((sum, [, drawn]) => sum + drawn, 0),
  )
  const asked = used.filter((count) => count > 0)
  const scored = scores.filter(({ value }) => value !== null)
  const callsFor = (from: number, to: number): number =>
    examplesPerCall === null ? 0 : Math.ceil((to - from) / examplesPerCall)
  const callsByLooks = (count: number): number =>
    LOOKS.reduce(
      (sum, look, place) => sum + callsFor(Math.min(count, LOOKS[place - 1] ?? 0), Math.min(count, look)),
      0,
    )
  return {
    halfWidth,
    reached: scored.filter((one) => isPrecise(one, halfWidth)).length,
    scored: scored.length,
    examples: asked.reduce((sum, count) => sum + count, 0),
    standardExamples: asked.length * own,
    calls: asked.reduce((sum, count) => sum + callsByLooks(count), 0),
    standardCalls: asked.length * callsFor(0, own),
  }
}

/** One line about {@link AdaptiveCounts}. */
export function describeAdaptive(counts: AdaptiveCounts): string {
  const { halfWidth, reached, scored, examples, standardExamples, calls, standardCalls } = counts
  const difference = (used: number, standard: number, what: string): string =>
    `${used.toLocaleString('en')} ${what} instead of ${standard.toLocaleString('en')} (${Math.abs(
      used - standard,
    ).toLocaleString('en')} ${used <= standard ? 'saved' : 'added'})`
  return [
    `±${halfWidth} reached by ${reached.toLocaleString('en')} of ${scored.toLocaleString('en')}`,
    difference(examples, standardExamples, 'examples'),
    ...(standardCalls > 0 ? [difference(calls, standardCalls, 'calls')] : []),
  ].join(', ')
}

/** @throws {UsageError} `precision-protocol` where a protocol's own number of examples is no look */
export function checkPrecision(protocol: Protocol): void {
  const own = examplesWanted(protocol.score, protocol.intervals)
  const { interval } = mixAt(protocol.score, protocol.intervals, own)
  if (protocol.sampler === 'slices' && LOOKS.some((look) => look === own) && interval > 0) return
  throw new UsageError(
    'precision-protocol',
    `expected with --precision a protocol of slices that scores ${LOOKS.join(', ')} examples, found ${protocol.name} with ${own}; leave --precision out, or use another --protocol`,
  )
}

function joined(parts: readonly Simulation[]): Omit<Simulation, 'predicted'> {
  const sum = (of: (part: Simulation) => number): number => parts.reduce((total, part) => total + of(part), 0)
  // Parts read as many examples as their predictions, so that a mean over all weighs them so.
  const measured = parts.filter(({ digitMass }) => digitMass !== null)
  const weight = measured.reduce((total, part) => total + answered(part), 0)
  return {
    calls: sum(({ calls }) => calls),
    failedCalls: sum(({ failedCalls }) => failedCalls),
    unreadableCalls: sum(({ unreadableCalls }) => unreadableCalls),
    digitMass:
      weight === 0
        ? null
        : measured.reduce((total, part) => total + part.digitMass! * answered(part), 0) / weight,
    reasons: parts.flatMap(({ reasons }) => reasons),
  }
}

function answered({ predicted }: Simulation): number {
  return predicted.filter((levels) => levels !== null).length
}
