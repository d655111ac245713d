import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROGRAM, temporaryFolder } from '../support/paths.ts'
import { gloss, sharedStudy } from '../support/small-study.ts'

const folder = sharedStudy(['run'])

/** Runs gloss at the left end of a pipe and tells its own exit code, which the pipe's would hide. */
async function pipe(args: string, reader: string): Promise<{ code: string; stdout: string; stderr: string }> {
  const codeFile = join(temporaryFolder(), 'code')
  const script = `(${JSON.stringify(process.execPath)} ${JSON.stringify(PROGRAM)} ${args}; echo $? > ${JSON.stringify(codeFile)}) | ${reader}`
  const child = spawn('sh', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (text: Buffer) => (output.stdout += String(text)))
  child.stderr.on('data', (text: Buffer) => (output.stderr += String(text)))
  await once(child, 'close')
  return { code: readFileSync(codeFile, 'utf8').trim(), ...output }
}

describe('a closed pipe', () => {
  it.each(['show', 'show 3', 'show --json', 'status', '--help', 'run --quiet'])(
    'after its first line ends gloss %s with 0 and without a word',
    async (args) => {
      const { code, stdout, stderr } = await pipe(args, 'head -n 1')
      expect({ code, stderr }).toEqual({ code: '0', stderr: '' })
      expect(stdout.split('\n')).toHaveLength(2)
    },
  )

  it.each(['show', 'show --json', 'status'])(
    'before anything was written ends gloss %s with 0',
    async (args) => {
      const { code, signal, stderr } = await gloss(args.split(' '), {
        folder,
        meanwhile: (child) => child.stdout!.destroy(),
      })
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    },
  )

  it('of the progress ends a run without a word', async () => {
    const { code, stdout } = await pipe('run 2>&1 >/dev/null', 'head -n 1')
    expect(code).toBe('0')
    expect(stdout).toMatch(/^tokenize: .* already done\n$/)
  })
})
