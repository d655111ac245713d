import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { bundledMigrations } from '../../src/cli/assets.ts'
import { StoreError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import type { CandidateRecord } from '../../src/core/candidates.ts'
import type { Example } from '../../src/core/records.ts'
import type {
  ExplanationRecord,
  FeatureRecord,
  Provenance,
  ScoreRecord,
  Store,
} from '../../src/core/store.ts'
import { type Migration, readMigrations } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite-store.ts'
import { temporaryFolder } from '../support/paths.ts'

const MIGRATIONS = bundledMigrations()
const NOW = new Date('2026-01-02T03:04:05Z')
const open: Store[] = []

afterEach(() => {
  for (const store of open.splice(0)) store.close()
})

function openAt(path: string, migrations = MIGRATIONS): Store {
  const store = openStore(path, migrations)
  open.push(store)
  return store
}

const PROVENANCE: Provenance = {
  version: '1',
  seed: 0,
  model: 'm',
  weightsHash: 'w',
  tokenizerHash: 't',
  corpusHash: 'c',
  setId: 's',
  setHash: 'h',
  protocol: 'p',
  protocolHash: 'ph',
  prompt: null,
  promptHash: null,
  llm: null,
}

const FEATURE: FeatureRecord = {
  id: 3,
  density: 0.25,
  max: 1.5,
  firings: 10,
  state: 'alive',
  tokenShare: 0.5,
  singleToken: null,
  histogram: [1, 0, 2],
  logits: { top: [[5, 1.25]], bottom: [[6, -2]] },
}

const EXAMPLE: Example = {
  use: 'explain',
  slice: 'interval 3',
  document: 1,
  context: 2,
  position: 7,
  nominal: 4,
  silent: false,
  tokens: [1, 2, 3],
  activations: [0, 0.5, 0.1],
}

/** A study with one set, one feature and its provenance. */
function filled(store: Store): string {
  const provenanceId = store.provenance.put(PROVENANCE)
  store.featureSets.put({
    id: 's',
    kind: 'sae',
    hook: 'h',
    architecture: 'topk',
    features: 4,
    dIn: 2,
    folder: 'features/s',
    provenanceId,
    shuffledSeed: null,
    metrics: {
      l0: 1,
      fvu: 0.1,
      deadShare: 0,
      crossEntropy: 3,
      crossEntropyReconstructed: 3.1,
      crossEntropyZeroed: 5,
      crossEntropyRecovered: 0.95,
      tokens: 100,
    },
  })
  store.features.put('s', [FEATURE])
  store.examples.putSample('s', 'p', provenanceId, {
    feature: 3,
    state: 'alive',
    singleToken: true,
    examples: [EXAMPLE],
  })
  return provenanceId
}

describe('the store', () => {
  it('gives back what was put', () => {
    const store = openAt(':memory:')
    const provenanceId = filled(store)
    expect(store.provenance.get(provenanceId)).toEqual({ ...PROVENANCE, endpoint: null })
    expect(store.provenance.put({ ...PROVENANCE })).toBe(provenanceId)
    expect(store.provenance.put(store.provenance.get(provenanceId))).toBe(provenanceId)
    const elsewhere = store.provenance.put({ ...PROVENANCE, endpoint: 'http://x/v1' })
    expect(elsewhere).not.toBe(provenanceId)
    expect(store.provenance.get(elsewhere).endpoint).toBe('http://x/v1')
    expect(store.tokenCounts.get('s').size).toBe(0)
    store.tokenCounts.put('s', [
      [7, 2],
      [3, 1],
    ])
    store.tokenCounts.put('s', [[3, 5]])
    expect([...store.tokenCounts.get('s')]).toEqual([[3, 5]])
    expect(store.featureSets.get('s')).toMatchObject({ folder: 'features/s', metrics: { l0: 1 } })
    expect(store.featureSets.get('other')).toBeNull()
    expect(store.features.get('s', 3)).toEqual({ ...FEATURE, singleToken: true })
    expect(store.features.all('s')).toHaveLength(1)
    expect(store.examples.of('s', 3, 'p')).toEqual([{ id: 1, ...EXAMPLE }])
    expect(store.examples.sampledFeatures('s', 'p')).toEqual(new Set([3]))
    store.vocabulary.put('t', [Uint8Array.of(1), Uint8Array.of(0xff, 0)])
    expect(store.vocabulary.get('t').map((bytes) => [...bytes])).toEqual([[1], [0xff, 0]])
    store.documents.put('c', [{ name: 'd', register: null, tokens: 4 }])
    expect(store.documents.all('c')).toEqual([{ name: 'd', register: null, tokens: 4 }])
    store.stages.put({ name: 'train', state: 'running', done: 1, total: 2, seconds: 0.5 })
    store.stages.put({ name: 'train', state: 'done', done: 2, total: 2, seconds: 1 })
    expect(store.stages.all()).toEqual([{ name: 'train', state: 'done', done: 2, total: 2, seconds: 1 }])
    expect(store.study.get('set')).toBeNull()
    store.study.put('set', 's')
    expect(store.study.get('set')).toBe('s')
  })

  it('keeps requests compressed, with what is known of their usage', () => {
    const store = openAt(':memory:')
    const record = {
      hash: 'r',
      endpoint: 'http://x',
      model: 'm',
      body: '{"a":1}',
      response: null,
      status: 429,
      error: 'busy',
      usage: null,
      latencyMs: null,
      attempts: 1,
      stage: 'explain',
      requestId: null,
      attempt: 0,
    }
    store.requests.put(record, NOW)
    expect(store.requests.get('r')).toEqual(record)
    expect(store.requests.unanswered()).toBe(1)
    expect(store.requests.samples('m', 5)).toEqual([])
    const usage = {
      promptTokens: 10,
      cachedTokens: null,
      cacheWriteTokens: null,
      completionTokens: 3,
      reasoningTokens: null,
    }
    store.requests.put({ ...record, response: 'reply é', status: 200, error: null, usage, latencyMs: 5 }, NOW)
    expect(store.requests.get('r')).toMatchObject({ response: 'reply é', usage })
    expect(store.requests.unanswered()).toBe(0)
    expect(store.requests.samples('m', 5)).toEqual([{ body: '{"a":1}', response: 'reply é', usage }])
    expect(store.requests.samples('other', 5)).toEqual([])
    expect(store.requests.get('other')).toBeNull()
  })

  it('keeps a ledger in which unknown is not nothing', () => {
    const store = openAt(':memory:')
    const usage = {
      promptTokens: 10,
      cachedTokens: 4,
      cacheWriteTokens: null,
      completionTokens: 3,
      reasoningTokens: 1,
    }
    const line = { requestHash: 'r', stage: 'explain', endpoint: 'http://x', model: 'm' } as const
    const reserved = { ...line, state: 'reserved', usd: 2, priceId: null, usage: null } as const
    const first = store.ledger.add(reserved, NOW)
    const second = store.ledger.add(reserved, NOW)
    store.ledger.add(reserved, NOW)
    expect(store.ledger.spent()).toBe(6)
    store.ledger.settle(first, { ...line, state: 'spent', usd: 0.5, priceId: 'p', usage })
    store.ledger.release(second)
    expect(store.ledger.closeOpen()).toBe(1)
    expect(store.ledger.spent()).toBe(2.5)
    expect(store.ledger.lines()).toEqual([
      {
        stage: 'explain',
        model: 'm',
        requests: 1,
        lost: 1,
        promptTokens: 10,
        cachedTokens: 4,
        completionTokens: 3,
        reasoningTokens: 1,
        unknownUsage: 0,
        usd: 2.5,
        priceIds: ['p'],
      },
    ])
    store.ledger.add({ ...line, state: 'spent', usd: null, priceId: null, usage: null }, NOW)
    expect(store.ledger.lines()).toMatchObject([{ requests: 2, unknownUsage: 1, usd: null }])
    expect(store.ledger.spent()).toBe(2.5)
  })

  it('remembers what is known of an endpoint, piece by piece', () => {
    const store = openAt(':memory:')
    const limits = { window: 64, requestsPerMinute: null, tokensPerMinute: 1000, latencyMs: 12.5 }
    const nothing = { baseUrl: 'http://x', model: 'm', server: null, capabilities: null, limits: null }
    expect(store.endpoints.get('http://x', 'm')).toBeNull()
    store.endpoints.put({ ...nothing, server: 'vLLM 0.12' }, NOW)
    store.endpoints.put({ ...nothing, limits }, NOW)
    expect(store.endpoints.get('http://x', 'm')).toEqual({ ...nothing, server: 'vLLM 0.12', limits })
    expect(store.endpoints.get('http://x', 'other')).toBeNull()
  })

  it('replaces explanations, scores and controls', () => {
    const store = openAt(':memory:')
    const provenanceId = filled(store)
    const explanation: ExplanationRecord = {
      id: 'e',
      setId: 's',
      featureId: 3,
      explainer: 'pairs',
      llm: 'm',
      text: null,
      problem: 'callFailed',
      requestHash: null,
      provenanceId,
    }
    store.explanations.put(explanation, NOW)
    store.explanations.put({ ...explanation, text: 'x', problem: null }, NOW)
    expect(store.explanations.of('s', 3)).toEqual([{ ...explanation, text: 'x', problem: null }])
    const score: ScoreRecord = {
      id: 'c',
      explanationId: 'e',
      scorer: 'simulation',
      protocol: 'p',
      tier: 'integersSparse',
      value: null,
      low: null,
      high: null,
      n: 0,
      undefined: 'callsFailed',
      flag: null,
      ceiling: 0.9,
      digitMass: null,
      coverage: { top: [0, 6] },
      failedCalls: 3,
      failedControlCalls: 0,
      unreadableCalls: 0,
      provenanceId,
    }
    const control = {
      scoreId: 'c',
      name: 'shuffled' as const,
      value: 0.1,
      gain: 0.4,
      gainLow: 0.2,
      gainHigh: 0.6,
      p: 0.03,
      partner: 2,
    }
    store.scores.put([score], [control])
    store.scores.put(
      [{ ...score, value: 0.5, undefined: null, failedCalls: 0 }],
      [{ ...control, value: 0.2 }],
    )
    store.scores.put(
      [
        { ...score, id: 'd', scorer: 'simulation.pearson' },
        { ...score, id: 'f', scorer: 'simulationx' },
      ],
      [],
    )
    expect(store.scores.all('s', 'simulation').map(({ id }) => id)).toEqual(['c', 'd'])
    expect(store.scores.of('e')).toHaveLength(3)
    expect(store.scores.controls('s', 'simulation')).toEqual([{ ...control, value: 0.2 }])
    expect(store.scores.controlsOf('c')).toHaveLength(1)
  })

  it('keeps what an explanation was chosen among, and no score of a text that another has replaced', () => {
    const store = openAt(':memory:')
    const provenanceId = filled(store)
    const explanation: ExplanationRecord = {
      id: 'e',
      setId: 's',
      featureId: 3,
      explainer: 'best',
      llm: 'm',
      text: 'first',
      problem: null,
      requestHash: null,
      provenanceId,
    }
    const score: ScoreRecord = {
      id: 'c',
      explanationId: 'e',
      scorer: 'simulation',
      protocol: 'p',
      tier: 'integersSparse',
      value: 0.5,
      low: 0.4,
      high: 0.6,
      n: 540,
      undefined: null,
      flag: null,
      ceiling: 0.9,
      digitMass: null,
      coverage: { top: [6, 6] },
      failedCalls: 0,
      failedControlCalls: 0,
      unreadableCalls: 0,
      provenanceId,
    }
    const control = {
      scoreId: 'c',
      name: 'shuffled',
      value: 0,
      gain: 0,
      gainLow: 0,
      gainHigh: 0,
      p: null,
      partner: 2,
    } as const
    const candidate: CandidateRecord = {
      explanationId: 'e',
      place: 0,
      revises: null,
      text: 'first',
      problem: null,
      requestHash: 'r0',
      chosen: true,
      value: 0.3,
      undefined: null,
      n: 270,
      failedCalls: 0,
      unreadableCalls: 1,
      simulations: ['q1', 'q2'],
      provenanceId,
    }
    const failed: CandidateRecord = {
      ...candidate,
      place: 1,
      revises: 0,
      text: null,
      problem: 'callFailed',
      requestHash: 'r1',
      chosen: false,
      value: null,
      undefined: 'noExplanation',
      n: 0,
      simulations: [],
      provenanceId: null,
    }
    store.explanations.put(explanation, NOW)
    store.candidates.put('e', [failed, candidate])
    expect(store.candidates.of('e')).toEqual([candidate, failed])
    expect(store.candidates.all('s')).toEqual([candidate, failed])
    expect(store.candidates.all('other')).toEqual([])
    store.scores.put([score], [control])
    store.explanations.put(explanation, new Date(0))
    expect(store.scores.of('e')).toHaveLength(1)
    expect(store.scores.controlsOf('c')).toHaveLength(1)

    store.explanations.put({ ...explanation, text: 'second' }, NOW)
    expect(store.scores.of('e')).toEqual([])
    expect(store.scores.controlsOf('c')).toEqual([])
    store.candidates.put('e', [{ ...candidate, text: 'second' }])
    expect(store.candidates.of('e')).toEqual([{ ...candidate, text: 'second' }])
    expect(() => store.candidates.put('e', [{ ...candidate, value: null }])).toThrow('CHECK')
    expect(() => store.candidates.put('none', [candidate])).toThrow('FOREIGN KEY')
  })

  it('refuses scores that have both a value and a reason, or neither', () => {
    const store = openAt(':memory:')
    const provenanceId = filled(store)
    store.explanations.put(
      {
        id: 'e',
        setId: 's',
        featureId: 3,
        explainer: 'table',
        llm: null,
        text: 'x',
        problem: null,
        requestHash: null,
        provenanceId,
      },
      NOW,
    )
    const row = {
      id: 'c',
      explanationId: 'e',
      scorer: 'simulation',
      protocol: 'p',
      tier: 'table' as const,
      low: null,
      high: null,
      n: 0,
      flag: null,
      ceiling: null,
      digitMass: null,
      coverage: {},
      failedCalls: 0,
      failedControlCalls: 0,
      unreadableCalls: 0,
      provenanceId,
    }
    expect(() => store.scores.put([{ ...row, value: null, undefined: null }], [])).toThrow('CHECK constraint')
    expect(() => store.scores.put([{ ...row, value: 1, undefined: 'lowCoverage' }], [])).toThrow(
      'CHECK constraint',
    )
  })

  it('takes back everything of a transaction that fails, nested ones too', () => {
    const store = openAt(':memory:')
    expect(() =>
      store.transaction(() => {
        store.study.put('set', 'a')
        store.transaction(() => store.study.put('llm', 'b'))
        throw new Error('no')
      }),
    ).toThrow('no')
    expect([store.study.get('set'), store.study.get('llm')]).toEqual([null, null])
  })

  it('says when somebody edited a JSON column by hand', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    filled(openAt(path))
    const connection = new Database(path)
    connection.exec(`UPDATE feature SET histogram = '{"a"'`)
    connection.close()
    expect(() => openAt(path).features.all('s')).toThrow(
      'a row of table feature does not have the expected form: histogram: is no JSON; was the database edited by hand?',
    )
  })
})

