import { hash32 } from '../../src/core/random.ts'
import type { Digest } from './digest-table.ts'

/** What can go wrong on the way. */
export const FAULT_KINDS = [
  /** 429 with a Retry-After of 0.05 s. */
  'rate-limit',
  /** 429 with a Retry-After that is neither a number nor a date. */
  'bad-retry-after',
  /** 429 insufficient_quota, which no retry cures; only where it is listed. */
  'quota',
  /** 500 with the server's own error body. */
  'server-error',
  /** 502 with a proxy's HTML page. */
  'bad-gateway',
  /** 503 with an empty body. */
  'unavailable',
  /** A reset connection instead of headers. */
  'reset-before',
  /** Headers and half of the body, then a closed connection. */
  'reset-within',
  /** Headers, then nothing. */
  'stall',
  /** The whole body, byte by byte. */
  'drip',
  'no-usage',
  'null-usage',
  'null-logprobs',
  /** 200 with an empty list of choices. */
  'no-choices',
  /** 200 with half of the JSON as the whole body. */
  'bad-json',
] as const

/** One thing that can go wrong. */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Which requests meet a fault. */
export interface FaultPlan {
  /** From 0 to 1. */
  readonly rate: number
  /** Default: all but `quota`. */
  readonly kinds?: readonly FaultKind[]
  /** Default 0. */
  readonly seed?: number
  /** Faults in a row that one body can meet, so that a repeated request succeeds at last. Default 6. */
  readonly atMost?: number
}

const DEFAULT_KINDS = FAULT_KINDS.filter((kind) => kind !== 'quota')

/**
 * The fault that a request meets. It depends on the body and on how often that body came, and on nothing else: the
 * order in which requests arrive does not matter.
 */
export function chooseFault(plan: FaultPlan | undefined, digest: Digest, attempt: number): FaultKind | null {
  if (!plan || attempt > (plan.atMost ?? 6)) return null
  const kinds = plan.kinds ?? DEFAULT_KINDS
  const words = [plan.seed ?? 0, ...digest, attempt]
  if (kinds.length === 0 || hash32(...words) / 2 ** 32 >= plan.rate) return null
  return kinds[hash32(...words, 1) % kinds.length]!
}

type Body = Record<string, unknown>

/** Takes out of a body what a fault leaves out. */
export function maim(body: Body, fault: FaultKind | null): Body {
  switch (fault) {
    case 'no-usage':
      return Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'usage'))
    case 'null-usage':
      return { ...body, usage: null }
    case 'null-logprobs':
      return withoutLogprobs(body)
    case 'no-choices':
      return { ...body, choices: [] }
    default:
      return body
  }
}

/** Whether a client that got this answer has what it asked for. */
export function isComplete(fault: FaultKind | null, logprobsAsked: boolean): boolean {
  switch (fault) {
    case 'no-choices':
    case 'bad-json':
    case 'reset-within':
    case 'stall':
      return false
    case 'null-logprobs':
      return !logprobsAsked
    default:
      return true
  }
}

function withoutLogprobs(value: Body): Body {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (name.endsWith('logprobs')) return [name, null]
      if (name === 'choices' && Array.isArray(member))
        return [name, member.map((choice) => withoutLogprobs(choice as Body))]
      if (name === 'meta_info') return [name, withoutLogprobs(member as Body)]
      return [name, member]
    }),
  )
}
