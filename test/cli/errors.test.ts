import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SafetensorsFile, writeSafetensors } from '../../src/core/safetensors.ts'
import { WorkspaceLock } from '../../src/store/lock.ts'
import { errorBody, FakeOpenAi, honest, serve } from '../support/fake-openai.ts'
import { copyOf, temporaryFolder, TINY_1L } from '../support/paths.ts'
import {
  contentOf,
  gloss,
  query,
  type RunOptions,
  sharedStudy,
  SMALL_SETTINGS,
  writeSmallStudy,
} from '../support/small-study.ts'

const KEY = 'gloss-key-0123456789abcdef'
const PROGRESS = ['tokenize', 'train', 'collect', 'sample', 'explain', 'score', 'run']

/** A finished study with a model of its own, which tests may damage in a copy. */
const finished = sharedStudy(['run'], (folder) => {
  writeSmallStudy(folder, {
    model: 'model',
    train: { ...SMALL_SETTINGS.train, features: 32, tokens: 10_000 },
  })
  mkdirSync(join(folder, 'model'))
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    cpSync(join(TINY_1L, name), join(folder, 'model', name))
})

/**
 * Checks that a command fails as promised: one line on stderr that matches, nothing on stdout, the exit code, and
 * every row and file of the folder still there. Returns the line.
 */
async function checkFailure(
  args: readonly string[],
  code: number,
  message: RegExp,
  options: RunOptions & { readonly folder: string },
): Promise<string> {
  const before = contentOf(options.folder)
  const quiet = PROGRESS.includes(args[0]!) ? ['--quiet'] : []
  const outcome = await gloss([...args, ...quiet], options)
  expect(outcome.stderr).toMatch(/^gloss: [^\n]+\n$/)
  expect(outcome.stderr).not.toMatch(/defect|\bat \S+:\d+:\d+/)
  expect(outcome.stderr).toMatch(message)
  expect(outcome.stdout).toBe('')
  expect(outcome.code).toBe(code)
  const after = new Set(contentOf(options.folder))
  expect(before.filter((line) => !after.has(line))).toEqual([])
  return outcome.stderr
}

describe('a model that cannot be used', () => {
  const model = (folder: string, file: string): string => join(folder, 'model', file)
  const setConfig = (folder: string, change: object): void => {
    const path = model(folder, 'config.json')
    const config = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...config, ...change }))
  }
  const transpose = (folder: string, tensorName: string): void => {
    const path = model(folder, 'model.safetensors')
    const file = new SafetensorsFile(path)
    const tensors = Object.fromEntries([...file.tensors.keys()].map((name) => [name, file.read(name)]))
    file.close()
    const name = Object.keys(tensors).find((key) => key.endsWith(tensorName))!
    const { shape, ...tensor } = tensors[name]!
    writeSafetensors(path, { ...tensors, [name]: { ...tensor, shape: shape.toReversed() } })
  }

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'truncated weights',
      (folder) => truncateSync(model(folder, 'model.safetensors'), 100_000),
      /model\.safetensors is truncated: expected at least 1512872 bytes, found 100000; copy or download it again$/m,
    ],
    [
      'a tensor of another shape',
      (folder) => transpose(folder, 'h.0.mlp.c_fc.weight'),
      /expected tensor \S*h\.0\.mlp\.c_fc\.weight of shape \[128, 512\], found \[512, 128\]; config\.json and the weights do not belong together$/m,
    ],
    [
      'an unknown architecture',
      (folder) => setConfig(folder, { model_type: 'mamba' }),
      /expected model_type "gpt2" in config\.json, found "mamba"; this version of gloss runs the GPT-2 family$/m,
    ],
    [
      'a configuration that is no JSON',
      (folder) => truncateSync(model(folder, 'config.json'), 20),
      /model.config\.json is no valid JSON; copy or download it again$/m,
    ],
    [
      'a tokenizer of another kind',
      (folder) =>
        writeFileSync(
          model(folder, 'tokenizer.json'),
          JSON.stringify({ model: { type: 'Unigram' }, decoder: null }),
        ),
      /tokenizer\.json: expected a byte-level BPE tokenizer, found model Unigram with decoder none; this version of gloss reads byte-level BPE$/m,
    ],
  ])('for %s: 1', async (_name, damage, message) => {
    const folder = copyOf(finished)
    damage(folder)
    await checkFailure(['train', '--features', '64', '--train-tokens', '10k'], 1, message, { folder })
  })

  it('for a folder that is not there: 2', async () => {
    await checkFailure(
      ['train', '--model', 'nowhere'],
      2,
      /expected a model folder with config\.json, model\.safetensors and tokenizer\.json at \S+nowhere, found no folder; check the path$/m,
      { folder: copyOf(finished) },
    )
  })
})

