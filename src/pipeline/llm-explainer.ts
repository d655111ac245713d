import { bestPlace, type ChoiceValue, choiceValue } from '../autointerp/choice.ts'
import { counterexamplesOf } from '../autointerp/counterexamples.ts'
import { levelledWindow, revisionRequest } from '../autointerp/explain-messages.ts'
import { needsChoice } from '../autointerp/explain-prompt.ts'
import { largestActivation } from '../autointerp/quantize.ts'
import type { ChatRequest } from '../core/chat-model.ts'
import type { ExplanationRecord, FeatureSetRecord, StoredExample } from '../core/store.ts'
import { type ChoiceSimulation, choiceSimulator } from './choice-simulator.ts'
import { explainExamples, explainRequests, examplesFor, readExplanation, samplesOf } from './explain-plan.ts'
import type { Ask, Explained, Explainer } from './explainer.ts'
import { allEnded } from './pool.ts'
import type { Llm, Study } from './study.ts'
import { tokenTexts } from './token-texts.ts'

/** Stands for an explanation that is not written yet. */
export const USUAL_EXPLANATION =
  'The names of functions and methods in program code, most strongly right before an opening parenthesis'

/** An explanation that may be chosen. */
interface Draft extends Pick<ExplanationRecord, 'text' | 'problem'> {
  readonly request: ChatRequest
  readonly requestHash: string
  readonly revises: number | null
  readonly simulation: ChoiceSimulation | null
}

/** An explainer that asks an LLM in the way of its prompt: once, several times, or again in view of what went wrong. */
export function llmExplainer(study: Study, set: FeatureSetRecord, llm: Llm): Explainer {
  const { explain: prompt } = llm
  const { scale } = study.protocol
  const textsOf = tokenTexts(study, set)
  const requestOf = explainRequests(study, set, llm)
  const simulatorOf = choiceSimulator(study, llm, textsOf)

  const explain = async (feature: number, ask: Ask): Promise<Explained> => {
    const reasons: string[] = []
    const explaining = explainExamples(study, set, feature)
    const choosing = needsChoice(prompt) ? examplesFor(study, set, feature, 'choose') : []
    const simulate = simulatorOf(feature, explaining, choosing, ask)

    const draft = async (
      request: ChatRequest,
      revises: number | null,
      places: readonly number[],
      number: number,
    ): Promise<Draft> => {
      const answer = await ask({
        request,
        isUnreadable: (reply) => 'problem' in readExplanation(reply),
        // No two of a feature are equal: requests about them are different ones.
        expected: `<explanation>${USUAL_EXPLANATION}${number > 0 ? ` ${number}` : ''}</explanation>`,
      })
      const read = answer.kind === 'reply' ? readExplanation(answer) : { problem: answer.reason }
      const made = { request, requestHash: answer.hash, revises }
      if ('problem' in read) {
        reasons.push(read.problem)
        const problem = answer.kind === 'failed' ? 'callFailed' : 'unreadable'
        return { ...made, text: null, problem, simulation: null }
      }
      const simulation = needsChoice(prompt) ? await simulate(read.text, places) : null
      return { ...made, text: read.text, problem: null, simulation }
    }

    const all = choosing.map((_, place) => place)
    const drafts = await allEnded(
      Array.from({ length: samplesOf(prompt, study.protocol) }, (_, number) =>
        draft(requestOf(feature, number), null, all, number),
      ),
    )
    if (!needsChoice(prompt)) {
      const { text, problem, requestHash } = drafts[0]!
      return { text, problem, requestHash, candidates: [], reasons }
    }

    let places: readonly number[] = all
    const { rounds = 0, windows: most = 0, wrongBy = 0 } = prompt.revision ?? {}
    const max = largestActivation(explaining)
    for (let round = 1; round <= rounds; round++) {
      const current = chosenOf(drafts, valuesOf(drafts, choosing, places))
      const { text, simulation, request } = drafts[current]!
      if (text === null || simulation === null) break
      const windows = places.map((place) => {
        const predicted = simulation.predicted[place]
        if (!predicted) return null
        const truth = levelledWindow(choosing[place]!, max, scale, textsOf, study.protocol.rounding)
        const levels = truth.map(([token], index) => [token, Math.round(predicted[index]!)] as const)
        return { truth, predicted: levels }
      })
      const wrong = counterexamplesOf(windows, wrongBy, most)
      if (wrong.places.length === 0) break
      // What a revision is made in view of says nothing of which is better.
      const shown = new Set(wrong.places.map((place) => places[place]!))
      places = places.filter((place) => !shown.has(place))
      const revised = revisionRequest(prompt, prompt.revision!, request, text, wrong)
      drafts.push(await draft(revised, current, places, drafts.length))
    }

    const values = valuesOf(drafts, choosing, places)
    const chosen = chosenOf(drafts, values)
    const simulations = new Set(drafts.flatMap(({ simulation }) => simulation ?? []))
    for (const simulation of simulations)
      reasons.push(...simulation.reasons.map((reason) => `choosing: ${reason}`))
    const { text, requestHash } = drafts[chosen]!
    const failed = drafts.some((one) => one.problem === 'callFailed')
    return {
      text,
      problem: text === null ? (failed ? 'callFailed' : 'unreadable') : null,
      requestHash,
      candidates: drafts.map((one, place) => ({
        place,
        revises: one.revises,
        text: one.text,
        problem: one.problem,
        requestHash: one.requestHash,
        chosen: place === chosen && text !== null,
        ...values[place]!,
        failedCalls: one.simulation?.failedCalls ?? 0,
        unreadableCalls: one.simulation?.unreadableCalls ?? 0,
        simulations: one.simulation?.hashes ?? [],
      })),
      reasons,
    }
  }
  return { name: prompt.name, prompt, explain }
}

type Value = Omit<ChoiceValue, 'undefined'> & { readonly undefined: string | null }

function valuesOf(
  drafts: readonly Draft[],
  choosing: readonly StoredExample[],
  places: readonly number[],
): Value[] {
  const examples = places.map((place) => choosing[place]!)
  return drafts.map(({ simulation }) =>
    simulation === null
      ? { value: null, undefined: 'noExplanation', n: 0 }
      : choiceValue(
          examples,
          places.map((place) => simulation.predicted[place] ?? null),
          simulation.failedCalls < simulation.calls,
        ),
  )
}

/** The best; where nothing has a value, the first that could be read. */
function chosenOf(drafts: readonly Draft[], values: readonly Value[]): number {
  if (values.some(({ value }) => value !== null)) return bestPlace(values.map(({ value }) => value))
  return Math.max(
    0,
    drafts.findIndex(({ text }) => text !== null),
  )
}
