import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keymap } from '../../../src/tui/review/keymap.ts'
import { KeyDecoder } from '../../../src/tui/review/keys.ts'
import { typeInto } from '../../../src/tui/review/text-field.ts'

const namesOf = (...pieces: string[]): string[] => {
  const decoder = new KeyDecoder()
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.flush()].map(({ name }) => name)
}

describe('keys', () => {
  it('are read from what terminals send', () => {
    expect(namesOf('j3\r\t\u007f \u001b[A\u001bOB\u001b[Z\u001b[6~\u0003\u0004é👍')).toEqual(
      'j 3 enter tab backspace space up down shift+tab pagedown ctrl+c ctrl+d é 👍'.split(' '),
    )
  })

  it('may come in pieces; an escape alone is a key when nothing follows', () => {
    expect(namesOf('\u001b', '[', 'A', 'x')).toEqual(['up', 'x'])
    expect(namesOf('\u001b')).toEqual(['escape'])
    expect(namesOf('\u001b\u001b[B')).toEqual(['escape', 'down'])
    const decoder = new KeyDecoder()
    decoder.push('\u001b')
    expect(decoder.waits).toBe(true)
    decoder.flush()
    expect(decoder.waits).toBe(false)
  })

  it('that mean nothing here are left out whole', () => {
    expect(namesOf('\u001b[1;5Cx\u001b[<0;3;4My\u001bqz')).toEqual(['x', 'y', 'z'])
  })

  it('of a paste are one text, whatever is in it and however it is cut', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, cut) => {
        fc.pre(!text.includes('\u001b'))
        const sent = `a\u001b[200~${text}\u001b[201~b`
        const decoder = new KeyDecoder()
        const at = cut % sent.length
        const keys = [...decoder.push(sent.slice(0, at)), ...decoder.push(sent.slice(at))]
        expect(keys).toEqual([{ name: 'a' }, { name: 'paste', text }, { name: 'b' }])
      }),
    )
  })

  it('do not depend on how the input is cut', () => {
    const part = fc.constantFrom('j', '5', '\r', '\u001b[A', '\u001b[5~', '\u001bOP', 'ü', '\t')
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat(), { maxLength: 4 }), (parts, cuts) => {
        const text = parts.join('')
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
        expect(namesOf(...pieces)).toEqual(namesOf(text))
      }),
    )
  })
})

describe('the keymap', () => {
  it('gives every key one meaning', () => {
    const keys = keymap()
    expect(keys.actionOf('u')).toBe('undo')
    expect(keys.actionOf('5')).toBeNull()
    expect(keys.actionOf('nothing')).toBeNull()
  })

  it('takes the keys of gloss.yaml in place of its own', () => {
    const keys = keymap({ undo: ['U'], skip: ['ctrl+s'] })
    expect(keys.actionOf('U')).toBe('undo')
    expect(keys.actionOf('u')).toBeNull()
    expect(keys.keysOf('skip')).toEqual(['ctrl+s'])
  })

  it.each([
    [{ dance: ['d'] }, 'review.keys: expected one of down, up,'],
    [{ undo: ['s'] }, 'review.keys: s would be both undo and skip; give one of them another key'],
    [{ undo: ['3'] }, 'review.keys.undo: 3 cannot be given another meaning'],
  ])('refuses %j', (own, message) => {
    expect(() => keymap(own)).toThrow(message)
  })
})

describe('a text that is written', () => {
  it('takes characters, spaces and pastes, and gives back whole ones', () => {
    expect(typeInto('a', { name: 'é' })).toBe('aé')
    expect(typeInto('a', { name: 'space' })).toBe('a ')
    expect(typeInto('a', { name: 'paste', text: 'b\r\nc' })).toBe('ab c')
    expect(typeInto('a👩‍👩‍👧', { name: 'backspace' })).toBe('a')
    expect(typeInto('', { name: 'backspace' })).toBe('')
    expect(typeInto('a', { name: 'up' })).toBeNull()
    expect(typeInto('x'.repeat(2000), { name: 'y' })).toHaveLength(2000)
  })
})
