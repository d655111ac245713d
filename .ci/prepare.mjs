// Builds dist/ after an install. Without a compiler (npm ci --omit=dev) an existing dist/ is kept.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
if (existsSync(`${root}node_modules/typescript`)) {
  const { status } = spawnSync('npm run --silent build', { cwd: root, shell: true, stdio: 'inherit' })
  process.exitCode = status ?? 1
} else if (!existsSync(`${root}dist/cli/main.js`)) {
  process.stdout.write('gloss is not built: run npm ci without --omit=dev\n')
}
