import {
  about,
  aboutKind,
  at,
  both,
  type Concept,
  either,
  fires,
  isOf,
  isOneOf,
  isMark,
  isWord,
  matches,
  type Test,
} from './concepts.ts'
import { KINDS, type Kind, NAMES } from './vocabulary.ts'

/** One planted feature: what it does, three false descriptions, and sentences on which it fires or nearly does. */
export interface Variant {
  readonly truth: Concept
  /** Fires on more, or on less, than the truth. */
  readonly near: Concept
  /** The same idea about something else. */
  readonly sibling: Concept
  /** What the texts are about. */
  readonly topic: Concept
  /** Sentences with kinds in braces. `{animal#1}` is the same word wherever it stands in a sentence. */
  readonly firing: readonly string[]
  readonly silent: readonly string[]
}

/** A family of planted features. */
export interface Rule {
  readonly name: string
  readonly variants: readonly Variant[]
}

/** A variant for each parameter; each knows the next one, for what it is confused with. */
export function rule<Parameter>(
  name: string,
  parameters: readonly Parameter[],
  make: (parameter: Parameter, other: Parameter) => Variant,
): Rule {
  return {
    name,
    variants: parameters.map((parameter, index) =>
      make(parameter, parameters[(index + 1) % parameters.length]!),
    ),
  }
}

const FRAMES = [
  'The X was there again.',
  'She saw a X and smiled.',
  'He spoke of the X all day.',
  'A X stood beside the {furniture}.',
  'They had a X, as usual.',
  'It was about some X or other.',
  'Near the {water} they found the X.',
  'You and the X are late.',
]

/** Sentences around a word or a kind in braces. */
export function around(word: string): string[] {
  return FRAMES.map((frame) => frame.replace('X', word))
}

const slot = (kind: Kind): string => `{${kind}}`
const named = (kind: Kind): string => `Words for ${NAMES[kind]}`

function graded(text: string, strong: Test, weak: Test, weakly: number): Concept {
  return {
    text,
    level: (tokens, index) => (strong(tokens, index) ? 9 : weak(tokens, index) ? weakly : 0),
  }
}

const ENDINGS = ['ing', 'ed', 'ly', 'er', 'le'] as const
const ENDING_WORDS: Readonly<Record<(typeof ENDINGS)[number], string>> = {
  ing: 'walking telling singing making going',
  ed: 'painted needed wanted opened tried',
  ly: 'slowly rarely badly nearly gladly',
  er: 'sooner better river water later',
  le: 'table little apple people maple',
}

