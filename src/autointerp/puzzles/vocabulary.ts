/** Words by kind, none longer than nine letters, none of two kinds. */
export const KINDS = {
  animal: ['horse', 'otter', 'sheep', 'rabbit', 'goose', 'wolf', 'camel', 'spider'],
  color: ['red', 'green', 'purple', 'yellow', 'brown', 'grey', 'scarlet', 'blue'],
  food: ['bread', 'butter', 'cheese', 'soup', 'apple', 'honey', 'rice', 'pepper'],
  weekday: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  month: ['January', 'February', 'April', 'June', 'July', 'October', 'November', 'December'],
  water: ['river', 'lake', 'ocean', 'pond', 'stream', 'bay', 'canal', 'lagoon'],
  family: ['mother', 'uncle', 'sister', 'nephew', 'father', 'cousin', 'aunt', 'brother'],
  job: ['baker', 'nurse', 'pilot', 'farmer', 'lawyer', 'tailor', 'miner', 'judge'],
  vehicle: ['truck', 'bicycle', 'tram', 'ferry', 'wagon', 'rocket', 'train', 'sledge'],
  weather: ['rain', 'fog', 'thunder', 'snow', 'hail', 'wind', 'drizzle', 'frost'],
  body: ['elbow', 'knee', 'shoulder', 'finger', 'ankle', 'chin', 'wrist', 'thumb'],
  music: ['violin', 'flute', 'drum', 'cello', 'trumpet', 'harp', 'piano', 'banjo'],
  country: ['Norway', 'Brazil', 'Kenya', 'Japan', 'Peru', 'Egypt', 'Greece', 'Chile'],
  metal: ['copper', 'iron', 'silver', 'zinc', 'gold', 'nickel', 'tin', 'bronze'],
  clothing: ['scarf', 'jacket', 'glove', 'boot', 'shirt', 'apron', 'hat', 'sock'],
  feeling: ['anger', 'joy', 'envy', 'fear', 'pride', 'grief', 'shame', 'relief'],
  tool: ['hammer', 'saw', 'chisel', 'wrench', 'drill', 'shovel', 'axe', 'rake'],
  tree: ['oak', 'birch', 'maple', 'willow', 'cedar', 'elm', 'pine', 'poplar'],
  furniture: ['table', 'chair', 'bench', 'shelf', 'cupboard', 'desk', 'stool', 'sofa'],
  verb: ['walking', 'painted', 'slowly', 'sooner', 'telling', 'needed', 'rarely', 'better'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** A kind of words. */
export type Kind = keyof typeof KINDS

/** What the words of a kind are called in explanations. */
export const NAMES: Readonly<Record<Kind, string>> = {
  animal: 'animals',
  color: 'colours',
  food: 'food',
  weekday: 'days of the week',
  month: 'months',
  water: 'bodies of water',
  family: 'relatives',
  job: 'occupations',
  vehicle: 'vehicles',
  weather: 'weather',
  body: 'parts of the body',
  music: 'musical instruments',
  country: 'countries',
  metal: 'metals',
  clothing: 'clothing',
  feeling: 'feelings',
  tool: 'tools',
  tree: 'trees',
  furniture: 'furniture',
  verb: 'doing things',
}

/** Sentences and lines for any puzzle, with kinds in braces. */
export const BACKGROUND: readonly string[] = [
  'The {animal} slept near the {furniture}.',
  'In {month} the {job} moved to {country}.',
  'A {color} {vehicle} crossed the {water} in the {weather}.',
  'My {family} bought some {food} on {weekday}.',
  'She hurt her {body}, so she could not play the {music}.',
  'They dug up a piece of {metal} under the {tree}.',
  'He put on a {color} {clothing} and took the {tool}.',
  'There was {feeling} in the voice of the {job}.',
  'Was it the {family} or the {job} who left the {tool} there?',
  'He was {verb} along the {water} with a {clothing}.',
  '\nconst total = count + {number};\nif (total > {number}) {\n  return list[{number}];\n}\n',
  '\nfor (const item of items) {\n  print(item.{tool});\n}\n',
  '\nHost: www.{tree}.org\nAccept: text/html\nServer: {metal}/{number}\n',
  '\nDate: {weekday}\nCookie: id={number}\n',
  'It cost ${number} and weighed {number} kg.',
  'We drove {number} km in {number} minutes!',
  'Dear Mr {tree}, we met on {number} {month}.',
  '\n- {food}\n- {food}\n* {tool}\n',
  'No {animal} was ever seen; it did not matter.',
  'Bring {food}, {food} and {tool} (or {clothing}).',
]
