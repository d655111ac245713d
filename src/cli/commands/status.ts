import { calibrate } from '../../pipeline/calibration.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { status as statusOf } from '../../pipeline/status.ts'
import { calibrationLines } from '../../tui/calibration.ts'
import { type CommandDefinition, pastTools, terminalFor, withStudy } from '../command.ts'
import { type CommonOptions, withCommonOptions } from '../options.ts'
import { stageLines, summaryLines } from '../summary.ts'
import { findWorkspace, openWorkspaceStore } from '../workspace.ts'

interface StatusOptions extends CommonOptions {
  readonly mixed?: boolean
  readonly calibration?: boolean
}

/** `gloss status`: the study in numbers. */
export const status: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('status')
    .description('the study in numbers: scores, controls, coverage, time')
    .addHelpText(
      'after',
      '\nExamples:\n  gloss status --json | jq .score.median\n  gloss status --calibration',
    )
  command.option('--mixed', 'count scores of all tiers together')
  command.option('--calibration', 'the true activation by predicted level, over all scores')
  withCommonOptions(command).action(async (options: StatusOptions) => {
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
    const workspace = findWorkspace(options, surroundings.folder)
    const store = openWorkspaceStore(workspace, false)
    try {
      const found = statusOf(store, currentSet({ store, folder: workspace }), options.mixed)
      if (options.json) terminal.printJson(found)
      else
        terminal.print(
          ...summaryLines(found, terminal.columns, terminal.style),
          '',
          ...stageLines(found, terminal.columns, terminal.style),
        )
    } finally {
      store.close()
    }
  })
}
