import type { Key } from './keys.ts'

/** Longer texts are no hypotheses. */
const MOST_CHARACTERS = 2000

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** What a key does to a text that is being written; null where it is no key of a text. */
export function typeInto(text: string, key: Key): string | null {
  if ('text' in key) return limited(text + key.text.replaceAll(/[\r\n\t]+/g, ' '))
  if (key.name === 'backspace') {
    const last = [...segmenter.segment(text)].at(-1)
    return last ? text.slice(0, last.index) : text
  }
  if (key.name === 'space') return limited(`${text} `)
  // Names of keys have several characters, what is typed has one.
  return Array.from(key.name).length === 1 ? limited(text + key.name) : null
}

function limited(text: string): string {
  return Array.from(text).slice(0, MOST_CHARACTERS).join('')
}
