// What the baselines score beside a study's features, with the token table as the explainer.
// node test/bench/baselines.mjs STUDY [KIND …]: makes the baseline sets that a finished study lacks (copy it first),
// and compares.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import Database from 'better-sqlite3'

const PROGRAM = new URL('../../dist/cli/main.js', import.meta.url).pathname
const [folder, ...named] = process.argv.slice(2)
if (!folder) throw new Error('usage: node test/bench/baselines.mjs STUDY [KIND …]')

function gloss(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`gloss ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

function print(line) {
  process.stdout.write(`${line}\n`)
}

const KINDS = ['sae', ...(named.length > 0 ? named : ['neurons', 'random', 'shuffled'])]
const { sets } = JSON.parse(gloss('status', '--json'))
for (const kind of KINDS)
  if (!sets.some((set) => set.kind === kind && set.scored > 0)) gloss('run', '--quiet', '--kind', kind)

const database = new Database(join(folder, 'gloss.db'), { readonly: true })
function medianWhere(set, condition) {
  const values = database
    .prepare(
      `SELECT value FROM score JOIN explanation ON explanation.id = explanation_id
       JOIN feature ON feature.set_id = explanation.set_id AND feature.id = feature_id
       WHERE explanation.set_id = ? AND scorer = 'simulation' AND value IS NOT NULL AND ${condition} ORDER BY value`,
    )
    .pluck()
    .all(set)
  const middle = values.length / 2
  if (values.length === 0) return '–'
  const median = (values[Math.ceil(middle) - 1] + values[Math.floor(middle)]) / 2
  return `${median.toFixed(2)} (${values.length})`
}

const size = ({ value, interval }) =>
  `${value.toFixed(2)} [${interval ? `${interval.low.toFixed(2)}, ${interval.high.toFixed(2)}` : '–'}]`
print(
  '| set | scored | median ρ (quartiles) | shuffled | above shuffled | single-token | median η² | not single-token: median (n) | η² < .5: median (n) | δ of the features over it | at matched density and η² (n, n; strata) | p | firings M | collection MB |',
)
print(`|${'---|'.repeat(14)}`)
for (const kind of KINDS) {
  const found = JSON.parse(gloss('status', '--json', '--set', kind))
  const against =
    kind === 'sae' ? null : JSON.parse(gloss('status', '--json', '--set', 'sae', '--against', kind)).against
  const { bytes, entries } = database
    .prepare('SELECT bytes, entries FROM collection WHERE set_id = ?')
    .get(found.set)
  const shuffledGains = database
    .prepare(
      `SELECT avg(gain_low > 0) FROM control JOIN score ON score.id = score_id
       JOIN explanation ON explanation.id = explanation_id WHERE set_id = ? AND name = 'shuffled' AND gain_low IS NOT NULL`,
    )
    .pluck()
    .get(found.set)
  const { median, q1, q3 } = found.score
  const matched = against?.matched
  const cells = [
    kind,
    `${found.scored} of ${found.features}`,
    `${median.toFixed(2)} (${q1.toFixed(2)}, ${q3.toFixed(2)})`,
    found.controls.shuffled.toFixed(2),
    `${(100 * shuffledGains).toFixed(1)} %`,
    `${(100 * found.singleTokenShare).toFixed(0)} %`,
    found.tokenShare.toFixed(2),
    medianWhere(found.set, 'single_token = 0'),
    medianWhere(found.set, 'token_share < 0.5'),
    against ? size(against.delta) : '',
    matched ? `${size(matched)} (${matched.features.join(', ')}; ${matched.strata})` : '',
    against ? against.mannWhitney.p.toExponential(0) : '',
    (entries / 1e6).toFixed(0),
    (bytes / 1e6).toFixed(0),
  ]
  print(`| ${cells.join(' | ')} |`)
}
