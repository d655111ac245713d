import { UsageError } from '../core/errors.ts'
import type { Estimate } from '../pipeline/estimate.ts'
import type { Llm } from '../pipeline/study.ts'
import { estimateLines } from '../tui/estimate.ts'
import type { StudyOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

/** Says what would be asked; nothing is sent. @throws {UsageError} `llm-missing` */
export async function dryRun(
  terminal: Terminal,
  options: StudyOptions,
  llm: Llm | null,
  estimate: (llm: Llm) => Promise<Estimate[]>,
): Promise<void> {
  if (llm === null)
    throw new UsageError(
      'llm-missing',
      'expected an endpoint with --dry-run, found none; add --llm URL and --llm-model NAME. Without an LLM nothing costs anything',
    )
  const estimates = await estimate(llm)
  if (options.json) terminal.printJson({ estimates })
  else terminal.print(...estimateLines(estimates, terminal.columns, terminal.style))
}
