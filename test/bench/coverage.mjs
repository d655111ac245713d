// How often the interval of a score covers the true value: features made up with a known way of firing and of being
// predicted, scored on 60 examples, against the value over many fresh ones.
//
//   node test/bench/coverage.mjs [FEATURES = 400]
import { Bootstrap, Random, scoreSimulation, spearman } from '../../dist/index.js'

const SLICES = [
  ...Array.from({ length: 6 }, () => 'top'),
  ...Array.from({ length: 24 }, (_, index) => `interval ${1 + (index >> 1)}`),
  ...Array.from({ length: 10 }, () => 'random'),
  ...Array.from({ length: 20 }, () => 'other'),
]
const LIMITS = { minimumExamples: 20, minimumFiring: 5 }
/** Fresh samples of 60 examples that the true value is taken from. */
const FRESH = 60

/** 60 examples; the judge finds a firing token with probability `hit` and makes one up with probability `invented`. */
function sample(feature, round) {
  const features = new Random(11, 'feature', feature)
  const [hit, invented, spread] = [
    0.3 + 0.7 * features.uniform(),
    0.1 * features.uniform(),
    1 + features.below(4),
  ]
  const random = new Random(12, 'sample', feature, round)
  return SLICES.map((slice) => {
    const nominal = random.below(9)
    const strength = slice === 'top' ? 1 : slice.startsWith('interval') ? Number(slice.slice(9)) / 12 : 0
    // Windows differ: in some the judge is right more often, which ties their tokens together.
    const luck = random.uniform() < 0.5 ? hit : hit / 2
    const activations = Array.from({ length: 9 }, (_, index) =>
      index === nominal && strength > 0
        ? strength * (1 - random.uniform() / 12)
        : strength > 0 && random.uniform() < 0.08
          ? random.uniform()
          : 0,
    )
    const predicted = activations.map((activation) => {
      if (activation > 0)
        return random.uniform() < luck
          ? Math.max(1, Math.min(9, Math.round(9 * activation) + random.below(spread)))
          : 0
      return random.uniform() < invented ? 1 + random.below(9) : 0
    })
    return { slice, nominal, silent: activations[nominal] === 0, activations, predicted }
  })
}

const count = Number(process.argv[2] ?? 400)
const bootstrap = new Bootstrap(0)
let covered = 0
let width = 0
let scored = 0
for (let feature = 0; feature < count; feature++) {
  const fresh = Array.from({ length: FRESH }, (_, round) => sample(feature, round + 1)).flat()
  const truth = spearman(
    fresh.flatMap(({ activations }) => activations),
    fresh.flatMap(({ predicted }) => predicted),
  )
  const { simulation } = scoreSimulation(sample(feature, 0), [], LIMITS, bootstrap, true)
  if (simulation.low === null) continue
  scored++
  width += simulation.high - simulation.low
  if (simulation.low <= truth && truth <= simulation.high) covered++
}
const rate = covered / scored
const error = Math.sqrt((rate * (1 - rate)) / scored)
process.stdout.write(
  `${scored} features: coverage of 95 % intervals ${rate.toFixed(3)} ± ${error.toFixed(3)}, mean width ${(width / scored).toFixed(3)}\n`,
)
