import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ConfigError, DataError } from '../../src/core/errors.ts'
import { parseJson, parseYaml } from '../../src/core/parse.ts'

const schema = z.strictObject({ a: z.int(), b: z.object({ c: z.string() }) })

describe('parsing', () => {
  it('names the source, the place and what was expected, in one line', () => {
    expect(() => parseJson('{"a": 1.5, "b": {}}', schema, 'x.json')).toThrow(
      /^x\.json does not have the expected form: a: .*, b\.c: [^\n]*$/,
    )
    expect(() => parseJson('{', schema, 'x.json')).toThrow(DataError)
    expect(() => parseYaml('a: 1\nb: {c: x}\nd: 2', schema, 'gloss.yaml')).toThrow(
      /^gloss\.yaml: Unrecognized key: "d"; correct the file$/,
    )
    expect(() => parseYaml('a: [', schema, 'gloss.yaml')).toThrow(
      /^gloss\.yaml is no valid YAML: [^\n]*line 1[^\n]*$/,
    )
    expect(() => parseYaml('a: [', schema, 'gloss.yaml')).toThrow(ConfigError)
  })

  it('returns what fits', () => {
    expect(parseYaml('a: 1\nb: {c: x}', schema, 'y')).toEqual({ a: 1, b: { c: 'x' } })
  })
})
