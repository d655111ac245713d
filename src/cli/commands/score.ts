import { DataError, UsageError } from '../../core/errors.ts'
import { measureDraws } from '../../pipeline/draws.ts'
import { estimateScoring } from '../../pipeline/estimate.ts'
import { score as scoreStudy } from '../../pipeline/score.ts'
import { verifyScores } from '../../pipeline/verify.ts'
import { drawVarianceLines } from '../../tui/draw-variance.ts'
import { verificationLines } from '../../tui/verification.ts'
import {
  type CommandDefinition,
  countsJson,
  refuseDryPrecision,
  selectionOf,
  terminalFor,
  withStudy,
} from '../command.ts'
import { pastTools, withLlm } from '../llm.ts'
import { dryRun } from '../dry-run.ts'
import { follow } from '../follow.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import type { Surroundings } from '../terminal.ts'

/** `gloss score`: how well explanations predict held-out activations. */
export const score: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('score')
    .description('score explanations by how well they predict the activations of held-out examples')
    .addHelpText(
      'after',
      `
Scores the explanations of the explainer that was last worked with, unless
--explainer names another.

Examples:
  gloss score --only 7,12 --llm http://localhost:11434/v1 --llm-model qwen3
  gloss score --explainer bigram
  gloss score --only random:200 --precision 0.1
  gloss score --verify
  gloss score --draws --llm http://localhost:11434/v1 --llm-model qwen3`,
    )
  withOptions(
    withCommonOptions(command),
    'set',
    'sample',
    'explainer',
    'llm',
    'money',
    'batch',
    'tier',
    'scorer',
    'precision',
    'isolate',
    'checks',
    'only',
    'seed',
  ).action(async (options: StudyOptions) => {
    if (options.verify) return verify(options, surroundings)
    if (options.draws) return draws(options, surroundings)
    const terminal = terminalFor(options, surroundings)
    await withStudy(options, surroundings, (opened) =>
      withLlm(
        options,
        opened,
        surroundings,
        async (llm, study) => {
          if (options.dryRun) {
            refuseDryPrecision(options)
            return dryRun(terminal, options, llm, async (asked) => [
              await estimateScoring(study, asked, selectionOf(options), false, options.scorer),
            ])
          }
          const { adaptive } = await follow(
            terminal,
            ['score'],
            options.log,
            scoreStudy(study, llm, selectionOf(options), options.scorer),
          )
          if (options.json) terminal.printJson({ ...countsJson(study), ...(adaptive ? { adaptive } : {}) })
        },
        opened.store.study.get('explainer'),
      ),
    )
  })
}

/** @throws {DataError} `scores-differ` */
async function verify(options: StudyOptions, surroundings: Surroundings): Promise<void> {
  const terminal = terminalFor(options, surroundings)
  const found = await withStudy(
    options,
    surroundings,
    (study) => verifyScores(study, pastTools(study), selectionOf(options)),
    'read',
  )
  if (options.json) terminal.printJson(found)
  else terminal.print(...verificationLines(found, terminal.columns, terminal.style))
  const differing = found.checked - found.equal
  if (differing > 0)
    throw new DataError(
      'scores-differ',
      `expected stored scores as stored replies and examples give them, found ${differing} of ${found.checked} rows that differ; they were changed by something else than gloss, or made by another version of it or on another kind of processor`,
    )
}

/** @throws {UsageError} `llm-missing`, `draws-isolate`, `draws-dry-run` */
async function draws(options: StudyOptions, surroundings: Surroundings): Promise<void> {
  const terminal = terminalFor(options, surroundings)
  await withStudy(options, surroundings, (opened) =>
    withLlm(options, opened, surroundings, async (llm, study) => {
      if (llm === null)
        throw new UsageError(
          'llm-missing',
          'expected an endpoint with --draws, found none; add --llm URL and --llm-model NAME: baselines draw nothing',
        )
      if (llm.simulate.isolate)
        throw new UsageError(
          'draws-isolate',
          'expected --draws without --isolate, found both; leave one of them out: draws ask about one feature at a time',
        )
      if (options.dryRun)
        throw new UsageError(
          'draws-dry-run',
          'expected --draws without --dry-run, found both; it explains 50 features 3 times and simulates each explanation 3 times',
        )
      const found = await follow(
        terminal,
        ['score'],
        options.log,
        measureDraws(study, llm, selectionOf(options)),
      )
      if (options.json) terminal.printJson(found)
      else terminal.print(...drawVarianceLines(found, terminal.columns))
    }),
  )
}
