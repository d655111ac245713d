import { type Capabilities, tierOf } from '../core/capabilities.ts'
import { escapeForTerminal } from '../core/escape-terminal.ts'
import type { Style } from './style.ts'
import { truncate, widthOf, wrap } from './text.ts'

/** Something that could compute. */
export interface DeviceReport {
  readonly name: 'cpu' | 'webgpu' | 'cuda'
  /** Null where it could not be found out. */
  readonly available: boolean | null
  readonly detail: string
}

/** What is known of an endpoint and its model. */
export interface EndpointReport {
  readonly baseUrl: string
  readonly model: string
  readonly server: string | null
  readonly models: readonly string[] | null
  readonly modelServed: boolean | null
  readonly chat: boolean
  /** Null where it did not answer. */
  readonly capabilities: Capabilities | null
  readonly calls: number
  readonly notes: readonly string[]
  /** Why it cannot be used. */
  readonly error: string | null
}

/** The state of a study's database. */
export interface DatabaseReport {
  readonly path: string
  readonly state: 'sound' | 'missing' | 'damaged' | 'unusable'
  readonly problems: readonly string[]
}

/** What `gloss doctor` found. */
export interface DoctorReport {
  readonly node: string
  readonly sqlite: string
  /** Null where the system does not say. */
  readonly freeBytes: number | null
  readonly devices: readonly DeviceReport[]
  /** Null outside a study. */
  readonly database: DatabaseReport | null
  readonly endpoints: readonly EndpointReport[]
  readonly warnings: readonly string[]
}

const LABEL_COLUMNS = 10
const MOST_LISTED = 5
const GAP = '   '

/** A report as lines of at most `width` columns, from 60 on. */
export function doctorLines(report: DoctorReport, width: number, style: Style): string[] {
  const { node, sqlite, freeBytes, devices, database, endpoints, warnings } = report
  const rows = new Rows(width, style)
  rows.plain(
    [`node ${node}`, `sqlite ${sqlite}`, ...(freeBytes === null ? [] : [`disk ${bytes(freeBytes)} free`])],
    'ok',
  )
  for (const device of devices) rows.labelled(device.name, [device.detail], useOf(device))
  if (database !== null) addDatabase(rows, database)
  for (const endpoint of endpoints) addEndpoint(rows, endpoint)
  if (endpoints.length === 0)
    rows.labelled('endpoint', ['none named; add --llm URL --llm-model NAME to ask one'])
  for (const warning of warnings) rows.sentence('warning', warning)
  return rows.lines
}

function useOf({ name, available }: DeviceReport): string {
  if (name === 'cpu') return available ? 'ok' : 'models cannot run'
  if (name === 'webgpu') return `${available ? 'not used yet: ' : ''}train and collect run on cpu`
  return available ? 'not used yet' : 'optional, not used yet'
}

function addDatabase(rows: Rows, { path, state, problems }: DatabaseReport): void {
  if (state === 'missing') rows.labelled('database', [`no ${path} yet`])
  else rows.labelled('database', [`${path} is ${state}`], state === 'sound' ? 'ok' : '')
  for (const problem of problems.slice(0, MOST_LISTED)) rows.sentence('', `✗ ${problem}`)
  if (problems.length > MOST_LISTED) rows.sentence('', `✗ and ${problems.length - MOST_LISTED} more`)
}

function addEndpoint(rows: Rows, endpoint: EndpointReport): void {
  const { baseUrl, server, model, models, modelServed, chat, capabilities, notes, error } = endpoint
  rows.labelled('endpoint', [baseUrl, ...(server === null ? [] : [server]), model])
  if (error !== null) rows.sentence('', `✗ ${error}`)
  if (modelServed === false && models !== null) rows.sentence('', `it lists ${listed(models)}`)
  if (chat && capabilities !== null) {
    rows.labelled('', abilities(capabilities))
    rows.sentence('', `→ simulation tier: ${tierText(capabilities)}`)
  }
  for (const note of notes) rows.sentence('', note)
}

