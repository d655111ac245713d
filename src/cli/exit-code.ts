import { CommanderError } from 'commander'
import { ConfigError, StoppedError, UsageError } from '../core/errors.ts'

/** Every planned item has an outcome. */
export const DONE = 0
/** Bad data, a store error, an endpoint that cannot be used, or a defect. */
export const FAILED = 1
/** The command was misused. */
export const MISUSED = 2
/** Stopped early; the same command goes on. */
export const STOPPED = 3

/** The exit code that an error leads to. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED
  if (error instanceof UsageError || error instanceof ConfigError) return MISUSED
  if (error instanceof StoppedError) return STOPPED
  return FAILED
}