describe('misuse', () => {
  it.each<[string, string[], RegExp]>([
    [
      'an unknown hook',
      ['run', '--hook', 'blocks.7.mlp.hook_post'],
      /expected a hook of model, found "blocks\.7\.mlp\.hook_post"; its hooks are, for instance, hook_embed, /,
    ],
    ['an unknown verb', ['shwo'], /unknown command 'shwo' \(Did you mean show\?\)$/m],
    ['an unknown flag', ['show', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)$/m],
    ['a flag of another verb', ['status', '--llm', 'x'], /unknown option '--llm'/],
    ['a flag without its value', ['show', '--workspace'], /option '--workspace <dir>' argument missing$/m],
    [
      'too many arguments',
      ['show', '1', '2'],
      /too many arguments for 'show'\. Expected 1 argument but got 2/,
    ],
    [
      'a number that is none',
      ['train', '--features', 'many'],
      /option '--features <n>' argument 'many' is invalid\. expected a whole number, such as 4096, 200k or 1\.5M$/m,
    ],
    [
      'a number out of range',
      ['train', '--features', '0'],
      /train\.features: Too small: expected number to be >0; correct the flag \(or its GLOSS_… variable\) that sets it$/m,
    ],
    [
      'a seed out of range',
      ['run', '--seed', '5000M'],
      /seed: Too big: expected number to be <=4294967295; correct the flag/,
    ],
    [
      'a k beyond the features',
      ['train', '--k', '33'],
      /expected k to be at most .* found k 33 and 32 features/,
    ],
    [
      'an unknown protocol',
      ['sample', '--protocol', 'mine'],
      /expected one of the protocols .*monosemanticity.*, or the path of a .yaml file, found "mine"$/m,
    ],
    [
      'a selection that is none',
      ['explain', '--only', '9-7'],
      /expected features as 7,12,100-199 or all, unexplained or random:200, found "9-7"$/m,
    ],
    [
      'a corpus that is not there',
      ['tokenize', '--corpus', 'nowhere'],
      /expected a corpus file or folder at \S+nowhere, found nothing; check the path$/m,
    ],
    [
      'a token file that is not there',
      [
        'activations',
        '--model',
        'model',
        '--hook',
        'all',
        '--tokens',
        'none.json',
        '--out',
        'out.safetensors',
      ],
      /expected token ids at \S+none\.json, found nothing; check the path$/m,
    ],
    [
      'a feature beyond the last',
      ['show', '999999'],
      /expected a feature from 0 to 31 of topk-32-\w+, found 999999; /,
    ],
    ['a feature that is no number', ['show', 'abc'], /expected the number of a feature, found "abc"$/m],
    [
      'OpenAI without a key',
      ['explain', '--llm', 'https://api.openai.com/v1', '--llm-model', 'x'],
      /expected a key for https:\/\/api\.openai\.com in OPENAI_API_KEY, found none; set it and run the same command again$/m,
    ],
    [
      'an endpoint without a model',
      ['explain', '--llm', 'http://localhost:1/v1'],
      /expected the name of a model at http:\/\/localhost:1\/v1, found none; add --llm-model NAME$/m,
    ],
    [
      'a study where there is one',
      ['init'],
      /holds a study already; edit its gloss\.yaml, or name another folder$/m,
    ],
  ])('%s: 2', async (_name, args, message) => {
    await checkFailure(args, 2, message, { folder: copyOf(finished) })
  })

  it('a value from the environment that cannot be right: 2, named as such', async () => {
    await checkFailure(
      ['train'],
      2,
      /option '--features <n>' value 'many' from env 'GLOSS_FEATURES' is invalid\. expected a whole number/,
      { folder: copyOf(finished), environment: { GLOSS_FEATURES: 'many' } },
    )
  })
})