/** The best tier that a run can ask for. */
function tierText(capabilities: Capabilities): string {
  const tier = tierOf(capabilities)
  if (tier === 'integersSparse') return 'integers, sparse'
  const kind = tier === 'promptLogprobs' ? 'prompt' : 'chat'
  return `${kind} log-probabilities: gloss score --tier ${tier}`
}

const PROMPT_WAYS = {
  prompt_logprobs: 'prompt_logprobs',
  echo: 'echo with logprobs',
  generate: '/generate with logprobs',
} as const

function abilities(capabilities: Capabilities): string[] {
  const { chatLogprobs, promptLogprobs, tenIsOneToken } = capabilities
  const mark = (name: string, there: boolean): string => `${name} ${there ? '✓' : '✗'}`
  return [
    mark('chat', true),
    mark(chatLogprobs > 0 ? `top_logprobs ${chatLogprobs}` : 'top_logprobs', chatLogprobs > 0),
    mark(promptLogprobs === null ? 'prompt_logprobs' : PROMPT_WAYS[promptLogprobs], promptLogprobs !== null),
    mark('json_schema', capabilities.jsonSchema),
    mark('temperature', capabilities.temperature),
    mark('reasoning_effort', capabilities.reasoningEffort),
    mark(capabilities.tokenLimit, true),
    tenIsOneToken === null
      ? '"10" was not seen'
      : tenIsOneToken
        ? '"10" is one token'
        : '"10" is two tokens (bills then uses integers)',
  ]
}

function listed(models: readonly string[]): string {
  if (models.length === 0) return 'no model'
  const more = models.length - MOST_LISTED
  return `${models.slice(0, MOST_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function bytes(count: number): string {
  const gigabytes = count / 1e9
  return `${gigabytes >= 10 ? Math.round(gigabytes).toLocaleString('en') : gigabytes.toFixed(1)} GB`
}

/** Lines with labels on the left and verdicts on the right. All text is escaped here. */
class Rows {
  readonly lines: string[] = []
  readonly #width: number
  readonly #style: Style

  constructor(width: number, style: Style) {
    this.#width = width
    this.#style = style
  }

  plain(parts: readonly string[], verdict: string): void {
    this.#add(' ', ' ', wrap(escaped(parts).join(GAP), this.#width - 1, GAP), verdict)
  }

  labelled(label: string, parts: readonly string[], verdict = ''): void {
    const [first, rest, columns] = this.#margins(label)
    this.#add(first, rest, wrap(escaped(parts).join(GAP), columns, GAP), verdict)
  }

  sentence(label: string, text: string): void {
    const [first, rest, columns] = this.#margins(label)
    this.#add(first, rest, wrap(escapeForTerminal(text), columns), '')
  }

  #margins(label: string): [first: string, rest: string, columns: number] {
    const first = ` ${this.#style.dim(label.padEnd(LABEL_COLUMNS))}`
    return [
      label === '' ? ' '.repeat(LABEL_COLUMNS + 1) : first,
      ' '.repeat(LABEL_COLUMNS + 1),
      this.#width - LABEL_COLUMNS - 1,
    ]
  }

  #add(first: string, rest: string, texts: readonly string[], verdict: string): void {
    const columns = this.#width - rest.length
    for (const [index, text] of texts.entries()) {
      const margin = index === 0 ? first : rest
      const last = index === texts.length - 1
      const space = columns - widthOf(text) - widthOf(verdict)
      if (last && verdict !== '' && space >= 2)
        this.lines.push(margin + this.#marked(text) + ' '.repeat(space) + this.#marked(verdict))
      else this.lines.push((margin + this.#marked(text)).trimEnd())
      if (last && verdict !== '' && space < 2) {
        const cut = truncate(verdict, columns)
        this.lines.push(rest + ' '.repeat(columns - widthOf(cut)) + this.#marked(cut))
      }
    }
  }

  #marked(text: string): string {
    if (text === 'ok') return this.#style.accent(text)
    return text.replace(/ ✓/g, ` ${this.#style.accent('✓')}`).replace(/✗/g, this.#style.bold('✗'))
  }
}

function escaped(parts: readonly string[]): string[] {
  return parts.map(escapeForTerminal)
}
