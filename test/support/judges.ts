import type { ChatRequest } from '../../src/core/chat-model.ts'
import { escapeForPrompt } from '../../src/core/escape-prompt.ts'
import { Random } from '../../src/core/random.ts'
import { largestActivation, quantize } from '../../src/autointerp/quantize.ts'
import { firingIndices } from '../../src/autointerp/questions.ts'
import { tokenTexts } from '../../src/pipeline/token-texts.ts'
import { type MarkedWindow, type Question, readQuestion } from '../fake-llm/prompt-reading.ts'
import type { PlantedCollection } from './planted-collection.ts'

/** A judge answers from the text of a request alone. */
export type Judge = (request: ChatRequest) => string

type Asked = Extract<Question, { task: 'simulate' | 'choose' }>

/** How a judge treats an example of a simulation and a question with one or with several windows. */
interface Ways {
  /** Levels of an example's tokens. */
  readonly simulate: (
    tokens: readonly string[],
    number: number,
    all: readonly (readonly string[])[],
  ) => number[]
  readonly decide: (window: MarkedWindow, number: number, all: readonly MarkedWindow[]) => boolean
  readonly choose: (windows: readonly MarkedWindow[], number: number) => number
}

function judge(waysOf: (description: string) => Ways): Judge {
  return ({ messages }) => {
    const question = readQuestion(messages.at(-1)!.content)
    if (question.task === 'isolate') {
      const all = question.examples.map(({ tokens }) => tokens)
      return question.examples
        .map(({ description, tokens }, index) =>
          lineOf(index, waysOf(description).simulate(tokens, index, all)),
        )
        .join('\n')
    }
    if (question.task !== 'simulate' && question.task !== 'choose')
      throw new Error(`a judge cannot read ${messages.at(-1)!.content}`)
    return answer(question, waysOf(question.description))
  }
}

function answer(question: Asked, { simulate, decide, choose }: Ways): string {
  if (question.task === 'simulate') {
    const all = question.examples.map(({ tokens }) => tokens)
    return all.map((tokens, index) => lineOf(index, simulate(tokens, index, all))).join('\n')
  }
  const singles = question.questions.flatMap((windows) => (windows.length === 1 ? windows : []))
  return question.questions
    .map((windows, index) => {
      const said =
        windows.length === 1
          ? decide(windows[0]!, index, singles)
            ? 'yes'
            : 'no'
          : 'ABCDE'[choose(windows, index)]!
      return `${index + 1}: ${said}`
    })
    .join('\n')
}

function lineOf(index: number, levels: readonly number[]): string {
  const named = levels.flatMap((level, at) => (level > 0 ? [`${at + 1}=${level}`] : []))
  return `${index + 1}: ${named.join(' ') || 'none'}`
}

/** The judge that knows the windows from which an explanation was made, and nothing else; it alone reads whose it is. */
export const RECOGNISES = 'recognises shown windows'

/** The judges that know nothing of a feature, for a collection of one density. */
export function ignorantJudges(
  { study, set, features }: PlantedCollection,
  density: number,
): Readonly<Record<string, Judge>> {
  const textsOf = tokenTexts(study, set)
  const shown = new Map<string, number[]>()
  for (const feature of features) {
    const examples = study.store.examples.of(set.id, feature, study.protocol.name)
    const explained = examples.filter(({ use }) => use === 'explain')
    const max = largestActivation(explained)
    for (const { tokens, activations } of explained)
      shown.set(
        `${feature} ${textsOf(tokens).map(escapeForPrompt).join('')}`,
        activations.map((one) => quantize(one, max, 9)),
      )
  }
  const silent = (tokens: readonly string[]): number[] => tokens.map(() => 0)
  const every = (ways: Ways): Judge => judge(() => ways)
  const chanceOf = (...parts: readonly string[]): number => new Random(7, ...parts).uniform()
  return {
    position: every({
      simulate: (tokens) => tokens.map((_, index) => (index === 4 ? 9 : 0)),
      decide: (window, number) => (window.marked.length > 0 ? isInMiddle(window) : number % 2 === 0),
      choose: (windows) => windows.map(distanceToMiddle).reduce(leastOf, 0),
    }),
    [RECOGNISES]: judge((description) => {
      const key = (text: string): string => `${/\d+/.exec(description)![0]} ${text}`
      return {
        simulate: (tokens) => shown.get(key(tokens.join(''))) ?? silent(tokens),
        decide: ({ text }) => shown.has(key(text)),
        choose: (windows) =>
          Math.max(
            0,
            windows.findIndex(({ text }) => !shown.has(key(text))),
          ),
      }
    }),
    none: every({ simulate: silent, decide: () => false, choose: () => 0 }),
    all: every({ simulate: (tokens) => tokens.map(() => 9), decide: () => true, choose: () => 4 }),
    constant: every({ simulate: (tokens) => tokens.map(() => 5), decide: () => true, choose: () => 2 }),
    'coin flip': every({
      simulate: (tokens, number) =>
        tokens.map((_, index) => Math.floor(10 * chanceOf(tokens.join(''), `${number} ${index}`))),
      decide: ({ shown: line }, number) => chanceOf(line, `${number}`) < 0.5,
      choose: (windows) => Math.floor(5 * chanceOf(windows.map(({ shown: line }) => line).join())),
    }),
    'density alone': every({
      simulate: (tokens, number) =>
        tokens.map((_, index) => (chanceOf(tokens.join(''), `${number} ${index}`) < density ? 5 : 0)),
      decide: ({ shown: line }, number) => chanceOf(line, `${number}`) < density,
      choose: (windows) => Math.floor(5 * chanceOf(windows.map(({ shown: line }) => line).join())),
    }),
  }
}