/** Rules about which word a token is. */
export const RULES_OF_WORDS: readonly Rule[] = [
  rule(
    'one word',
    [
      ['water', 'river'],
      ['animal', 'horse'],
      ['job', 'pilot'],
      ['tool', 'hammer'],
      ['food', 'bread'],
    ] as const,
    ([kind, word]) => {
      const other = KINDS[kind][3]
      return {
        truth: fires(`The word "${word}"`, isOneOf([word])),
        near: fires(named(kind), isOf(kind)),
        sibling: fires(`The word "${other}"`, isOneOf([other])),
        topic: aboutKind(kind),
        firing: around(word),
        silent: around(slot(kind)),
      }
    },
  ),
  rule('a kind', ['animal', 'color', 'weekday', 'metal', 'feeling'] as const, (kind, other) => ({
    truth: fires(named(kind), isOf(kind)),
    near: fires(
      `The words "${KINDS[kind][0]}" and "${KINDS[kind][1]}"`,
      isOneOf([KINDS[kind][0], KINDS[kind][1]]),
    ),
    sibling: fires(named(other), isOf(other)),
    topic: aboutKind(kind),
    firing: around(slot(kind)),
    silent: around(slot(other)),
  })),
  rule(
    'two kinds',
    [
      ['family', 'job', 'country'],
      ['clothing', 'furniture', 'body'],
      ['tree', 'food', 'metal'],
      ['vehicle', 'water', 'tool'],
      ['music', 'feeling', 'color'],
    ] as const,
    ([one, two, third]) => ({
      truth: fires(`${named(one)} and for ${NAMES[two]}`, either(isOf(one), isOf(two))),
      near: fires(named(one), isOf(one)),
      sibling: fires(`${named(third)} and for ${NAMES[two]}`, either(isOf(third), isOf(two))),
      topic: aboutKind(one),
      firing: [...around(slot(one)), ...around(slot(two))],
      silent: around(slot(third)),
    }),
  ),
  rule(
    'one kind more than another',
    [
      ['month', 'weekday'],
      ['job', 'family'],
      ['water', 'weather'],
      ['tool', 'metal'],
      ['music', 'clothing'],
    ] as const,
    ([strong, weak]) => ({
      truth: graded(
        `${named(strong)}, and a third as strongly words for ${NAMES[weak]}`,
        isOf(strong),
        isOf(weak),
        3,
      ),
      near: fires(named(strong), isOf(strong)),
      sibling: fires(named(weak), isOf(weak)),
      topic: about(
        `Passages about ${NAMES[strong]} or ${NAMES[weak]}, every word of them a little`,
        either(isOf(strong), isOf(weak)),
      ),
      firing: [...around(slot(strong)), ...around(slot(weak))],
      silent: around('{tree}'),
    }),
  ),
  rule(
    'one word of a kind most',
    ['animal', 'food', 'color', 'vehicle', 'body'] as const,
    (kind, other): Variant => {
      const [first, second] = KINDS[kind]
      return {
        truth: graded(`${named(kind)}, most strongly "${first}"`, isOneOf([first]), isOf(kind), 4),
        near: fires(`The word "${first}"`, isOneOf([first])),
        sibling: graded(`${named(other)}, most strongly "${second}"`, isOneOf([second]), isOf(other), 4),
        topic: aboutKind(kind),
        firing: [...around(slot(kind)), ...around(first)],
        silent: around(slot(other)),
      }
    },
  ),
  rule('the beginning of a word', ['s', 'b', 'c', 'm', 't'] as const, (letter, other) => ({
    truth: fires(`Words that begin with the letter ${letter}`, matches(new RegExp(`^${letter}\\p{L}`, 'iu'))),
    near: fires(
      `Words that begin with the letter ${letter} or the letter a`,
      matches(new RegExp(`^[${letter}a]\\p{L}*`, 'iu')),
    ),
    sibling: fires(`Words that begin with the letter ${other}`, matches(new RegExp(`^${other}\\p{L}`, 'iu'))),
    topic: fires(
      `Words with the letter ${letter} in them, but not at the beginning`,
      matches(new RegExp(`^\\p{L}+${letter}`, 'iu')),
    ),
    firing: around({ s: 'spider', b: 'butter', c: 'copper', m: 'miner', t: 'tailor' }[letter]).concat(
      'They bought a small blue cup to take there.',
    ),
    silent: [...around('{animal}'), ...around('{tool}')],
  })),
  rule('the end of a word', ENDINGS, (ending, other) => ({
    truth: fires(`Words that end in "${ending}"`, matches(new RegExp(`^\\p{L}+${ending}$`, 'iu'))),
    near: fires('Words of six or more letters', matches(/^\p{L}{6,}$/u)),
    sibling: fires(`Words that end in "${other}"`, matches(new RegExp(`^\\p{L}+${other}$`, 'iu'))),
    topic: about(
      `Sentences with an adverb or a participle, every word of them a little`,
      matches(/^\p{L}+(?:ing|ed|ly)$/iu),
    ),
    firing: ENDING_WORDS[ending].split(' ').map((word) => `It was ${word} when we came.`),
    silent: [
      ...ENDING_WORDS[other].split(' ').map((word) => `It was ${word} when we came.`),
      'A {animal} ran.',
    ],
  })),
  rule('a double letter', ['ee', 'oo', 'll', 'tt', 'pp'] as const, (letters, other) => ({
    truth: fires(`Words with "${letters}" in them`, matches(new RegExp(letters, 'iu'))),
    near: fires('Words with any double letter in them', matches(/(\p{L})\1/iu)),
    sibling: fires(`Words with "${other}" in them`, matches(new RegExp(other, 'iu'))),
    topic: fires(`Words that begin with ${letters[0]}`, matches(new RegExp(`^${letters[0]}`, 'iu'))),
    firing: {
      ee: ['The sheep need green trees.', 'Three deer feed here.'],
      oo: ['The wool was in the wood.', 'A good book stood on the stool.'],
      ll: ['The tall wall fell.', 'All bells will call.'],
      tt: ['Butter and otter matter.', 'A little kitten sat better.'],
      pp: ['An apple and a pepper.', 'Happy puppy, copper supper.'],
    }[letters],
    silent: [...around('{food}'), 'Butter, sheep, wool, copper and a tall tree.', 'A kiss for the boss.'],
  })),
  rule('a long word', [5, 6, 7, 8, 4] as const, (length) => ({
    truth: fires(`Words of exactly ${length} letters`, matches(new RegExp(`^\\p{L}{${length}}$`, 'u'))),
    near: fires(
      `Words of ${length - 1} or more letters`,
      matches(new RegExp(`^\\p{L}{${length - 1},}$`, 'u')),
    ),
    sibling: fires(
      `Words of exactly ${length - 1} letters`,
      matches(new RegExp(`^\\p{L}{${length - 1}}$`, 'u')),
    ),
    topic: fires('Short words of two or three letters', matches(/^\p{L}{2,3}$/u)),
    firing: around({ 4: 'wolf', 5: 'otter', 6: 'rabbit', 7: 'bicycle', 8: 'shoulder' }[length]),
    silent: ['It is up to us.', ...around('{month}')],
  })),
  rule('a kind in capitals', ['animal', 'food', 'tool', 'vehicle', 'tree'] as const, (kind, other) => {
    const capitals: Test = matches(/^\p{Lu}{2,}$/u)
    return {
      truth: fires(`${named(kind)} in capital letters`, both(isOf(kind), capitals)),
      near: fires(named(kind), isOf(kind)),
      sibling: fires(`${named(other)} in capital letters`, both(isOf(other), capitals)),
      topic: fires('Words in capital letters', capitals),
      firing: KINDS[kind].map((word) => `It said ${word.toUpperCase()} on the sign.`),
      silent: [
        ...KINDS[other].map((word) => `It said ${word.toUpperCase()} on the sign.`),
        ...around(slot(kind)),
        'STOP, it said, and DO NOT ENTER.',
      ],
    }
  }),
  rule('the second mention', ['animal', 'job', 'tree', 'music', 'vehicle'] as const, (kind, other) => {
    const mentioned: Test = (tokens, index) =>
      tokens
        .slice(Math.max(0, index - 8), Math.max(0, index))
        .some((token) => token.trim().toLowerCase() === tokens[index]?.trim().toLowerCase())
    return {
      truth: fires(`${named(kind)} that were mentioned a few words before`, both(isOf(kind), mentioned)),
      near: fires(named(kind), isOf(kind)),
      sibling: fires(
        `${named(kind)} that are mentioned for the first time`,
        both(isOf(kind), (tokens, index) => !mentioned(tokens, index)),
      ),
      topic: fires(`${named(other)} that were mentioned a few words before`, both(isOf(other), mentioned)),
      firing: [`The {${kind}#1} met another {${kind}#1}.`, `One {${kind}#1}, two {${kind}#1}, no more.`],
      silent: [...around(slot(kind)), `The {${other}#1} met another {${other}#1}.`],
    }
  }),
  rule('a pronoun that opens a sentence', ['he', 'she', 'they', 'we', 'it'] as const, (word, other) => {
    const opening: Test = at(-1, either(isMark('.'), isMark('!'), isMark('?')))
    const title = word[0]!.toUpperCase() + word.slice(1)
    return {
      truth: fires(`The word "${title}" at the beginning of a sentence`, both(isOneOf([word]), opening)),
      near: fires(`The word "${word}" anywhere`, isOneOf([word])),
      sibling: fires(`The word "${other}" at the beginning of a sentence`, both(isOneOf([other]), opening)),
      topic: fires('The first word of any sentence', both(isWord, opening)),
      firing: [
        `Nobody came. ${title} waited for the {job}.`,
        `The {family} left. ${title} had a {clothing}.`,
      ],
      silent: [
        `Where ${word} went, the {animal} went.`,
        `Then ${word} sat on the {furniture}.`,
        'It rained. He slept.',
      ],
    }
  }),
]
