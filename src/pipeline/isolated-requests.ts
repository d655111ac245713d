import { largestActivation, quantize } from '../autointerp/quantize.ts'
import { renderAnswer } from '../autointerp/simulate-messages.ts'
import type { ControlName } from '../core/scores.ts'
import type { FeatureSetRecord, StoredExample } from '../core/store.ts'
import { explainExamples } from './explain-plan.ts'
import { type IsolatedFeature, isolatedRequests } from './ask-isolated.ts'
import { featuresInRole, ROLES, takesPart } from './isolate.ts'
import type { ExpectedRequest, ScoreItem, Isolation } from './scorer.ts'
import { isIncomplete } from './simulate.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** A request of a block, with the features that it asks about. */
interface SharedRequest extends ExpectedRequest {
  readonly features: ReadonlySet<number>
}

/**
 * What simulating an item asks where features share calls: the requests of its block that ask about it. Requests of
 * several items are the same ones.
 */
export class IsolatedRequests {
  readonly #study: Study
  readonly #set: FeatureSetRecord
  readonly #llm: Llm
  readonly #isolation: Isolation
  readonly #textsOf: (tokens: readonly number[]) => readonly string[]
  /** Of the last block: items come block after block. */
  #last: {
    readonly block: Isolation['blocks'][number]
    /** Role by role. */
    readonly requests: readonly (readonly SharedRequest[])[]
  } | null = null

  constructor(study: Study, set: FeatureSetRecord, llm: Llm, isolation: Isolation) {
    this.#study = study
    this.#set = set
    this.#llm = llm
    this.#isolation = isolation
    this.#textsOf = tokenTexts(study, set)
  }

  /** Replies are taken to name what really fires, and those about other explanations to name nothing. */
  *of({ explanation: { featureId }, blank }: ScoreItem): Generator<ExpectedRequest> {
    const { blankDescription } = this.#llm.simulate
    const block = this.#isolation.blocks.find((one) => one.some(({ feature }) => feature === featureId))
    const member = block?.find(({ feature }) => feature === featureId)
    if (block && member) {
      if (this.#last?.block !== block)
        this.#last = {
          block,
          requests: ROLES.map((role) =>
            this.#requests(
              featuresInRole(block, role, this.#isolation, blankDescription),
              role === 'own' ? null : role,
            ),
          ),
        }
      for (const [place, role] of ROLES.entries())
        if (takesPart(member, role))
          yield* this.#last.requests[place]!.filter(({ features }) => features.has(featureId))
    }
    if (!blank || member?.blank === true) return
    const alone = {
      feature: featureId,
      explanation: blankDescription,
      examples: this.#isolation.examplesOf(featureId),
    }
    yield* this.#requests([alone], 'blank')
  }

  #requests(features: readonly IsolatedFeature[], control: ControlName | null): SharedRequest[] {
    const { scale } = this.#study.protocol
    const { seed } = this.#study.config
    const levelsOf = new Map(features.map(({ feature }) => [feature, this.#truth(feature)]))
    return isolatedRequests(this.#llm, features, scale, seed, this.#textsOf).map(
      ({ call, asked, request }) => {
        const levels = asked.map((example, place) => levelsOf.get(call[place]![0])!(example))
        const expected = control === null ? levels : levels.map((window) => window.map(() => 0))
        return {
          request,
          control,
          reply: renderAnswer(expected),
          isIncomplete: (stored) => isIncomplete(stored, asked, this.#llm.tier, scale),
          features: new Set(call.map(([feature]) => feature)),
        }
      },
    )
  }

  #truth(feature: number): (example: Pick<StoredExample, 'activations'>) => number[] {
    const { scale, rounding } = this.#study.protocol
    const max = largestActivation(explainExamples(this.#study, this.#set, feature))
    return ({ activations }) => activations.map((one) => quantize(one, max, scale, rounding))
  }
}
