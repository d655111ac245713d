/** The rules of the house, checked on source text. Pure, so that a planted violation can prove that they bite. */

/** Source files by path from the repository's root, with forward slashes. */
export type Sources = ReadonlyMap<string, string>

/** Which of our folders a folder may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  corpus: ['core'],
  model: ['core'],
  sae: ['core'],
  collect: ['core'],
  autointerp: ['core'],
  llm: ['core'],
  import: ['core'],
  export: ['core'],
  store: ['core'],
  review: ['core'],
  tui: ['core'],
  pipeline: ['core', 'corpus', 'collect', 'autointerp', 'review', 'import', 'export'],
  cli: [
    'core',
    'corpus',
    'model',
    'sae',
    'collect',
    'autointerp',
    'llm',
    'store',
    'pipeline',
    'tui',
    'review',
    'import',
    'export',
  ],
}

/** The homes of third-party libraries. A library with a second home says why. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['model', 'sae'], // two kinds of graph, each with its own session
  '@huggingface/tokenizers': ['model'],
  'simple-statistics': ['autointerp', 'review'], // ranks of activations, and of ratings
  '@pydantic/genai-prices': ['llm'],
  openai: ['llm'],
  undici: ['llm'],
  'node-llama-cpp': ['llm'], // an optional peer
  '@observablehq/plot': ['export'],
  linkedom: ['export'],
  '@resvg/resvg-js': ['export'],
  'better-sqlite3': ['store'],
  'string-width': ['tui'],
  ink: ['tui'],
  react: ['tui'],
  hyparquet: ['export', 'import'], // the types of a schema; exported tables read back
  'hyparquet-writer': ['export'],
  commander: ['cli'],
  yaml: ['core', 'cli'], // parsed and checked in core, written by gloss init
  zod: Object.keys(ALLOWED), // at every edge
}

/** Folders whose files compute and touch nothing: no file system, no network, no clock. */
const PURE = ['autointerp', 'review', 'import']

/** What only the command line may touch. */
const PROCESS = /\bprocess\.(?:env|exit|exitCode|stdout|stderr|argv|cwd)\b|\bconsole\./

/** A statement of SQL, as distinct from the English words. */
const SQL =
  /['"`]\s*(?:SELECT\s[\s\S]*\sFROM|INSERT (?:OR \w+ )?INTO|UPDATE\s+\w+\s+SET|DELETE FROM|CREATE TABLE)\b/

/** Every violation, one line each. */
export function findViolations(sources: Sources): string[] {
  const imports = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]))
  return [
    ...[...sources].flatMap(([path, text]) => [
      ...folderViolations(path, imports.get(path)!),
      ...contentViolations(path, withoutComments(text)),
    ]),
    ...findCycles(imports),
  ]
}

interface Import {
  /** A path from the root, or a package's name. */
  readonly target: string
  readonly own: boolean
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** All imports of a file, those of types and dynamic ones too. */
function importsOf(path: string, text: string): Import[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => {
    const specifier = (match[1] ?? match[2] ?? match[3])!
    if (!specifier.startsWith('.')) return { target: packageName(specifier), own: false }
    const folder = path.split('/').slice(0, -1)
    for (const part of specifier.split('/')) {
      if (part === '..') folder.pop()
      else if (part !== '.') folder.push(part)
    }
    return { target: folder.join('/'), own: true }
  })
}

function folderViolations(path: string, imports: readonly Import[]): string[] {
  if (path === 'src/index.ts') return []
  const folder = path.split('/')[1]!
  const allowed = ALLOWED[folder]
  if (!allowed) return [`${path}: folder ${folder} is not in the table of folders`]
  return imports.flatMap(({ target, own }) => {
    if (own) {
      if (target === 'src/index.ts') return [`${path} imports the public API; import the defining file`]
      if (!target.endsWith('.ts') && !target.endsWith('.tsx'))
        return [`${path} imports ${target} without its extension`]
      const other = target.split('/')[1]!
      return other === folder || allowed.includes(other)
        ? []
        : [`${path} imports ${target}: ${folder} may not see ${other}`]
    }
    if (target.startsWith('node:'))
      return PURE.includes(folder) ? [`${path} imports ${target}: ${folder} is pure`] : []
    const homes = HOMES[target]
    if (!homes) return [`${path} imports ${target}, which has no home in the table`]
    return homes.includes(folder) ? [] : [`${path} imports ${target}, which lives in ${homes.join(' and ')}`]
  })
}

function contentViolations(path: string, code: string): string[] {
  const folder = path.split('/')[1]!
  const violations: string[] = []
  if (folder !== 'cli' && PROCESS.test(code)) violations.push(`${path} touches the process; only cli may`)
  if (folder !== 'store' && SQL.test(code)) violations.push(`${path} holds SQL; only store may`)
  if (/\bMath\.random\b/.test(code)) violations.push(`${path} draws from Math.random; pass a seed`)
  const statements = code.split('\n').filter((line) => line.trim() !== '')
  if (
    path !== 'src/index.ts' &&
    statements.length > 0 &&
    statements.every((line) => /^export .* from /.test(line))
  )
    violations.push(`${path} only passes exports on; import the defining files`)
  return violations
}

function findCycles(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return
    if (state.get(path) === 'open') {
      cycles.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
      return
    }
    state.set(path, 'open')
    for (const { target, own } of imports.get(path) ?? []) if (own) visit(target, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of imports.keys()) visit(path, [])
  return cycles
}

/** Exports without a TSDoc comment directly above. */
export function findUndocumented(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.split('\n')
    return lines.flatMap((line, index) => {
      const name =
        /^export (?:default )?(?:abstract |async )?(?:class|function\*?|const|interface|type) (\w+)/.exec(
          line,
        )?.[1]
      if (!name) return []
      return lines[index - 1]?.trim().endsWith('*/') ? [] : [`${path}: ${name} has no TSDoc`]
    })
  })
}

/** Paths in backticks that a document names but that do not exist. */
export function findDeadNames(document: string, exists: (path: string) => boolean): string[] {
  const named = [
    ...document.matchAll(
      /`((?:src|test|prompts|data|migrations|\.ci)\/[\w./@*-]*|[\w-]+\.(?:ts|json|yaml|md|mjs))`/g,
    ),
  ]
  return named.map((match) => match[1]!).filter((path) => !path.includes('*') && !exists(path))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\w])\/\/[^\n]*/g, '$1')
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
