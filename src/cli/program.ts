import type { Command } from 'commander'
import type { CommandDefinition } from './command.ts'
import { activations } from './commands/activations.ts'
import { collect } from './commands/collect.ts'
import { compare } from './commands/compare.ts'
import { demo } from './commands/demo.ts'
import { doctor } from './commands/doctor.ts'
import { explain } from './commands/explain.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { init } from './commands/init.ts'
import { puzzles } from './commands/puzzles.ts'
import { ratings } from './commands/ratings.ts'
import { review } from './commands/review.ts'
import { report } from './commands/report.ts'
import { run } from './commands/run.ts'
import { sample } from './commands/sample.ts'
import { score } from './commands/score.ts'
import { show } from './commands/show.ts'
import { status } from './commands/status.ts'
import { tokenize } from './commands/tokenize.ts'
import { train } from './commands/train.ts'
import { emptyProgram } from './program-frame.ts'
import type { Surroundings } from './terminal.ts'

const COMMANDS: readonly CommandDefinition[] = [
  demo,
  init,
  run,
  tokenize,
  train,
  collect,
  sample,
  explain,
  score,
  status,
  show,
  review,
  ratings,
  activations,
  doctor,
  puzzles,
  report,
  compare,
  exportCommand,
  importCommand,
]

/** The whole command line. */
export function createProgram(surroundings: Surroundings): Command {
  const program = emptyProgram(surroundings)
  for (const define of COMMANDS) define(program, surroundings)
  return program
}
