import { tierOf } from '../../core/capabilities.ts'
import { EndpointError, type GlossError, StoreError, UsageError } from '../../core/errors.ts'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import type { Store } from '../../core/store.ts'
import { studyConfigSchema } from '../../core/study-config.ts'
import { GgufClient } from '../../llm/gguf-client.ts'
import { GGUF } from '../../llm/gguf-scheme.ts'
import { probeGguf } from '../../llm/gguf-probe.ts'
import { OpenAiClient } from '../../llm/openai-client.ts'
import { probe } from '../../llm/probe.ts'
import { type DatabaseReport, doctorLines, type DoctorReport, type EndpointReport } from '../../tui/doctor.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type Endpoint, resolveEndpoints } from '../endpoint.ts'
import { inspectMachine } from '../machine.ts'
import { modelFileOf } from '../model-file.ts'
import { OPTIONS, type StudyOptions, withCommonOptions } from '../options.ts'
import { DATABASE_FILE, findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

/** Long enough for a local server to load its model, short enough for somebody who waits. */
const MOST_PATIENCE_MS = 180_000

/** `gloss doctor`: what this machine and the endpoint can do. */
export const doctor: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('doctor')
    .description('what this machine and the endpoint can do: versions, devices, disk, database, LLM')
    .addHelpText(
      'after',
      `
Sends about four short requests to each endpoint. In a study, what they showed
is kept for later runs.

Examples:
  gloss doctor
  gloss doctor --llm http://localhost:8000/v1 --llm-model qwen3`,
    )
  for (const option of OPTIONS.llm)
    if (['--llm', '--llm-model', '--insecure-http'].includes(option.long ?? '')) command.addOption(option)
  withCommonOptions(command).action(async (options: StudyOptions) => {
    const terminal = terminalFor(options, surroundings)
    const workspace = workspaceOrNull(options, surroundings.folder)
    const { llm } = workspace === null ? NO_STUDY : readConfig(workspace, options)
    const { folder } = surroundings
    const file = modelFileOf(options, { llm }, { current: folder, study: workspace ?? folder })
    const found = file === null ? resolveEndpoints(options, { llm }, surroundings.environment) : null
    const { database, store } = workspace === null ? { database: null, store: null } : openDatabase(workspace)
    try {
      const timeoutMs = Math.min(llm.timeoutSeconds * 1000, MOST_PATIENCE_MS)
      const asked = (found?.endpoints ?? []).map((endpoint) => {
        terminal.say(`asking ${escapeForTerminal(endpoint.baseUrl)} …`)
        return askEndpoint(endpoint, found!.model, timeoutMs)
      })
      if (file !== null) {
        terminal.say(`loading ${escapeForTerminal(file)} …`)
        asked.push(askModelFile(file, options.llmModel))
      }
      const [machine, ...answers] = await Promise.all([
        inspectMachine(workspace ?? surroundings.folder),
        ...asked,
      ])
      const endpoints = answers.map(({ report }) => report)
      const report: DoctorReport = {
        ...machine,
        database,
        endpoints,
        warnings: [...machine.warnings, ...endpoints.flatMap(shutdownWarning)],
      }
      if (options.json) terminal.printJson(jsonOf(report))
      else terminal.print(...doctorLines(report, terminal.columns, terminal.style))
      // A model file is the same whenever it is asked.
      for (const { baseUrl, model, server, capabilities, chat } of file === null ? endpoints : [])
        if (chat) store?.endpoints.put({ baseUrl, model, server, capabilities, limits: null }, new Date())
      const [problem] = [...problemsOf(database), ...answers.flatMap(({ error }) => error ?? [])]
      if (problem !== undefined) throw problem
    } finally {
      store?.close()
    }
  })
}

const NO_STUDY = { llm: studyConfigSchema.shape.llm.parse(undefined) }

/** The study, if the command is called in one or names one. @throws {UsageError} where the named one is not there */
function workspaceOrNull(options: StudyOptions, folder: string): string | null {
  try {
    return findWorkspace(options, folder)
  } catch (error) {
    if (options.workspace === undefined && error instanceof UsageError) return null
    throw error
  }
}

