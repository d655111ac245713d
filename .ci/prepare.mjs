// Builds dist/ after an install. Without a compiler (npm ci --omit=dev) an existing dist/ is kept.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const compiler = `${root}node_modules/typescript/bin/tsc`
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else if (!existsSync(`${root}dist/cli/main.js`)) {
  process.stdout.write(
    'gloss is not built: run npm ci without --omit=dev, or npm run build where TypeScript is installed\n',
  )
}
