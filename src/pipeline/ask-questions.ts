import { readBaselineTable } from '../autointerp/baseline-table.ts'
import { type QuestionPrompt, questionRequest } from '../autointerp/question-prompt.ts'
import { believedVerdicts, parseVerdicts } from '../autointerp/question-reply.ts'
import type { Verdicts } from '../autointerp/question-score.ts'
import { type Question, renderable, tableAnswer, YES } from '../autointerp/questions.ts'
import type { Answer, ChatRequest } from '../core/chat-model.ts'
import type { Tier } from '../core/scores.ts'
import { allEnded } from './pool.ts'
import type { Llm } from './study.ts'

/** What came of asking questions about one explanation. */
export interface Asked extends Verdicts {
  readonly calls: number
  /** Calls that ended without a reply. */
  readonly failedCalls: number
  /** Replies in which at least one answer was missing. */
  readonly unreadableCalls: number
  /** Mean probability on the options, where log-probabilities were read. */
  readonly optionMass: number | null
  readonly reasons: readonly string[]
}

/** Alternatives that are asked for at each token of a reply: the most that servers agree on. */
const TOP_LOGPROBS = 20

type Reply = Extract<Answer, { kind: 'reply' }>

/** Asks questions of an LLM, several a call, and reads its answers as the tier says. */
export class QuestionAsker {
  readonly #llm: Llm
  readonly #prompt: QuestionPrompt
  readonly #perCall: number
  readonly #tier: Tier
  readonly #textsOf: (tokens: readonly number[]) => readonly string[]

  /** @param perCall questions of one call */
  constructor(
    llm: Llm,
    prompt: QuestionPrompt,
    perCall: number,
    tier: Tier,
    textsOf: (tokens: readonly number[]) => readonly string[],
  ) {
    this.#llm = llm
    this.#prompt = prompt
    this.#perCall = perCall
    this.#tier = tier
    this.#textsOf = textsOf
  }

  /** The requests about an explanation, each with the number of its questions. */
  requests(
    explanation: string,
    questions: readonly Question[],
  ): { readonly request: ChatRequest; readonly questions: readonly Question[] }[] {
    return Array.from({ length: Math.ceil(questions.length / this.#perCall) }, (_, call) => {
      const asked = questions.slice(call * this.#perCall, (call + 1) * this.#perCall)
      const windows = asked.map((question) => renderable(question, this.#textsOf))
      const request = questionRequest(this.#prompt, explanation, windows)
      return {
        request: this.#tier === 'chatLogprobs' ? { ...request, topLogprobs: TOP_LOGPROBS } : request,
        questions: asked,
      }
    })
  }

  /** Whether the answer to one of a call's questions is missing in a reply. */
  isIncomplete(reply: Reply, questions: number): boolean {
    return this.#read(reply, questions).answers.includes(null)
  }

  /** @param priority calls of lower numbers are sent first */
  async ask(explanation: string, questions: readonly Question[], priority: number): Promise<Asked> {
    const calls = this.requests(explanation, questions)
    const replies = await allEnded(
      calls.map(({ request, questions: asked }) =>
        this.#llm.chat.ask(request, {
          stage: 'score',
          priority,
          again: (stored) => this.#llm.reask && this.isIncomplete(stored, asked.length),
        }),
      ),
    )
    const answers: (number | null)[] = []
    const beliefs: (number | null)[] = []
    const masses: number[] = []
    const reasons: string[] = []
    let failedCalls = 0
    let unreadableCalls = 0
    for (const [number, { questions: asked }] of calls.entries()) {
      const reply = replies[number]!
      const read =
        reply.kind === 'failed' ? nothing(asked.length, reply.reason) : this.#read(reply, asked.length)
      answers.push(...read.answers)
      beliefs.push(...read.beliefs)
      masses.push(...read.masses)
      if (reply.kind === 'failed') failedCalls++
      else if (read.answers.includes(null)) unreadableCalls++
      else continue
      const missing = read.answers.filter((answer) => answer === null).length
      reasons.push(
        read.problem ?? `${missing} of ${asked.length} questions without an answer that can be read`,
      )
    }
    return {
      answers,
      beliefs: this.#tier === 'chatLogprobs' && this.#prompt.options.length === 2 ? beliefs : null,
      calls: calls.length,
      failedCalls,
      unreadableCalls,
      optionMass: masses.length > 0 ? masses.reduce((a, b) => a + b, 0) / masses.length : null,
      reasons,
    }
  }

  #read({ text, tokens, cut, problem }: Reply, questions: number): Reading {
    if (text === null) return nothing(questions, problem)
    const { options } = this.#prompt
    const verdicts = parseVerdicts(text, questions, options, cut)
    if (this.#tier !== 'chatLogprobs')
      return {
        answers: verdicts.map((verdict) => verdict?.option ?? null),
        beliefs: verdicts.map(() => null),
        masses: [],
        problem,
      }
    // A server may say 200 and return none. That is no certainty.
    if (tokens === null)
      return nothing(questions, 'the reply has no log-probabilities; score with --tier integersSparse')
    const believed = believedVerdicts(text, tokens, verdicts, options)
    if (believed === null) return nothing(questions, "the reply's tokens do not join to its text")
    return {
      answers: believed.map((belief) => belief && belief.shares.indexOf(Math.max(...belief.shares))),
      beliefs: believed.map((belief) => belief && belief.shares[YES]!),
      masses: believed.flatMap((belief) => belief?.mass ?? []),
      problem,
    }
  }
}

interface Reading {
  readonly answers: readonly (number | null)[]
  readonly beliefs: readonly (number | null)[]
  readonly masses: readonly number[]
  readonly problem: string | null
}

function nothing(questions: number, problem: string | null): Reading {
  const none = Array.from({ length: questions }, () => null)
  return { answers: none, beliefs: none, masses: [], problem }
}

/** The answers of a baseline's explanation, which reads no text. */
export function askTable(explanation: string, questions: readonly Question[]): Asked {
  const table = readBaselineTable(explanation)
  return {
    answers: questions.map((question) => table && tableAnswer(table, question)),
    beliefs: null,
    calls: 1,
    failedCalls: 0,
    unreadableCalls: table ? 0 : 1,
    optionMass: null,
    reasons: table ? [] : ['the explanation is no table'],
  }
}