describe('a workspace that cannot be used', () => {
  it.each<[string, string, RegExp]>([
    [
      'no YAML',
      'model: [tiny-1l',
      /gloss\.yaml is no valid YAML: .* at line 1, column \d+:?; correct the file$/m,
    ],
    [
      'no settings',
      'just words',
      /gloss\.yaml: Invalid input: expected object, received string; correct the file$/m,
    ],
    [
      'an unknown key',
      `${JSON.stringify(SMALL_SETTINGS).slice(0, -1)}, "modle": "x"}`,
      /gloss\.yaml: Unrecognized key: "modle"; correct the file$/m,
    ],
    [
      'an unknown key further in',
      JSON.stringify({ ...SMALL_SETTINGS, train: { feature: 9 } }),
      /gloss\.yaml: train: Unrecognized key: "feature"; correct the file$/m,
    ],
  ])('with %s in gloss.yaml: 2', async (_name, text, message) => {
    const folder = copyOf(finished)
    writeFileSync(join(folder, 'gloss.yaml'), text)
    for (const args of [['run'], ['show']]) await checkFailure(args, 2, message, { folder })
  })

  it('where there is none: 2', async () => {
    const folder = temporaryFolder()
    for (const verb of ['run', 'status', 'show'])
      await checkFailure(
        [verb],
        2,
        /expected a gloss\.yaml in \S+ or a folder above it, found none; change to a study, name one with --workspace, or make one with gloss init or gloss demo$/m,
        { folder },
      )
    await checkFailure(
      ['status', '--workspace', 'nowhere'],
      2,
      /expected a study with a gloss\.yaml in \S+nowhere, found none; make one with gloss init$/m,
      { folder },
    )
  })

  it('where nothing has run yet: 2', async () => {
    const folder = writeSmallStudy(temporaryFolder())
    await checkFailure(
      ['show'],
      2,
      /expected the study's database at \S+gloss\.db, found none; run gloss run first$/m,
      { folder },
    )
    await checkFailure(['train'], 2, /expected token shards in \S+, found none; run gloss tokenize/, {
      folder,
    })
    await checkFailure(['status'], 2, /expected a trained feature set in \S+, found none; run gloss run/, {
      folder,
    })
  })

  it.each<[string, (folder: string) => void]>([
    ['no files', (folder) => mkdirSync(join(folder, 'empty'))],
    ['a file without text', (folder) => writeFileSync(join(folder, 'empty'), '')],
    ['a file that is no text', (folder) => writeFileSync(join(folder, 'empty'), Buffer.of(0xff, 0, 0xfe))],
  ])('whose corpus holds %s: 1', async (_name, write) => {
    const folder = copyOf(finished)
    write(folder)
    await checkFailure(
      ['tokenize', '--corpus', 'empty'],
      1,
      /expected text in \S+empty, found (?:no files|none); name files or folders with (?:UTF-8 )?text in --corpus or gloss\.yaml$/m,
      { folder },
    )
  })

  it('whose corpus has a line that is no document: 1', async () => {
    const folder = copyOf(finished)
    writeFileSync(join(folder, 'bad.jsonl'), '{"text": "fine"}\n{"txt": "not"}\n')
    await checkFailure(
      ['tokenize', '--corpus', 'bad.jsonl'],
      1,
      /bad\.jsonl line 2: expected a JSON object with a "text", found "\{\\"txt\\": \\"not\\"\}"; correct or remove the line$/m,
      { folder },
    )
  })

  it('made by a newer version: 1', async () => {
    const folder = copyOf(finished)
    const database = new Database(join(folder, 'gloss.db'))
    const known = database.prepare('SELECT count(*) FROM migration').pluck().get() as number
    database.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(known + 1, 'from the future', 'x')
    database.close()
    const message = new RegExp(
      `gloss\\.db was made by a newer version of gloss \\(its schema is number ${known + 1}, this version knows ${known}\\); update gloss$`,
      'm',
    )
    for (const verb of ['run', 'show', 'status']) await checkFailure([verb], 1, message, { folder })
  })

  it('whose database is none: 1', async () => {
    const folder = writeSmallStudy(temporaryFolder())
    writeFileSync(
      join(folder, 'gloss.db'),
      'a text that is long enough to be no header of SQLite'.repeat(100),
    )
    await expect(gloss(['status'], { folder })).resolves.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^gloss: \S+gloss\.db is damaged or no database of gloss \([^\n]+\); restore a copy of it\n$/,
      ) as unknown,
    })
  })

  it('that another process holds: 1, while it can be read', async () => {
    const folder = copyOf(finished)
    const lock = new WorkspaceLock(join(folder, 'gloss.lock'))
    onTestFinished(() => lock.release())
    const message = new RegExp(
      `another gloss process \\(process ${process.pid}\\) is working in this workspace; wait for it or end it, then run the same command again$`,
      'm',
    )
    for (const verb of ['run', 'tokenize', 'train', 'collect', 'sample', 'explain', 'score'])
      await checkFailure([verb], 1, message, { folder })
    for (const verb of ['show', 'status']) expect((await gloss([verb], { folder })).code).toBe(0)
  })
})

