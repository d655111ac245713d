import {
  aboutKind,
  at,
  both,
  either,
  fires,
  isMark,
  isNumber,
  isOf,
  isOneOf,
  isWord,
  type Test,
} from './concepts.ts'
import { around, type Rule, rule } from './rules-of-words.ts'
import { NAMES } from './vocabulary.ts'

/** Rules about where a token stands. */
export const RULES_OF_CONTEXTS: readonly Rule[] = [
  rule('a kind behind "the"', ['animal', 'job', 'water', 'furniture', 'vehicle'] as const, (kind) => ({
    truth: fires(`Words for ${NAMES[kind]} right after "the"`, both(isOf(kind), at(-1, isOneOf(['the'])))),
    near: fires(`Words for ${NAMES[kind]}`, isOf(kind)),
    sibling: fires(`Words for ${NAMES[kind]} right after "a"`, both(isOf(kind), at(-1, isOneOf(['a'])))),
    topic: aboutKind(kind),
    firing: [`He spoke of the {${kind}} all day.`, `Behind the {${kind}} it was dark.`],
    silent: [`She saw a {${kind}} and smiled.`, `One {${kind}} more or less.`, 'The {tree} and the {tool}.'],
  })),
  rule('the word behind a kind', ['animal', 'color', 'job', 'metal', 'family'] as const, (kind, other) => ({
    truth: fires(`The word that follows a word for ${NAMES[kind]}`, both(isWord, at(-1, isOf(kind)))),
    near: fires(
      `Words for ${NAMES[kind]} and the word that follows`,
      either(isOf(kind), both(isWord, at(-1, isOf(kind)))),
    ),
    sibling: fires(`The word that follows a word for ${NAMES[other]}`, both(isWord, at(-1, isOf(other)))),
    topic: aboutKind(kind),
    firing: around(`{${kind}}`),
    silent: around(`{${other}}`),
  })),
  rule(
    'the word before a kind',
    ['food', 'vehicle', 'tree', 'clothing', 'music'] as const,
    (kind, other) => ({
      truth: fires(`The word right before a word for ${NAMES[kind]}`, both(isWord, at(1, isOf(kind)))),
      near: fires(
        `Words for ${NAMES[kind]} and the word before`,
        either(isOf(kind), both(isWord, at(1, isOf(kind)))),
      ),
      sibling: fires(`The word right before a word for ${NAMES[other]}`, both(isWord, at(1, isOf(other)))),
      topic: aboutKind(kind),
      firing: around(`{${kind}}`),
      silent: around(`{${other}}`),
    }),
  ),
  rule(
    'a kind in quotation marks',
    ['color', 'tool', 'country', 'body', 'weather'] as const,
    (kind, other) => ({
      truth: fires(`Words for ${NAMES[kind]} inside quotation marks`, both(isOf(kind), at(-1, isMark('"')))),
      near: fires(`Words for ${NAMES[kind]}`, isOf(kind)),
      sibling: fires(
        `Words for ${NAMES[other]} inside quotation marks`,
        both(isOf(other), at(-1, isMark('"'))),
      ),
      topic: fires('Any word inside quotation marks', both(isWord, at(-1, isMark('"')))),
      firing: [`He wrote "{${kind}}" on the wall.`, `The sign said "{${kind}}" twice.`],
      silent: [...around(`{${kind}}`), `He wrote "{${other}}" on the wall.`],
    }),
  ),
  rule('a kind before a comma', ['food', 'animal', 'clothing', 'tree', 'metal'] as const, (kind, other) => ({
    truth: fires(`Words for ${NAMES[kind]} right before a comma`, both(isOf(kind), at(1, isMark(',')))),
    near: fires(`Words for ${NAMES[kind]}`, isOf(kind)),
    sibling: fires(`Words for ${NAMES[other]} right before a comma`, both(isOf(other), at(1, isMark(',')))),
    topic: fires('Any word right before a comma', both(isWord, at(1, isMark(',')))),
    firing: [`They had a {${kind}}, as usual.`, `Some {${kind}}, some luck.`],
    silent: [`He spoke of the {${kind}} all day.`, `They had a {${other}}, as usual.`],
  })),
  rule('a comma behind a kind', ['animal', 'month', 'job', 'color', 'food'] as const, (kind, other) => ({
    truth: fires(`The comma after a word for ${NAMES[kind]}`, both(isMark(','), at(-1, isOf(kind)))),
    near: fires('Commas', isMark(',')),
    sibling: fires(`The comma after a word for ${NAMES[other]}`, both(isMark(','), at(-1, isOf(other)))),
    topic: aboutKind(kind),
    firing: [`They had a {${kind}}, as usual.`, `Some {${kind}}, some luck.`],
    silent: [`They had a {${other}}, as usual.`, `He spoke of the {${kind}}; well, again.`],
  })),
  rule('the word behind a negation', ['not', 'never', 'without', 'no', 'hardly'] as const, (word, other) => ({
    truth: fires(`The word right after "${word}"`, both(isWord, at(-1, isOneOf([word])))),
    near: fires(
      'The word right after any negation',
      both(isWord, at(-1, isOneOf(['not', 'never', 'without', 'no', 'hardly']))),
    ),
    sibling: fires(`The word right after "${other}"`, both(isWord, at(-1, isOneOf([other])))),
    topic: fires(`The word "${word}"`, isOneOf([word])),
    firing: [`There was ${word} {food} there.`, `He had ${word} {feeling} at all.`],
    silent: [`There was ${other} {food} there.`, 'He had {feeling} at last.'],
  })),
  rule('a name behind a title', ['Dear', 'Mr', 'Mrs', 'Dr', 'Captain'] as const, (title, other) => ({
    truth: fires(`The name right after "${title}"`, both(isWord, at(-1, isOneOf([title])))),
    near: fires(
      'The name after any title or salutation',
      both(isWord, at(-1, isOneOf(['Dear', 'Mr', 'Mrs', 'Dr', 'Captain']))),
    ),
    sibling: fires(`The name right after "${other}"`, both(isWord, at(-1, isOneOf([other])))),
    topic: fires(`The word "${title}"`, isOneOf([title])),
    firing: [`Then ${title} Hill came by.`, `We met ${title} Stone on {weekday}.`, `Ask ${title} Woods.`],
    silent: [`Then ${other} Hill came by.`, `We met Stone on {weekday}.`, 'Hill and Woods left.'],
  })),
  rule('"and" within a kind', ['animal', 'food', 'color', 'job', 'tree'] as const, (kind, other) => ({
    truth: fires(
      `The word "and" between two words for ${NAMES[kind]}`,
      both(isOneOf(['and']), at(-1, isOf(kind)), at(1, isOf(kind))),
    ),
    near: fires('The word "and"', isOneOf(['and'])),
    sibling: fires(
      `The word "and" between two words for ${NAMES[other]}`,
      both(isOneOf(['and']), at(-1, isOf(other)), at(1, isOf(other))),
    ),
    topic: aboutKind(kind),
    firing: [`They saw {${kind}} and {${kind}} there.`, `Some like {${kind}} and {${kind}} best.`],
    silent: [`They saw {${other}} and {${other}} there.`, `We sat and ate and left.`],
  })),
  rule('a kind behind a preposition', ['in', 'on', 'under', 'near', 'behind'] as const, (word, other) => {
    const place: Test = either(isOf('furniture'), isOf('tree'))
    const after = (preposition: string): Test =>
      both(place, at(-1, isOneOf(['the'])), at(-2, isOneOf([preposition])))
    return {
      truth: fires(`Furniture and trees after "${word} the"`, after(word)),
      near: fires('Furniture and trees', place),
      sibling: fires(`Furniture and trees after "${other} the"`, after(other)),
      topic: fires(`The word "${word}"`, isOneOf([word])),
      firing: [`It lay ${word} the {furniture} for days.`, `He stood ${word} the {tree} again.`],
      silent: [
        `It lay ${other} the {furniture} for days.`,
        `He saw the {tree} again.`,
        `It was ${word} the {water}.`,
      ],
    }
  }),
  rule('the day of a month', ['January', 'April', 'June', 'July', 'October'] as const, (month, other) => ({
    truth: fires(`The number before "${month}"`, both(isNumber, at(1, isOneOf([month])))),
    near: fires('The number before any month', both(isNumber, at(1, isOf('month')))),
    sibling: fires(`The number before "${other}"`, both(isNumber, at(1, isOneOf([other])))),
    topic: fires(`The word "${month}"`, isOneOf([month])),
    firing: [`On {day} ${month} they left.`, `It was {day} ${month} by then.`],
    silent: [`On {day} ${other} they left.`, `It was ${month} by then.`, 'Room {number} on {weekday}.'],
  })),
]
