import { EndpointError, StoppedError, UsageError } from '../core/errors.ts'

/** A signal came. */
export function stoppedBySignal(): StoppedError {
  return new StoppedError('stopped', 'stopped; run the same command again to go on')
}

/** A signal came while batches wait at the provider. */
export function stoppedInBatch(): StoppedError {
  return new StoppedError(
    'stopped',
    'stopped; batches that were submitted go on at the provider, run the same command again to wait for them',
  )
}

/** An endpoint that had answered turns every request away. */
export function stoppedByEndpoint(tripped: EndpointError): StoppedError {
  const advice = 'what was answered is stored, run the same command again to go on'
  return new StoppedError(tripped.code, `${tripped.message}; ${advice}`, { cause: tripped })
}

/** The next request could cost more than is left. */
export function budgetReached(cap: number): StoppedError {
  const dollars = cap.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 6 })
  return new StoppedError(
    'budget-reached',
    `the study may cost $${dollars} in all, and one more request could pass that; what was answered is stored, run the same command with a higher --max-cost to go on`,
  )
}

/** A limit on money cannot be kept without a price. */
export function priceUnknown(baseUrl: string, model: string): UsageError {
  return new UsageError(
    'price-unknown',
    `expected a price for ${JSON.stringify(model)} at ${baseUrl}, without which --max-cost cannot be kept, found none; give llm.prices in gloss.yaml (0 for a server of your own)`,
  )
}

/** An address that files are sent to has nothing there. */
export function noBatchApi(cause: EndpointError): EndpointError {
  return new EndpointError(
    'batch-unsupported',
    `${cause.message}; where it has no Batch API, run the same command without --batch`,
    { failure: 'run-stopping', status: cause.status, cause },
  )
}

/** What a run says of requests that a process left open when it ended. */
export function lostRequests(count: number): string {
  return `an earlier run ended with ${count} requests under way; they count as spent`
}

/** What a run says of requests that wait in batches of an earlier one. */
export function leftInBatches(count: number): string {
  return `an earlier run left ${count} requests in batches; they are not sent again`
}

/** What a run says where the provider holds as many tokens as it takes at once. */
export function batchWaits(problem: string | null): string {
  const said = problem === null ? '' : ` (${problem})`
  return `a batch waits for room at the provider and is submitted again${said}; where that does not help, ask for fewer features at a time with --only`
}
