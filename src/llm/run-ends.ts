import { type EndpointError, StoppedError, UsageError } from '../core/errors.ts'

/** A signal came. */
export function stoppedBySignal(): StoppedError {
  return new StoppedError('stopped', 'stopped; run the same command again to go on')
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
