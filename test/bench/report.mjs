// How large a report of many features is: the pages of a study repeated under new numbers, each packed again.
// node test/bench/report.mjs STUDY OUT [FEATURES]
import { AtomicFile } from '../../dist/core/files.js'
import { drawCharts } from '../../dist/export/charts/draw.js'
import { reportFile } from '../../dist/export/report-file.js'
import { chartNumbers } from '../../dist/pipeline/chart-numbers.js'
import { currentSet } from '../../dist/pipeline/feature-set.js'
import { reportFeatures, reportOverview } from '../../dist/pipeline/report.js'
import { pageAssets } from '../../dist/cli/assets.js'
import { pastTools } from '../../dist/cli/llm.js'
import { openStudy } from '../../dist/cli/workspace.js'

const [folder, out, wanted = '25000'] = process.argv.slice(2)
const count = Number(wanted)
const { study, close } = openStudy(
  { workspace: folder, color: false },
  {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: {},
    folder,
    signal: new AbortController().signal,
  },
  'read',
)
const start = performance.now()
const pages = []
for await (const page of reportFeatures(study, pastTools(study))) pages.push(page)
const read = performance.now()
const { study: numbers, table } = reportOverview(study)
const rowOf = new Map(table.feature.map((feature, row) => [feature, row]))
const repeated = Array.from({ length: count }, (_, feature) => rowOf.get(feature % pages.length))
const columns = Object.entries(table).map(([name, column]) => [name, repeated.map((row) => column[row])])
const overview = {
  study: { ...numbers, features: count },
  table: { ...Object.fromEntries(columns), feature: repeated.map((_, feature) => feature) },
}
async function* features() {
  for (let feature = 0; feature < count; feature++) yield { ...pages[feature % pages.length], feature }
}
const file = new AtomicFile(out)
let bytes = 0
const written = performance.now()
for await (const piece of reportFile(
  overview,
  drawCharts(chartNumbers(study.store, currentSet(study))),
  features(),
  pageAssets(),
)) {
  file.write(Buffer.from(piece))
  bytes += Buffer.byteLength(piece)
}
file.commit()
process.stdout.write(
  `${count} features: ${(bytes / 1e6).toFixed(1)} MB, packed and written in ${((performance.now() - written) / 1e3).toFixed(1)} s; ` +
    `${pages.length} pages read in ${((read - start) / 1e3).toFixed(1)} s; peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB\n`,
)
await close()
