import { join, relative, resolve } from 'node:path'
import { AtomicFile, writeFileAtomically } from '../../core/files.ts'
import type { ReportChart } from '../../export/report-data.ts'
import { reportFile } from '../../export/report-file.ts'
import { chartNumbers } from '../../pipeline/chart-numbers.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { reportFeatures, reportOverview } from '../../pipeline/report.ts'
import type { Study } from '../../pipeline/study.ts'
import { short } from '../../tui/text.ts'
import { pageAssets } from '../assets.ts'
import { type CommandDefinition, terminalFor, withStudy } from '../command.ts'
import { pastTools } from '../llm.ts'
import { openWithSystem } from '../open-file.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'

interface ReportOptions extends StudyOptions {
  readonly out?: string
  readonly open?: boolean
  readonly charts?: string
}

/** `gloss report`: everything as one HTML file. */
export const report: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('report')
    .description('one HTML file that opens from disk: summary, charts, all features and their pages')
    .option('--out <file>', 'where to (default: exports/report.html in the study)')
    .option('--open', 'show it in the browser')
    .option('--charts <dir>', 'write the charts there too, as SVG and PNG')
    .addHelpText(
      'after',
      `
Examples:
  gloss report --open
  gloss report --set neurons --out neurons.html
  gloss report --charts figures`,
    )
  withOptions(withCommonOptions(command), 'set').action(async (options: ReportOptions) => {
    const terminal = terminalFor(options, surroundings)
    const made = await withStudy(
      options,
      surroundings,
      async (study) => {
        const file =
          options.out === undefined
            ? join(study.folder, 'exports', 'report.html')
            : resolve(surroundings.folder, options.out)
        // Drawing takes a library that other verbs need not wait for.
        const { drawCharts } = await import('../../export/charts/draw.ts')
        const charts = drawCharts(chartNumbers(study.store, currentSet(study)))
        const features = await writeReport(study, file, charts)
        const folder = options.charts === undefined ? null : resolve(surroundings.folder, options.charts)
        const written = folder === null ? [] : await writeCharts(folder, charts)
        return { file, ...features, charts: written }
      },
      'read',
    )
    const shown = relative(surroundings.folder, made.file)
    if (options.json) terminal.printJson(made)
    else
      terminal.print(
        `${shown}   ${made.features.toLocaleString('en')} features   ${short(made.bytes)} bytes`,
        ...made.charts.map((path) => relative(surroundings.folder, path)),
      )
    if (options.open) openWithSystem(made.file)
  })
}

/** Writes the report under its name when it is whole. */
async function writeReport(
  study: Study,
  path: string,
  charts: readonly ReportChart[],
): Promise<{ features: number; bytes: number }> {
  const assets = pageAssets()
  const overview = reportOverview(study)
  const file = new AtomicFile(path)
  let bytes = 0
  try {
    const features = reportFeatures(study, pastTools(study))
    for await (const piece of reportFile(overview, charts, features, assets)) {
      const written = Buffer.from(piece)
      bytes += written.length
      file.write(written)
    }
  } catch (error) {
    file.abandon()
    throw error
  }
  file.commit()
  return { features: overview.table.feature.length, bytes }
}

async function writeCharts(folder: string, charts: readonly ReportChart[]): Promise<string[]> {
  const { chartPng } = await import('../../export/charts/png.ts')
  const { standaloneSvg } = await import('../../export/charts/render.ts')
  return charts.flatMap(({ name, svg }) => {
    const paths = [join(folder, `${name}.svg`), join(folder, `${name}.png`)] as const
    writeFileAtomically(paths[0], `${standaloneSvg(svg)}\n`)
    writeFileAtomically(paths[1], chartPng(svg))
    return [...paths]
  })
}
