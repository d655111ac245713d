import { createInterface } from 'node:readline'
import { StoppedError, UsageError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { RatingDesk } from '../../pipeline/rating-desk.ts'
import { checkName } from '../../pipeline/rating-session.ts'
import { LineMode } from '../../tui/review/line-mode.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { withCommonOptions, withOptions } from '../options.ts'
import { type ReviewOptions, sessionFor } from '../rating-session.ts'
import type { Surroundings, Terminal } from '../terminal.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

/** `gloss review`: browse all features; with a session, rate them. */
export const review: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('review')
    .description('browse features in the terminal; rate them in a session')
    .addHelpText(
      'after',
      '\nExamples:\n  gloss review\n  gloss review --session pilot --rubric monosemanticity --rater ana\n  gloss review --session pilot --rater ana --plain < answers.txt',
    )
  withOptions(command, 'review', 'only', 'seed')
  withCommonOptions(command).action(async (options: ReviewOptions) => {
    const terminal = terminalFor(options, surroundings)
    const workspace = findWorkspace(options, surroundings.folder)
    const config = readConfig(workspace, {})
    if (options.session === undefined && (options.rubric ?? options.rater) !== undefined)
      throw new UsageError('session-missing', 'expected --session NAME with --rubric and --rater, found none')
    if (options.session === undefined && options.plain)
      throw new UsageError(
        'session-missing',
        'expected --session NAME with --plain, found none; gloss show prints features by lines',
      )
    const store = openWorkspaceStore(workspace, false)
    try {
      const desk = options.session === undefined ? null : openDesk(options, store)
      if (options.plain) {
        await rateByLines(desk!, terminal, surroundings)
        return
      }
      throw new UsageError('plain-only', 'expected --plain')
    } finally {
      store.close()
    }

    function openDesk({ session, rater }: ReviewOptions, from: Store): RatingDesk {
      if (rater === undefined)
        throw new UsageError(
          'rater-missing',
          'expected --rater WHO with --session, found none; ratings are stored under this name',
        )
      checkName('rater', rater)
      const study = {
        workspace,
        folder: surroundings.folder,
        protocol: config.protocol,
        seed: config.seed,
      }
      const found = sessionFor({ ...options, session: session! }, from, study, new Date())
      return new RatingDesk(from, found, rater, () => new Date())
    }
  })
}

/** Questions to stdout, answers from stdin, one a line. Everything is stored when its line was read. */
async function rateByLines(
  desk: RatingDesk,
  terminal: Terminal,
  { stdin, signal }: Surroundings,
): Promise<void> {
  const mode = new LineMode(desk, terminal.columns, Date.now())
  terminal.print(...mode.begin())
  if (mode.ended || !stdin) return
  const lines = createInterface({ input: stdin, terminal: false })
  const stop = (): void => lines.close()
  signal.addEventListener('abort', stop)
  try {
    for await (const line of lines) {
      const answer = mode.answer(line)
      if (answer.length > 0) terminal.print(...answer)
      if (mode.ended) break
    }
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
  if (signal.aborted)
    throw new StoppedError('stopped', 'stopped; everything is stored, and the same command goes on')
}