describe('a database', () => {
  const next = MIGRATIONS.length + 1
  const extra = (sql: string, number = next): Migration => ({
    number,
    name: `000${number}-more.sql`,
    sql,
    hash: sha256(sql),
  })

  it('of a newer version is refused, and not changed', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    openStore(path, [...MIGRATIONS, extra('CREATE TABLE more (x)')]).close()
    const before = readFileSync(path)
    expect(() => openAt(path)).toThrow(
      `was made by a newer version of gloss (its schema is number ${next}, this version knows ${next - 1}); update gloss`,
    )
    expect(() => openAt(path)).toThrow(StoreError)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('whose migrations were edited is refused', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    openStore(path, MIGRATIONS).close()
    const edited = [{ ...MIGRATIONS[0]!, hash: sha256('other') }, ...MIGRATIONS.slice(1)]
    expect(() => openAt(path, edited)).toThrow(
      'expected migration 0001-study.sql as this version of gloss has it',
    )
  })

  it('is copied before it is migrated, and left as it was by a migration that fails', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    const first = openStore(path, MIGRATIONS)
    first.study.put('set', 'kept')
    first.close()
    expect(() => openAt(path, [...MIGRATIONS, extra('CREATE TABLE a (x); CREATE TABLE broken (')])).toThrow(
      'incomplete input',
    )
    const connection = new Database(path)
    expect(connection.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'a'").pluck().get()).toBe(0)
    connection.close()
    const migrated = openAt(path, [...MIGRATIONS, extra('CREATE TABLE more (x)')])
    expect(migrated.study.get('set')).toBe('kept')
    const copy = openAt(`${path}.before-${String(next).padStart(4, '0')}`)
    expect(copy.study.get('set')).toBe('kept')
  })

  it('that is none, or damaged, is refused', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'gloss.db')
    writeFileSync(
      path,
      'this is no database, but it is long enough to be looked at as one, with its header of one hundred bytes',
    )
    expect(() => openAt(path)).toThrow(/is damaged or no database of gloss/)
    const good = join(folder, 'good.db')
    openStore(good, MIGRATIONS).close()
    const bytes = readFileSync(good)
    bytes.fill(0x55, 4096, 8192)
    writeFileSync(path, bytes)
    expect(() => openAt(path).stages.all()).toThrow(StoreError)
  })

  it('in a folder that cannot be written is refused', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    expect(() => openAt(join(folder, 'file', 'gloss.db'))).toThrow()
    expect(existsSync(join(folder, 'file', 'gloss.db'))).toBe(false)
  })

  it('does not need the file system to be told apart from its copies', () => {
    const path = join(temporaryFolder(), 'gloss.db')
    openStore(path, MIGRATIONS).close()
    copyFileSync(path, `${path}.copy`)
    expect(openAt(`${path}.copy`).stages.all()).toEqual([])
  })
})

describe('migration files', () => {
  it('are numbered without gaps', () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1))
    const folder = temporaryFolder()
    writeFileSync(join(folder, '0001-a.sql'), '')
    writeFileSync(join(folder, '0003-b.sql'), '')
    expect(() => readMigrations(folder)).toThrow('0003-b.sql: expected migration number 2')
  })
})