/**
 * Says that what the examples of a call have in common fires: a token that comes twice or more, the more so the less often
 * it is to be expected. Reads no description. It knows how frequent tokens are, since one that goes by counts alone says
 * that frequent tokens fire, and is further from chance the rarer a feature's tokens are, in calls of any make.
 */
export function compositionJudge({ shareOf }: Pick<PlantedCollection, 'shareOf'>): Judge {
  return judge(() => compositionWays(shareOf))
}

/**
 * Says that frequent tokens fire, from the corpus alone: what {@link compositionJudge} is left with where the examples of
 * a call have nothing in common. Features that are rarer than frequent tokens put it below chance.
 */
export function frequencyJudge({ shareOf }: Pick<PlantedCollection, 'shareOf'>): Judge {
  return judge(() => ({
    ...compositionWays(shareOf),
    simulate: (tokens) => tokens.map((token) => levelOf(3 * Math.log(ISOLATED_TOKENS * shareOf(token)))),
  }))
}

/** Tokens of twenty examples. */
const ISOLATED_TOKENS = 180

const compositionWays = (shareOf: PlantedCollection['shareOf']): Ways => ({
  simulate: (tokens, _number, all) => {
    const shown = all.flat()
    const seen = countTokens(shown)
    return tokens.map((token) => {
      const [count, expected] = [seen.get(token)!, shown.length * shareOf(token)]
      return count > 1 ? levelOf(3 * Math.log((count + 0.5) / (expected + 0.5))) : 0
    })
  },
  decide: (window, number, all) => {
    const seen = countTokens(all.flatMap((one) => [...new Set(wordsOf(one))]))
    const shared = wordsOf(window).filter((word) => seen.get(word)! > 1).length
    return all.length > 1 ? shared > 0 : number % 2 === 0 && window.shown.length % 2 === 0
  },
  choose: (windows) => {
    const seen = countTokens(windows.flatMap((one) => [...new Set(wordsOf(one))]))
    return windows.map((one) => wordsOf(one).filter((word) => seen.get(word)! > 1).length).reduce(leastOf, 0)
  },
})

function levelOf(value: number): number {
  return Math.max(0, Math.min(9, Math.round(value)))
}

/** Knows the truth about every feature, which it finds by the description `feature N`. */
export function perfectJudge({ study, set, features }: PlantedCollection): Judge {
  const textsOf = tokenTexts(study, set)
  const { store, protocol } = study
  const levels = new Map<string, number[]>()
  const firing = new Set<string>()
  const likely = new Set<string>()
  for (const feature of features) {
    const key = (text: string): string => `${feature} ${text}`
    const sampled = store.examples.of(set.id, feature, protocol.name)
    const max = largestActivation(sampled.filter(({ use }) => use === 'explain'))
    for (const example of [...sampled, ...store.examples.of(set.id, feature, `${protocol.name}+random`)]) {
      if (example.use !== 'score') continue
      const texts = textsOf(example.tokens).map(escapeForPrompt)
      levels.set(
        key(texts.join('\0')),
        example.activations.map((one) => quantize(one, max, protocol.scale)),
      )
      const fires = firingIndices(example)
      if (fires.length === 0) continue
      firing.add(key(texts.join('')))
      firing.add(key(texts.map((text, at) => (fires.includes(at) ? `«${text}»` : text)).join('')))
    }
    for (const [token] of store.features.get(set.id, feature)!.logits!.top)
      likely.add(key(`«${textsOf([token]).map(escapeForPrompt).join('')}»`))
  }
  return (request) => {
    const ofNext = request.messages[0]!.content.includes('plausible as the next token')
    return judge((description) => {
      const key = (text: string): string => `${/\d+/.exec(description)![0]} ${text}`
      return {
        simulate: (tokens) => levels.get(key(tokens.join('\0'))) ?? tokens.map(() => 0),
        decide: ({ shown }) => (ofNext ? likely : firing).has(key(shown)),
        choose: (windows) =>
          Math.max(
            0,
            windows.findIndex(({ shown }) => !firing.has(key(shown))),
          ),
      }
    })(request)
  }
}

/** A judge of which a share of the calls fails, chosen by what is asked. */
export function failing(of: Judge, share: number): (request: ChatRequest) => string | null {
  return (request) => (new Random(3, request.messages.at(-1)!.content).uniform() < share ? null : of(request))
}

function wordsOf({ text }: MarkedWindow): string[] {
  return text.match(/ ?[^ ]+/g) ?? []
}

function countTokens(tokens: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  return counts
}

function distanceToMiddle({ shown }: MarkedWindow): number {
  return Math.abs(shown.indexOf('«') / Math.max(1, shown.length) - 0.5)
}

function isInMiddle(window: MarkedWindow): boolean {
  return distanceToMiddle(window) < 0.25
}

function leastOf(best: number, value: number, at: number, values: readonly number[]): number {
  return value < values[best]! ? at : best
}