describe('an endpoint that cannot be used', () => {
  const explain = (fake: FakeOpenAi): string[] => [
    'explain',
    '--only=0-19',
    '--concurrency=2',
    `--llm=${fake.url}`,
    '--llm-model=judge',
  ]
  const environment = { GLOSS_API_KEY: KEY }

  it('because nobody listens there: 1', async () => {
    const gone = await FakeOpenAi.start(honest)
    await gone.stop()
    const folder = copyOf(finished)
    const before = (await gloss(['status', '--json'], { folder })).stdout
    await checkFailure(
      explain(gone),
      1,
      /http:\S+ cannot be reached \(ECONNREFUSED\); check the address and that the server runs$/m,
      { folder, environment },
    )
    // What was there is still what the study is about.
    const scores = (text: string): unknown => (JSON.parse(text) as { score: unknown }).score
    expect(scores((await gloss(['status', '--json'], { folder })).stdout)).toEqual(scores(before))
  })

  it('because it refuses the key before its first answer: 1, and after one: 3', async () => {
    const folder = copyOf(finished)
    const refusal = { raw: errorBody(`no access for ${KEY}`), status: 401 }
    const fake = await serve(() => refusal)
    const line = await checkFailure(
      explain(fake),
      1,
      /http:\S+ answered 401 no access for \[key\]; the key was not accepted: check it$/m,
      { folder, environment },
    )
    expect(line).not.toContain(KEY)

    fake.script = (request) => (fake.seen.length > 10 ? refusal : honest(request))
    await checkFailure(
      explain(fake),
      3,
      /answered 401 .*; the key was not accepted: check it; what was answered is stored, run the same command again to go on$/m,
      { folder, environment },
    )
    const answers = query(folder, 'SELECT count(*) AS n FROM request WHERE response IS NOT NULL')[0]!['n']
    expect(answers).toBeGreaterThan(4)
    const [{ llm, n } = {}] = query(
      folder,
      'SELECT llm, count(*) AS n FROM explanation WHERE text IS NOT NULL AND llm IS NOT NULL GROUP BY llm',
    )
    expect({ llm, n }).toEqual({ llm: 'judge', n: answers })
  })

  it('because it asks for a key that was not given: 1', async () => {
    const fake = await serve(() => ({ raw: errorBody('who?'), status: 401 }))
    await checkFailure(
      explain(fake),
      1,
      /answered 401 who\?; no key was sent: set GLOSS_API_KEY and name the endpoint with --llm or GLOSS_LLM$/m,
      { folder: copyOf(finished) },
    )
  })
})
