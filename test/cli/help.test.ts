import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { glossHere } from '../support/in-process.ts'
import { ROOT } from '../support/paths.ts'

const program = createProgram({
  stdout: process.stdout,
  stderr: process.stderr,
  environment: {},
  folder: ROOT,
  signal: new AbortController().signal,
})
const verbs = program.commands.map((command): [string, Command] => [command.name(), command])
const COMMON = ['--workspace', '--json', '--quiet', '--no-color', '--log', '--help']
/** Not a verb's own, but of every one in which chance takes part. */
const SEED = '--seed'

async function helpOf(...verb: string[]): Promise<string> {
  const { stdout, stderr } = await glossHere([...verb, '--help'], { folder: ROOT })
  expect(stderr).toBe('')
  return stdout
}

function flagsOf(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag)
}

/** The long flags under "Options:". */
function listedFlags(help: string): string[] {
  const [, options = ''] = help.split('\nOptions:\n')
  const lines = options.split('\n\n')[0]!.split('\n')
  return lines.flatMap((line) => /^ {2}(?:-\w, )?(--[\w-]+)/.exec(line)?.[1] ?? [])
}

/** The flags of verbs as the README's reference lists them, and those of every command. */
function readReference(): { common: string[]; rows: Map<string, string[]> } {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, section = ''] = readme.split(/^## Reference$/m)
  const text = section.split(/^## /m)[0]!
  const common = /^Flags of every command:[\s\S]*?(?=\n\n)/m.exec(text)?.[0] ?? ''
  const rows = [...text.matchAll(/^\| `([a-z]+)[^|]*\|[^|]*\|(.*)\|$/gm)]
  return {
    common: flagsOf(common.split('. Flags win over')[0]!),
    rows: new Map(rows.map(([, verb, flags]) => [verb!, flagsOf(flags!)])),
  }
}

describe('gloss --help', () => {
  it('names every verb with what it does, and where to begin', async () => {
    const help = await helpOf()
    expect(help).toMatch(/^Usage: gloss /)
    for (const [name, command] of verbs) {
      expect(help).toMatch(new RegExp(`^ {2}${name} .*\\w`, 'm'))
      expect(command.description()).not.toBe('')
    }
    expect(help).toContain('Start with:\n  gloss demo')
  })

  it.each(verbs)('%s: usage, every flag described, an example, at most 80 columns', async (name, command) => {
    const help = await helpOf(name)
    expect(help).toMatch(new RegExp(`^Usage: gloss ${name} \\[options\\]`))
    const described = command.options.map((option) => option.long)
    expect(listedFlags(help)).toEqual([...described, '--help'])
    for (const option of command.options) expect(option.description, option.long).toMatch(/\w/)
    for (const argument of command.registeredArguments) expect(argument.description).toMatch(/\w/)
    expect(help).toMatch(new RegExp(`^Examples?:\\n {2}gloss ${name}`, 'm'))
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it.each(verbs)('%s: its examples use flags that it has', async (name) => {
    const help = await helpOf(name)
    const examples = help.split(/^Examples?:$/m)[1]!
    const listed = listedFlags(help)
    for (const line of examples.split('\n').filter((text) => text.startsWith(`  gloss ${name}`)))
      expect(flagsOf(line).filter((flag) => !listed.includes(flag))).toEqual([])
  })

  it.each(verbs)('%s: has the flags that every command has', async (name) => {
    const flags = listedFlags(await helpOf(name))
    expect(flags).toEqual(expect.arrayContaining(COMMON))
  })
})

describe("the README's reference", () => {
  const { common, rows } = readReference()

  it('names the verbs that there are', () => {
    expect([...rows.keys()].toSorted()).toEqual(verbs.map(([name]) => name).toSorted())
  })

  it('names the flags of every command', () => {
    expect(common.toSorted()).toEqual([...COMMON, SEED].toSorted())
  })

  it.each(verbs)('names the flags of %s', async (name) => {
    const own = listedFlags(await helpOf(name)).filter((flag) => !COMMON.includes(flag) && flag !== SEED)
    expect(rows.get(name)?.toSorted()).toEqual(own.toSorted())
  })
})
