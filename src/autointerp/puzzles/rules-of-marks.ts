import {
  about,
  at,
  both,
  type Concept,
  fires,
  isMark,
  isNumber,
  isOneOf,
  isWord,
  matches,
  type Test,
} from './concepts.ts'
import { type Rule, rule } from './rules-of-words.ts'

const CODE: Test = matches(/^(?:const|return|function|import|for|if)$/)
const codeTopic: Concept = about('Program code, every word of it a little', CODE)
const marks: Test = matches(/^[^\s\p{L}\p{N}]$/u)

const KEYWORD_LINES: Readonly<Record<string, string>> = {
  return: '\nreturn {tool} + {number};\n',
  if: '\nif ({food} > {number}) stop();\n',
  const: '\nconst {tree} = {number};\n',
  for: '\nfor {animal} in list:\n',
  import: '\nimport {metal} from here;\n',
}
const KEYWORDS = Object.keys(KEYWORD_LINES)

/** Rules about punctuation, numbers, lines and program code. */
export const RULES_OF_MARKS: readonly Rule[] = [
  rule('a mark', [',', '.', ';', '?', '!'] as const, (mark, other) => ({
    truth: fires(`The punctuation mark ${mark}`, isMark(mark)),
    near: fires('Punctuation marks of any kind', marks),
    sibling: fires(`The punctuation mark ${other}`, isMark(other)),
    topic: fires('The last word before a punctuation mark', both(isWord, at(1, marks))),
    firing: [`Well${mark} the {animal} was gone${mark}`, `A {food}${mark} a {tool}${mark}`],
    silent: [`Well${other} the {animal} was gone${other}`, `A {food} (or {tool}): yes.`],
  })),
  rule('an opening mark', ['(', '[', '{', '<', '"'] as const, (mark, other) => {
    const closing = { '(': ')', '[': ']', '{': '}', '<': '>', '"': '"' } as const
    const line = (one: typeof mark): string => `He saw ${escaped(one)}a {animal}${closing[one]} there.`
    return {
      truth: fires(`The word right after the mark ${mark}`, both(isWord, at(-1, isMark(mark)))),
      near: fires(
        'The word right after any bracket or quotation mark',
        both(isWord, at(-1, matches(/^[([{<"]$/))),
      ),
      sibling: fires(`The word right after the mark ${other}`, both(isWord, at(-1, isMark(other)))),
      topic: fires(`The mark ${mark}`, isMark(mark)),
      firing: [line(mark)],
      silent: [line(other), 'He saw a {animal} there.'],
    }
  }),
  rule('a keyword', KEYWORDS, (word, other) => ({
    truth: fires(`The keyword "${word}" in program code`, both(isOneOf([word]), at(-1, isMark('\n')))),
    near: fires('Keywords of program code', both(CODE, at(-1, isMark('\n')))),
    sibling: fires(`The keyword "${other}" in program code`, both(isOneOf([other]), at(-1, isMark('\n')))),
    topic: codeTopic,
    firing: [KEYWORD_LINES[word]!],
    silent: [KEYWORD_LINES[other]!, `They ask if it is for the return of the import.`],
  })),
  rule('the name behind a keyword', KEYWORDS, (word, other) => ({
    truth: fires(
      `The token that follows the keyword "${word}" in program code`,
      both(at(-1, isOneOf([word])), at(-2, isMark('\n'))),
    ),
    near: fires(
      'The token that follows any keyword of program code',
      both(at(-1, CODE), at(-2, isMark('\n'))),
    ),
    sibling: fires(
      `The token that follows the keyword "${other}" in program code`,
      both(at(-1, isOneOf([other])), at(-2, isMark('\n'))),
    ),
    topic: codeTopic,
    firing: [KEYWORD_LINES[word]!],
    silent: [KEYWORD_LINES[other]!, 'They ask if you are for it.'],
  })),
  rule('the first word of a list item', ['-', '*', '#', '>', '+'] as const, (mark, other) => ({
    truth: fires(
      `The word after ${mark} at the beginning of a line`,
      both(isWord, at(-1, isMark(mark)), at(-2, isMark('\n'))),
    ),
    near: fires(
      'The word after any mark at the beginning of a line',
      both(isWord, at(-1, marks), at(-2, isMark('\n'))),
    ),
    sibling: fires(
      `The word after ${other} at the beginning of a line`,
      both(isWord, at(-1, isMark(other)), at(-2, isMark('\n'))),
    ),
    topic: fires('The first word of a line', both(isWord, at(-1, isMark('\n')))),
    firing: [`\n${mark} {food}\n${mark} {tool} and {metal}\n`],
    silent: [`\n${other} {food}\n${other} {tool} and {metal}\n`, '\n{animal} first\n{job} second\n'],
  })),
  rule('a line break', [';', ':', ',', '.', ')'] as const, (mark, other) => ({
    truth: fires(`Line breaks right after ${mark}`, both(isMark('\n'), at(-1, isMark(mark)))),
    near: fires('Line breaks', isMark('\n')),
    sibling: fires(`Line breaks right after ${other}`, both(isMark('\n'), at(-1, isMark(other)))),
    topic: fires(`The mark ${mark}`, isMark(mark)),
    firing: [`the {tool} and the {food}${mark}\nthen a {animal}${mark}\n`],
    silent: [
      `the {tool} and the {food}${other}\nthen a {animal}\n`,
      `A {food}${mark} a {tool}${mark} no more`,
    ],
  })),
  rule('a price', ['$', '€', '£', '¥', '₹'] as const, (mark, other) => ({
    truth: fires(`The number after the sign ${mark}`, both(isNumber, at(-1, isMark(mark)))),
    near: fires('Numbers', isNumber),
    sibling: fires(`The number after the sign ${other}`, both(isNumber, at(-1, isMark(other)))),
    topic: fires(`The sign ${mark}`, isMark(mark)),
    firing: [`The {food} was ${mark}{number} today.`, `Pay ${mark}{number} for a {tool}.`],
    silent: [`The {food} was ${other}{number} today.`, 'Page {number} of {number}.', 'About {number} km.'],
  })),
  rule('a number before a unit', ['km', 'kg', 'minutes', 'degrees', 'percent'] as const, (unit, other) => ({
    truth: fires(`The number right before "${unit}"`, both(isNumber, at(1, isOneOf([unit])))),
    near: fires('Numbers', isNumber),
    sibling: fires(`The number right before "${other}"`, both(isNumber, at(1, isOneOf([other])))),
    topic: fires(`The word "${unit}"`, isOneOf([unit])),
    firing: [`It took {number} ${unit} in all.`, `Add {number} ${unit} to the {vehicle}.`],
    silent: [`It took {number} ${other} in all.`, 'Page {number} of {number}.'],
  })),
  rule('longer numbers more', ['km', 'kg', 'minutes', 'degrees', 'percent'] as const, (unit, other) => {
    const before = (one: string): Test => both(isNumber, at(1, isOneOf([one])))
    const digits = (token: string | undefined): number => (token ?? '').trim().length
    const by = (text: string, test: Test): Concept => ({
      text,
      level: (tokens, index) => (test(tokens, index) ? 3 * digits(tokens[index]) : 0),
    })
    return {
      truth: by(`Numbers before "${unit}", the more strongly the more digits they have`, before(unit)),
      near: by('Numbers, the more strongly the more digits they have', isNumber),
      sibling: by(`Numbers before "${other}", the more strongly the more digits they have`, before(other)),
      topic: fires(`The word "${unit}"`, isOneOf([unit])),
      firing: [`It took {number} ${unit} in all.`, `Add {number} ${unit} to the {vehicle}.`],
      silent: [
        `It took {number} ${other} in all.`,
        'Page {number} of {number}.',
        'It was ${number} in {month}.',
      ],
    }
  }),
  rule('the first digit of a number', ['1', '2', '3', '4', '5'] as const, (digit, other) => ({
    truth: fires(`Numbers that begin with the digit ${digit}`, matches(new RegExp(`^${digit}\\d*$`))),
    near: fires('Numbers', isNumber),
    sibling: fires(`Numbers that begin with the digit ${other}`, matches(new RegExp(`^${other}\\d*$`))),
    topic: fires(`Numbers that end with the digit ${digit}`, matches(new RegExp(`^\\d+${digit}$`))),
    firing: [
      `Room ${digit}7 and room ${digit}05.`,
      `It was ${digit}4 km.`,
      `Item ${digit}3{digit} of {number}.`,
    ],
    silent: [`Room {number} of {number}.`, `Item ${other}3{digit} of {number}.`],
  })),
  rule('the value of a header', ['Host', 'Accept', 'Date', 'Server', 'Cookie'] as const, (name, other) => {
    const value = (header: string): Test => both(at(-1, isMark(':')), at(-2, isOneOf([header])))
    return {
      truth: fires(`The first token of the value in the HTTP header "${name}:"`, value(name)),
      near: fires('The first token after any colon', at(-1, isMark(':'))),
      sibling: fires(`The first token of the value in the HTTP header "${other}:"`, value(other)),
      topic: fires(`The word "${name}"`, isOneOf([name])),
      firing: [`\n${name}: {tree}.org\n`, `\nGET /{tool}\n${name}: {metal} {number}\n`],
      silent: [`\n${other}: {tree}.org\n`, 'They brought: {food}.', `A {job} had a ${name} here.`],
    }
  }),
]

/** A brace of its own in a sentence whose braces hold kinds. */
function escaped(mark: string): string {
  return mark === '{' ? '{{' : mark
}
