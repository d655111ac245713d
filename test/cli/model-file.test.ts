import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { modelFileOf } from '../../src/cli/model-file.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'
import { loadLlamaLibrary } from '../../src/llm/llama-library.ts'
import { glossHere } from '../support/in-process.ts'
import { temporaryFolder } from '../support/paths.ts'

const folders = { current: '/here', study: '/study' }
const configOf = (llm: object) => studyConfigSchema.parse({ model: 'm', hook: 'h', llm })

describe('the path of a model file', () => {
  it('is relative to where it was written', () => {
    const none = configOf({})
    expect(modelFileOf({}, none, folders)).toBeNull()
    expect(modelFileOf({ llm: ['http://localhost/v1'] }, none, folders)).toBeNull()
    expect(modelFileOf({ llm: ['gguf:a, b/c.gguf'] }, none, folders)).toBe('/here/a, b/c.gguf')
    expect(modelFileOf({ llm: ['gguf:/x/c.gguf'] }, none, folders)).toBe('/x/c.gguf')
    expect(modelFileOf({}, configOf({ url: 'gguf:c.gguf' }), folders)).toBe('/study/c.gguf')
    expect(
      modelFileOf({ llm: ['http://localhost/v1'] }, configOf({ url: 'gguf:c.gguf' }), folders),
    ).toBeNull()
  })

  it('stands alone', () => {
    const llm = ['gguf:a.gguf', 'http://localhost/v1']
    expect(() => modelFileOf({ llm }, configOf({}), folders)).toThrow('found 2 addresses')
    expect(() => modelFileOf({ llm: ['gguf:'] }, configOf({}), folders)).toThrow('found none')
  })
})

describe('gloss doctor --llm gguf:PATH', () => {
  it('says what is wrong with the file, before anything is loaded', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a, b.gguf'), 'text')
    const asked = (path: string) => glossHere(['doctor', '--llm', `gguf:${path}`], { folder })
    await expect(asked('a, b.gguf')).rejects.toMatchObject({ name: 'DataError', code: 'gguf-malformed' })
    await expect(asked('none.gguf')).rejects.toMatchObject({ name: 'UsageError', code: 'gguf-missing' })
  })
})

it('a package that is not installed is named with how to install it', async () => {
  await expect(loadLlamaLibrary('node-llama-cpp-that-is-not-there')).rejects.toMatchObject({
    name: 'UsageError',
    code: 'gguf-package-missing',
    message: expect.stringContaining('npm i -D node-llama-cpp') as string,
  })
})
