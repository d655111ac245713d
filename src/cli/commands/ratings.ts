import { resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { mergeRatings } from '../../pipeline/merge-ratings.ts'
import { ratingReports, type SessionReport } from '../../pipeline/rating-report.ts'
import { withJudges } from '../../pipeline/task-judges.ts'
import { readRatingsCopy } from '../../store/rating-table.ts'
import { ratingsLines } from '../../tui/ratings.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type CommonOptions, OPTIONS, withCommonOptions } from '../options.ts'
import { pastTools } from '../llm.ts'
import type { Surroundings, Terminal } from '../terminal.ts'
import { openStudy } from '../open-study.ts'
import { findWorkspace, openWorkspaceStore } from '../workspace.ts'

/** `gloss ratings [merge FILE…]`: statistics of what people said; ratings from copies of the study. */
export const ratings: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('ratings')
    .argument('[merge]', 'the word merge: add the ratings of copies of the study')
    .argument('[files...]', 'the gloss.db of each copy')
    .description('what people said: agreement, against scores and baselines')
    .addHelpText(
      'after',
      '\nExamples:\n  gloss ratings --session pilot\n  gloss ratings --json\n  gloss ratings merge ../copy-of-ben/gloss.db',
    )
  for (const one of OPTIONS.ratingSession) command.addOption(one)
  withCommonOptions(command).action(
    async (
      merge: string | undefined,
      files: string[],
      options: CommonOptions & { readonly session?: string },
    ) => {
      const terminal = terminalFor(options, surroundings)
      if (merge !== undefined && (merge !== 'merge' || files.length === 0))
        throw new UsageError(
          'merge-malformed',
          `expected gloss ratings, or gloss ratings merge FILE, found ${JSON.stringify([merge, ...files].join(' '))}`,
        )
      const store = openWorkspaceStore(findWorkspace(options, surroundings.folder), false)
      try {
        if (merge !== undefined) {
          for (const file of files) {
            const path = resolve(surroundings.folder, file)
            const result = mergeRatings(store, readRatingsCopy(path))
            if (options.json) terminal.printJson({ file: path, ...result })
            else
              terminal.print(
                `${result.events} new events, ${result.known} known, ${result.sessions} new sessions`,
              )
          }
          return
        }
        const names = reportNames(store.ratings.sessionNames(), options.session)
        printReports(await besideJudges(ratingReports(store, names), options, surroundings), terminal)
      } finally {
        store.close()
      }

      function printReports(reports: readonly SessionReport[], to: Terminal): void {
        if (options.json) to.printJson(reports)
        else
          to.print(
            ...reports.flatMap((report, index) => [
              ...(index === 0 ? [] : ['']),
              ...ratingsLines(report, to.columns, to.style),
            ]),
          )
      }
    },
  )
}

/** Reports on tasks beside what LLMs answered to the same questions. */
async function besideJudges(
  reports: readonly SessionReport[],
  options: CommonOptions,
  surroundings: Surroundings,
): Promise<readonly SessionReport[]> {
  if (reports.every(({ task }) => task === null)) return reports
  const { color, workspace } = options
  const { study, close } = openStudy(
    { color, ...(workspace === undefined ? {} : { workspace }) },
    surroundings,
    'read',
  )
  try {
    return await withJudges(study, pastTools(study), reports)
  } finally {
    await close()
  }
}

function reportNames(known: readonly string[], wanted: string | undefined): readonly string[] {
  if (known.length === 0)
    throw new UsageError(
      'session-missing',
      'expected rating sessions, found none; begin one with gloss review --session NAME --rubric R --rater WHO',
    )
  if (wanted === undefined) return known
  if (!known.includes(wanted))
    throw new UsageError(
      'session-unknown',
      `expected one of the sessions ${known.join(', ')}, found ${JSON.stringify(wanted)}`,
    )
  return [wanted]
}
