import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, temporaryFolder } from '../support/paths.ts'

const KERNEL = 'src/autointerp/kernels/resampled-ranks.ts'
const SUMS = 'src/autointerp/kernels/resampled-sums.ts'

function check(folder: string): { code: number | null; errors: string } {
  const { status, stderr } = spawnSync(process.execPath, ['.ci/kernels.mjs', '--check'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { code: status, errors: stderr }
}

describe('the embedded kernel', () => {
  it('is what its source compiles to', () => {
    expect(check(ROOT)).toEqual({ code: 0, errors: '' })
  })

  it('would be found out if it were not', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'src', 'autointerp', 'kernels'), { recursive: true })
    for (const file of ['.ci/kernels.mjs', 'src/autointerp/resampled-ranks-code.ts', SUMS, 'package.json']) {
      mkdirSync(join(folder, file, '..'), { recursive: true })
      cpSync(join(ROOT, file), join(folder, file))
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const source = readFileSync(join(ROOT, KERNEL), 'utf8')
    writeFileSync(join(folder, KERNEL), source.replace('f64x2.splat(1)', 'f64x2.splat(2)'))
    expect(check(folder)).toEqual({
      code: 1,
      errors: `src/autointerp/resampled-ranks-code.ts is not what ${KERNEL} and ${SUMS} compile to; run npm run build\n`,
    })
  })
})