/** The state of the database, and the store where it can be written. */
function openDatabase(workspace: string): { database: DatabaseReport; store: Store | null } {
  const path = DATABASE_FILE
  let store: Store | null = null
  try {
    store = openWorkspaceStore(workspace, false)
    const problems = store.integrity()
    if (problems.length === 0) return { database: { path, state: 'sound', problems }, store }
    store.close()
    return { database: { path, state: 'damaged', problems }, store: null }
  } catch (error) {
    store?.close()
    if (error instanceof UsageError)
      return { database: { path, state: 'missing', problems: [] }, store: null }
    if (!(error instanceof StoreError)) throw error
    const state = error.code === 'database-damaged' ? 'damaged' : 'unusable'
    return { database: { path, state, problems: [error.message] }, store: null }
  }
}

interface Answer {
  readonly report: EndpointReport
  readonly error: EndpointError | null
}

async function askEndpoint({ baseUrl, key }: Endpoint, model: string, timeoutMs: number): Promise<Answer> {
  const client = new OpenAiClient({ baseUrl, model, key, timeoutMs })
  try {
    const result = await probe(client)
    const error = result.chat
      ? null
      : result.modelServed === false
        ? new EndpointError(
            'endpoint-not-found',
            `${baseUrl} does not serve the model ${JSON.stringify(model)}; name another one with --llm-model`,
            { failure: 'run-stopping' },
          )
        : new EndpointError(
            'endpoint-malformed',
            `expected a chat completion from ${baseUrl}, found something else; check that it is the base URL of an OpenAI-compatible API, which mostly ends in /v1`,
            { failure: 'run-stopping' },
          )
    return { report: { baseUrl, model, ...result, error: error?.message ?? null }, error }
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error
    return {
      report: { ...NO_ANSWER, baseUrl, model, error: error.message },
      error,
    }
  } finally {
    await client.close()
  }
}

/** @throws {UsageError | DataError} where the file cannot be used */
async function askModelFile(path: string, name?: string): Promise<Answer> {
  const client = await GgufClient.open(path, { name })
  try {
    const result = await probeGguf(client)
    const said = result.notes[0] ?? 'the message is empty'
    const error = result.chat ? null : new EndpointError('gguf-no-chat', said, { failure: 'run-stopping' })
    const { baseUrl, model } = { baseUrl: `${GGUF}${path}`, model: client.model }
    return { report: { ...result, baseUrl, model, error: error?.message ?? null }, error }
  } finally {
    await client.close()
  }
}

const NO_ANSWER = {
  server: null,
  models: null,
  modelServed: null,
  chat: false,
  capabilities: null,
  calls: 0,
  notes: [],
} as const

function problemsOf(database: DatabaseReport | null): GlossError[] {
  if (database === null || database.problems.length === 0) return []
  return [
    new StoreError(
      `database-${database.state}`,
      database.state === 'damaged'
        ? `${database.path} is damaged (${database.problems[0]}); restore a copy of it`
        : database.problems[0]!,
    ),
  ]
}

function shutdownWarning({ baseUrl, model, capabilities }: EndpointReport): string[] {
  const date = capabilities?.shutdownDate
  return date
    ? [`${model} at ${baseUrl} is shut down on ${date}: its scores cannot be repeated after that`]
    : []
}

function jsonOf({ node, sqlite, devices, freeBytes, database, endpoints, warnings }: DoctorReport): object {
  const shown = endpoints.map(({ baseUrl, model, server, chat, capabilities, ...rest }) => ({
    baseUrl,
    model,
    server,
    chat,
    capabilities: chat ? capabilities : null,
    tier: chat && capabilities !== null ? tierOf(capabilities) : null,
    ...rest,
  }))
  return {
    node,
    sqlite,
    devices,
    disk: { freeBytes },
    database,
    endpoint: shown[0] ?? null,
    ...(shown.length > 1 ? { endpoints: shown } : {}),
    warnings,
  }
}
