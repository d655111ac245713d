import { ConfigError } from '../../core/errors.ts'

/** What a key can do, with its keys and what the help says. */
const ACTIONS = {
  down: { keys: ['j', 'down'], help: 'next line or example' },
  up: { keys: ['k', 'up'], help: 'line or example before' },
  left: { keys: ['h', 'left', '['], help: 'group before' },
  right: { keys: ['l', 'right', ']'], help: 'next group' },
  pageDown: { keys: ['ctrl+d', 'pagedown'], help: 'a screen on' },
  pageUp: { keys: ['ctrl+u', 'pageup'], help: 'a screen back' },
  first: { keys: ['g', 'home'], help: 'to the beginning' },
  last: { keys: ['G', 'end'], help: 'to the end' },
  accept: { keys: ['enter'], help: 'open; submit and go on' },
  back: { keys: ['escape'], help: 'back' },
  filter: { keys: ['/'], help: 'filter and search' },
  goTo: { keys: [':'], help: 'go to a number' },
  sort: { keys: ['o'], help: 'sort by the next column' },
  reverse: { keys: ['O'], help: 'turn the order round' },
  next: { keys: ['n', 'ctrl+n'], help: 'next feature or item' },
  previous: { keys: ['p', 'ctrl+p'], help: 'feature or item before' },
  nextQuestion: { keys: ['tab'], help: 'next question or neighbour' },
  previousQuestion: { keys: ['shift+tab'], help: 'question or neighbour before' },
  edit: { keys: ['e'], help: 'write the hypothesis; of a task, read all of the explanation' },
  clear: { keys: ['x', 'delete'], help: 'take an answer back' },
  undo: { keys: ['u', 'z'], help: 'undo the last change, across items' },
  redo: { keys: ['Z'], help: 'make it again' },
  skip: { keys: ['s'], help: 'skip the item, with a reason' },
  flag: { keys: ['f'], help: 'flag the item' },
  comment: { keys: ['c'], help: 'comment on the item' },
  help: { keys: ['?'], help: 'all keys' },
  quit: { keys: ['q'], help: 'leave; everything is saved' },
  suspend: { keys: ['ctrl+z'], help: 'to the shell, fg comes back' },
} as const satisfies Readonly<Record<string, { readonly keys: readonly string[]; readonly help: string }>>

/** The name of something a key can do. */
export type Action = keyof typeof ACTIONS

/** All actions with what the help says of them. */
export const ACTION_HELP: readonly (readonly [Action, string])[] = Object.entries(ACTIONS).map(
  ([action, { help }]) => [action as Action, help],
)

/** Which key does what. */
export interface Keymap {
  readonly actionOf: (key: string) => Action | null
  readonly keysOf: (action: Action) => readonly string[]
}

/**
 * The keys of the review screens, with a user's own in place of the default ones.
 * @param own keys by action, as `review.keys` of gloss.yaml has them
 * @throws {ConfigError} `keys-unknown-action`, `keys-reserved`, `keys-conflict`
 */
export function keymap(own: Readonly<Record<string, readonly string[]>> = {}): Keymap {
  for (const action of Object.keys(own))
    if (!Object.hasOwn(ACTIONS, action))
      throw new ConfigError(
        'keys-unknown-action',
        `review.keys: expected one of ${Object.keys(ACTIONS).join(', ')}, found ${JSON.stringify(action)}; correct gloss.yaml`,
      )
  const keys = new Map(
    ACTION_HELP.map(([action]): [Action, readonly string[]] => [action, own[action] ?? ACTIONS[action].keys]),
  )
  const actions = new Map<string, Action>()
  for (const [action, ofAction] of keys)
    for (const key of ofAction) {
      if (/^\d$/.test(key) || key === 'ctrl+c' || key === 'paste')
        throw new ConfigError(
          'keys-reserved',
          `review.keys.${action}: ${key} cannot be given another meaning; choose another key`,
        )
      const other = actions.get(key)
      if (other !== undefined)
        throw new ConfigError(
          'keys-conflict',
          `review.keys: ${key} would be both ${other} and ${action}; give one of them another key`,
        )
      actions.set(key, action)
    }
  return { actionOf: (key) => actions.get(key) ?? null, keysOf: (action) => keys.get(action) ?? [] }
}

/** The same keys, but for some that mean something else for now. */
export function withoutKeys(keys: Keymap, taken: readonly string[]): Keymap {
  return {
    actionOf: (key) => (taken.includes(key) ? null : keys.actionOf(key)),
    keysOf: (action) => keys.keysOf(action).filter((key) => !taken.includes(key)),
  }
}

const SHOWN: Readonly<Record<string, string>> = {
  enter: '↵',
  tab: '⇥',
  'shift+tab': '⇤',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  escape: 'esc',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  'ctrl+d': '^d',
  'ctrl+u': '^u',
  'ctrl+n': '^n',
  'ctrl+p': '^p',
  'ctrl+z': '^z',
}

/** A key as a hint shows it. */
export function keyText(key: string): string {
  return SHOWN[key] ?? key
}
