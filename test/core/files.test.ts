import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataError, StoreError, UsageError } from '../../src/core/errors.ts'
import { AtomicFile, readText, writeError, writeFileAtomically } from '../../src/core/files.ts'
import { temporaryFolder } from '../support/paths.ts'

describe('AtomicFile', () => {
  it('shows nothing under its name before it is whole', () => {
    const path = join(temporaryFolder(), 'deep', 'file')
    const file = new AtomicFile(path)
    file.write(Buffer.from('half'))
    expect(existsSync(path)).toBe(false)
    file.write(Buffer.from(' and half'))
    file.commit()
    expect(readFileSync(path, 'utf8')).toBe('half and half')
  })

  it('keeps the old file until the new one is whole', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileAtomically(path, 'old')
    const file = new AtomicFile(path)
    file.write(Buffer.from('new'))
    expect(readFileSync(path, 'utf8')).toBe('old')
    file.abandon()
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(existsSync(`${path}.partial`)).toBe(false)
  })
})

describe('errors of files', () => {
  it('say that a disk is full and that nothing is lost', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
    expect(writeError(full, '/data/shard')).toBeInstanceOf(StoreError)
    expect(writeError(full, '/data/shard').message).toContain(
      'the disk is full: /data/shard was not written and what was there before is intact',
    )
  })

  it.skipIf(process.getuid?.() === 0)('say that a folder cannot be written', () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o500)
    expect(() => writeFileAtomically(join(folder, 'x'), 'y')).toThrow(
      /cannot be written \(EACCES\); check the folder's permissions/,
    )
  })

  it('tell a missing file, a folder and an unreadable file apart', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'file'), 'x')
    expect(() => readText(join(folder, 'gone'), 'a prompt')).toThrow(UsageError)
    expect(() => readText(join(folder, 'sub'), 'a prompt')).toThrow('found a folder')
    expect(() => readText(join(folder, 'file', 'under'), 'a prompt')).toThrow('expected a prompt at')
    expect(readText(join(folder, 'file'), 'a prompt')).toBe('x')
    expect(DataError.name).toBe('DataError')
  })
})
