import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ROOT, temporaryFolder } from './support/paths.ts'

const packedSchema = z.array(
  z.looseObject({ filename: z.string(), files: z.array(z.looseObject({ path: z.string() })) }),
)

/** What the package is made of. */
const SHIPPED = [
  /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/.+\.(?:js|js\.map|d\.ts|wasm)$/,
  /^data\/(?:tiny-1l|demo-corpus)\/[^/]+$/,
  /^prompts\/[a-z]+\/[a-z\d-]+\.yaml$/,
  /^migrations\/\d{4}-[a-z-]+\.sql$/,
]

function run(
  command: string,
  args: readonly string[],
  folder: string,
): { code: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  return { code: status, output: stdout, errors: stderr }
}

describe('the package', () => {
  it('holds what it needs and nothing else, and its demo runs', () => {
    const folder = temporaryFolder()
    const packing = run(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', folder],
      ROOT,
    )
    expect(packing.code).toBe(0)
    const [packed] = packedSchema.parse(JSON.parse(packing.output))
    const paths = packed!.files.map(({ path }) => path)
    expect(paths.filter((path) => !SHIPPED.some((pattern) => pattern.test(path)))).toEqual([])
    expect(paths.filter((path) => /(?:^|\/)(?:test|expected)\b|\.test\.|(?<!\.d)\.ts$/.test(path))).toEqual(
      [],
    )
    for (const needed of [
      'dist/cli/main.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/sae/topk-step.wasm',
      'data/tiny-1l/model.safetensors',
      'data/demo-corpus/files.json',
      'README.md',
      'LICENSE',
    ])
      expect(paths).toContain(needed)

    expect(run('tar', ['-xzf', packed!.filename], folder).code).toBe(0)
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const small = ['--tokens', '40k', '--train-tokens', '10k', '--features', '64', '--k', '4', '--quiet']
    const main = join(folder, 'package', 'dist', 'cli', 'main.js')
    const demo = run(process.execPath, [main, 'demo', '--dir', 'demo', ...small], folder)
    expect(demo).toMatchObject({ code: 0, errors: '' })
    expect(demo.output).toMatch(/^ 64 features: \d+ scored/m)
    const pure = "import('gloss').then(({ quantize }) => process.stdout.write(String(quantize(0.5, 4, 9))))"
    mkdirSync(join(folder, 'user', 'node_modules'), { recursive: true })
    symlinkSync(join(folder, 'package'), join(folder, 'user', 'node_modules', 'gloss'))
    expect(run(process.execPath, ['-e', pure], join(folder, 'user')).output).toBe('2')
  })
})

describe('preparing an installation', () => {
  /** A copy of what runs after an installation, in a folder without a compiler. */
  function prepare(files: readonly string[]): ReturnType<typeof run> & { left: string[] } {
    const folder = temporaryFolder()
    mkdirSync(join(folder, '.ci'))
    cpSync(join(ROOT, '.ci', 'prepare.mjs'), join(folder, '.ci', 'prepare.mjs'))
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
    for (const file of files) {
      mkdirSync(join(folder, file, '..'), { recursive: true })
      writeFileSync(join(folder, file), '')
    }
    const result = run(process.execPath, ['.ci/prepare.mjs'], folder)
    return { ...result, left: readdirSync(folder).toSorted() }
  }

  it('without a compiler keeps what is built, without a word', () => {
    expect(prepare(['dist/cli/main.js'])).toEqual({
      code: 0,
      output: '',
      errors: '',
      left: ['.ci', 'dist', 'package.json'],
    })
  })

  it('without a compiler and without anything built says what to do, and fails no installation', () => {
    expect(prepare([])).toEqual({
      code: 0,
      output: 'gloss is not built: run npm ci without --omit=dev\n',
      errors: '',
      left: ['.ci', 'package.json'],
    })
  })
})
