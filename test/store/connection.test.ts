import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { bindingProblem, connect } from '../../src/store/connection.ts'

describe('a connection', () => {
  it('is open', () => {
    const connection = connect(':memory:', 0)
    expect(connection.prepare('SELECT 1').pluck().get()).toBe(1)
    connection.close()
  })

  it('says how to get the compiled part that an install left out, or made for another Node', () => {
    const missing = bindingProblem(new Error('Could not locate the bindings file. Tried:\n → a\n → b'))
    expect(missing).toBeInstanceOf(StoreError)
    expect(missing!.code).toBe('sqlite-missing')
    expect(missing!.message).toMatch(/found none; run npm rebuild better-sqlite3$/)
    const other = Object.assign(new Error('was compiled against a different Node.js version'), {
      code: 'ERR_DLOPEN_FAILED',
    })
    expect(bindingProblem(other)!.message).toMatch(/found another; run npm rebuild better-sqlite3$/)
  })

  it('leaves other failures as they are', () => {
    expect(bindingProblem(new Error('unable to open database file'))).toBeNull()
    expect(() => connect('/nowhere/at/all.db', 0)).toThrow(TypeError)
  })
})
