import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readArguments, USAGE } from './arguments.ts'

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fake-llm-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'rules.json')
  writeFileSync(path, content)
  return path
}

describe('the command line', () => {
  it('reads every option', () => {
    const path = fileWith('[{"name": "n", "description": "d", "tokens": {" whale": 9}}]')
    const args =
      '--port 8099 --dialect vllm --model a --model b --key k --latency 500 --slots 64 --reject-beyond-slots --rpm 500 --tpm 200000 --price-input 1 --price-output 2 --cache-prefix --oracle --oracle-mode false --faults 0.2 --fault-kinds stall,drip --seed 7 --drip 1 --stall 2 --keep-tens'
    const { rules, ...options } = readArguments([...args.split(' '), '--rules', path])
    expect(options).toEqual({
      port: 8099,
      dialect: 'vllm',
      model: ['a', 'b'],
      key: 'k',
      latencyMs: 500,
      slots: 64,
      rejectBeyondSlots: true,
      requestsPerMinute: 500,
      tokensPerMinute: 200_000,
      prices: { input: 1, output: 2 },
      cachePrefix: true,
      answer: 'oracle',
      oracleMode: 'false',
      faults: { rate: 0.2, seed: 7, kinds: ['stall', 'drip'] },
      dripMs: 1,
      stallMs: 2,
      splitTenDigits: false,
    })
    expect(rules![0]!.level(' whale')).toBe(9)
    expect(rules![0]!.level('whale')).toBe(0)
    expect(readArguments([])).toEqual({ answer: 'oracle' })
    for (const name of args.match(/--[a-z-]+/g)!) expect(USAGE).toContain(name)
  })

  it('says what does not fit', () => {
    expect(() => readArguments(['--slots', 'many'])).toThrow(
      '--slots: expected a number from 0, found "many"',
    )
    expect(() => readArguments(['--dialect', 'tgi'])).toThrow(
      /^--dialect: expected one of openai, .* found "tgi"/,
    )
    expect(() => readArguments(['--fault-kinds', 'drip,flood', '--faults', '1'])).toThrow('found "flood"')
    expect(() => readArguments(['--unheard-of'])).toThrow('--unheard-of')
    const path = fileWith('[{"name": "n", "description": "d", "tokens": {" whale": "much"}}]')
    expect(() => readArguments(['--rules', path])).toThrow('at place 0')
  })
})
