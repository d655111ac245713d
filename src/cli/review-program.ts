import type { Command } from 'commander'
import { review } from './commands/review.ts'
import { emptyProgram } from './program-frame.ts'
import type { Surroundings } from './terminal.ts'

/** The command line with `review` alone: a screen that people wait for should not load what runs models and asks LLMs. */
export function createProgram(surroundings: Surroundings): Command {
  const program = emptyProgram(surroundings)
  review(program, surroundings)
  return program
}
