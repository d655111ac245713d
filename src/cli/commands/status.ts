import { calibrate } from '../../pipeline/calibration.ts'
import { chartNumbers } from '../../pipeline/chart-numbers.ts'
import { compareSets } from '../../pipeline/compare-sets.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { registerScores } from '../../pipeline/register-scores.ts'
import { findSet, listSets } from '../../pipeline/sets.ts'
import { status as statusOf } from '../../pipeline/status.ts'
import { calibrationLines } from '../../tui/calibration.ts'
import { plotLines } from '../../tui/plots.ts'
import { saeWorkshop } from '../../sae/workshop.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { pastTools } from '../llm.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { comparisonLines, registerLines, setLines } from '../set-lines.ts'
import { stageLines, summaryLines } from '../summary.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

interface StatusOptions extends StudyOptions {
  readonly mixed?: boolean
  readonly against?: string
  readonly registers?: boolean
  readonly calibration?: boolean
}

/** `gloss status`: the study in numbers. */
export const status: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('status')
    .description('the study in numbers: scores, controls, coverage, time')
    .option('--mixed', 'count scores of all tiers together')
    .option('--against <set>', "compare the scores with another feature set's: Cliff's delta")
    .option('--calibration', 'the true activation by predicted level, over all scores')
    .option('--registers', 'scores by register, where documents carry a label')
    .addHelpText(
      'after',
      `
Examples:
  gloss status --json | jq .score.median
  gloss status --against neurons
  gloss status --set random --registers
  gloss status --calibration`,
    )
  withOptions(withCommonOptions(command), 'set').action(async (options: StatusOptions) => {
    const terminal = terminalFor(options, surroundings)
    if (options.calibration) {
      const tables = await withStudy(
        options,
        surroundings,
        (study) => calibrate(study, pastTools(study), options.mixed ?? false),
        'read',
      )
      if (options.json) terminal.printJson({ calibration: tables })
      else terminal.print(...calibrationLines(tables, terminal.columns, terminal.style))
      return
    }
    const folder = findWorkspace(options, surroundings.folder)
    const store = openWorkspaceStore(folder, false)
    try {
      const set = options.set === undefined ? currentSet({ store, folder }) : findSet(store, options.set)
      const found = statusOf(store, set, options.mixed)
      const sets = listSets(store)
      const registers = options.registers ? registerScores(store, set, options.mixed) : null
      const { seed } = readConfig(folder, options)
      const source = { store, folder, workshop: saeWorkshop, seed }
      const comparison =
        options.against === undefined ? null : await compareSets(source, set, findSet(store, options.against))
      if (options.json) {
        terminal.printJson({
          ...found,
          sets,
          ...(comparison === null ? {} : { against: comparison }),
          ...(registers === null ? {} : { registerScores: registers }),
        })
        return
      }
      const { columns, style } = terminal
      terminal.print(
        ...summaryLines(found, columns, style),
        ...plotLines(chartNumbers(store, set), columns, style),
        ...setLines(sets, set.id, columns, style),
        ...(comparison === null ? [] : comparisonLines(comparison, columns, style)),
        ...(registers === null ? [] : registerLines(registers, columns, style)),
        '',
        ...stageLines(found, columns, style),
      )
    } finally {
      store.close()
    }
  })
}
