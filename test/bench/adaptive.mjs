/**
 * Adaptive scoring on planted features: does stopping at the wanted half-width bias scores, and do their intervals
 * still cover? `node test/bench/adaptive.mjs [features] [repeats]`, after `npm run build`.
 *
 * Each feature has a truth and a judge of its own: how strongly it fires, how often beside the nominal token, how often
 * the judge misses a whole example, how wrong its levels are and how often it sees what is not there. Its true score is
 * that of 18,000 examples in the protocol's mix. Examples are then drawn afresh, scored at every look by the very
 * functions that score, and stopped at every half-width.
 */
import { Bootstrap } from '../../dist/autointerp/bootstrap.js'
import { scoreSimulation } from '../../dist/autointerp/simulation-score.js'
import { examplesByLook, LOOKS, mixAt } from '../../dist/collect/looks.js'
import { Random } from '../../dist/core/random.js'

const FEATURES = Number(process.argv[2] ?? 400)
const REPEATS = Number(process.argv[3] ?? 8)
const HALF_WIDTHS = [0.05, 0.08, 0.1, 0.12]
const MIX = { top: 6, perInterval: 2, random: 10, other: 20 }
const INTERVALS = 12
const SCALE = 9
const LIMITS = { minimumExamples: 20, minimumFiring: 5 }
const bootstrap = new Bootstrap(0)

/** The scores of half of the planted judges lie between 0.45 and 0.85, as those of real token tables do. */
function plant(feature) {
  const random = new Random(7, 'planted', feature)
  return {
    density: 10 ** (-3 + 1.5 * random.uniform()),
    beside: 0.3 * random.uniform(),
    missed: 0.7 * random.uniform() ** 1.5,
    noise: 3 * random.uniform(),
    fooled: 0.8 * random.uniform() ** 2,
    elsewhere: 0.05 * random.uniform() ** 2,
    otherFires: 0.4 * random.uniform(),
  }
}

function draw(planted, slice, random) {
  const nominal = random.below(9)
  const activations = Array.from({ length: 9 }, () => 0)
  const strength = strengthOf(planted, slice, random)
  if (strength > 0) {
    activations[nominal] = strength
    for (const at of [nominal - 1, nominal + 1])
      if (at >= 0 && at < 9 && random.uniform() < planted.beside)
        activations[at] = strength * random.uniform()
  }
  const isMissed = random.uniform() < planted.missed
  const isFooled = slice === 'other' && random.uniform() < planted.fooled
  const predicted = activations.map((activation, index) => {
    if (activation > 0) {
      if (isMissed) return 0
      const level = Math.round(SCALE * activation + planted.noise * random.normal())
      return Math.min(SCALE, Math.max(0, level))
    }
    if (isFooled && index === nominal) return 1 + random.below(SCALE)
    return random.uniform() < planted.elsewhere ? 1 + random.below(4) : 0
  })
  return { slice, nominal, silent: activations[nominal] === 0, activations, predicted }
}

function strengthOf(planted, slice, random) {
  if (slice === 'top') return 0.85 + 0.15 * random.uniform()
  if (slice === 'random') return random.uniform() < 9 * planted.density ? random.uniform() ** 2 : 0
  if (slice === 'other') return random.uniform() < planted.otherFires ? random.uniform() ** 2 : 0
  return (Number(slice.split(' ')[1]) - random.uniform()) / INTERVALS
}

function slicesOf({ top, interval, random, other }) {
  const of = (count, name) => Array.from({ length: count }, (_, i) => name(i))
  return [
    ...of(top, () => 'top'),
    ...of(interval, (i) => `interval ${1 + (i % INTERVALS)}`),
    ...of(random, () => 'random'),
    ...of(other, () => 'other'),
  ]
}

const scoreOf = (examples, intervals = bootstrap) =>
  scoreSimulation(examples, [], LIMITS, intervals, true).simulation

const tally = HALF_WIDTHS.map((halfWidth) => ({
  halfWidth,
  runs: 0,
  examples: 0,
  reached: 0,
  covered: 0,
  errors: [],
}))
const fixed = LOOKS.map((look) => ({ look, covered: 0, runs: 0, errors: [] }))
const truths = []
const few = new Bootstrap(0, 1)
for (let feature = 0; feature < FEATURES; feature++) {
  const planted = plant(feature)
  const drawAll = (slices, random) => slices.map((slice) => draw(planted, slice, random))
  const truth = scoreOf(
    drawAll(slicesOf(mixAt(MIX, INTERVALS, 18_000)), new Random(8, 'truth', feature)),
    few,
  ).value
  truths.push(truth)
  const errors = HALF_WIDTHS.map(() => 0)
  const fixedErrors = LOOKS.map(() => 0)
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const random = new Random(9, 'examples', feature, repeat)
    const standard = drawAll(slicesOf(mixAt(MIX, INTERVALS, 60)), random)
    const extra = [30, 30, 60].flatMap((count) => drawAll(slicesOf(mixAt(MIX, INTERVALS, count)), random))
    const looks = examplesByLook(standard, extra, MIX, INTERVALS, repeat, feature)
    const used = []
    const found = looks.map((added, look) => {
      used.push(...added)
      const score = scoreOf(used)
      fixedErrors[look] += score.value - truth
      fixed[look].runs++
      if (score.low <= truth && truth <= score.high) fixed[look].covered++
      return { ...score, examples: used.length }
    })
    for (const [place, one] of tally.entries()) {
      const stop = found.find(({ low, high }) => (high - low) / 2 <= one.halfWidth) ?? found.at(-1)
      one.runs++
      one.examples += stop.examples
      if ((stop.high - stop.low) / 2 <= one.halfWidth) one.reached++
      if (stop.low <= truth && truth <= stop.high) one.covered++
      errors[place] += stop.value - truth
    }
  }
  for (const [place, error] of errors.entries()) tally[place].errors.push(error / REPEATS)
  for (const [place, error] of fixedErrors.entries()) fixed[place].errors.push(error / REPEATS)
}

function print(text) {
  process.stdout.write(`${text}\n`)
}

/** The mean, and twice its standard error, with the feature as unit. */
function spread(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return [mean, 2 * Math.sqrt(variance / values.length)].map((value) => value.toFixed(4))
}

truths.sort((a, b) => a - b)
const at = (share) => truths[Math.floor(share * (truths.length - 1))].toFixed(2)
print(
  `${FEATURES} features, ${REPEATS} fresh samples each; true scores ${at(0.25)}, ${at(0.5)}, ${at(0.75)} (quartiles)`,
)
print('\n| half-width | reached | mean examples | bias ± 2 SE | coverage at the stop |\n|--|--|--|--|--|')
for (const { halfWidth, runs, examples, reached, covered, errors } of tally) {
  const [bias, error] = spread(errors)
  print(
    `| ${halfWidth} | ${((100 * reached) / runs).toFixed(1)} % | ${(examples / runs).toFixed(1)} | ${bias} ± ${error} | ${(covered / runs).toFixed(3)} |`,
  )
}
print('\n| fixed examples | bias ± 2 SE | coverage |\n|--|--|--|')
for (const { look, covered, runs, errors } of fixed) {
  const [bias, error] = spread(errors)
  print(`| ${look} | ${bias} ± ${error} | ${(covered / runs).toFixed(3)} |`)
}
