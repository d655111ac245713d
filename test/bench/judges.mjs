// Scorers against judges that know nothing and one that knows all: 400 planted features a cell (1,200 for intruder), at
// densities 0.1, 1 and 3 %. Prints the rows of the table in README.md. `node test/bench/judges.mjs [features]`
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = mkdtempSync(join(tmpdir(), 'gloss-judges-'))
const table = join(folder, 'rows.md')
let failed = false
for (const density of ['0.001', '0.01', '0.03']) {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', 'test/pipeline/judges.test.ts', '--testTimeout=3600000'],
    {
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
      env: {
        ...process.env,
        JUDGES_FEATURES: process.argv[2] ?? '400',
        JUDGES_DENSITIES: density,
        JUDGES_TABLE: table,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  failed ||= status !== 0
}
process.stdout.write('| scorer | density | judge | scored | mean | SD | |\n|---|---|---|---|---|---|---|\n')
process.stdout.write(readFileSync(table, 'utf8'))
rmSync(folder, { recursive: true })
process.exitCode = failed ? 1 : 0
