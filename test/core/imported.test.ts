import { expect, it } from 'vitest'
import { findImported, importedName, isImported, nameOfImported } from '../../src/core/imported.ts'

it('marks a name once', () => {
  expect(importedName('pairs')).toBe('imported:pairs')
  expect(importedName(importedName('pairs'))).toBe('imported:pairs')
  expect([isImported('imported'), isImported('imported:pairs'), isImported('importedpairs')]).toEqual([
    true,
    true,
    false,
  ])
})

it('finds what a name stands for', () => {
  const small = { explainer: 'imported:pairs', llm: 'small' }
  const large = { explainer: 'imported:pairs', llm: 'large' }
  const table = { explainer: 'imported:table', llm: null }
  const known = [small, large, table]
  expect(findImported('imported', known)).toEqual(known)
  expect(findImported('imported:pairs', known)).toEqual([small, large])
  expect(findImported('imported:pairs@large', known)).toEqual([large])
  expect(findImported('imported:table', known)).toEqual([table])
  expect(findImported('imported:bigram', known)).toEqual([])
  for (const one of known) expect(findImported(nameOfImported(one), known)).toEqual([one])
})
