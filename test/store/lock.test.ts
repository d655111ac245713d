import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { WorkspaceLock } from '../../src/store/lock.ts'
import { ROOT, temporaryFolder } from '../support/paths.ts'

describe('the lock of a workspace', () => {
  it('is held by one, names its process, and can be taken again', () => {
    const path = join(temporaryFolder(), 'gloss.lock')
    const lock = new WorkspaceLock(path)
    expect(() => new WorkspaceLock(path)).toThrow(
      `another gloss process (process ${process.pid}) is working in this workspace`,
    )
    expect(() => new WorkspaceLock(path)).toThrow(StoreError)
    lock.release()
    expect(existsSync(`${path}.pid`)).toBe(false)
    new WorkspaceLock(path).release()
  })

  it('is free again when its process was killed', async () => {
    const path = join(temporaryFolder(), 'gloss.lock')
    const script = `const { WorkspaceLock } = await import(${JSON.stringify(join(ROOT, 'dist/store/lock.js'))}); new WorkspaceLock(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(() => new WorkspaceLock(path)).toThrow(`process ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    new WorkspaceLock(path).release()
  })
})
