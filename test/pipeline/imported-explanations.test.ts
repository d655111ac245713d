import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isImported } from '../../src/core/imported.ts'
import { ImportedNames, type UnnamedExplanation } from '../../src/pipeline/imported-explanations.ts'

function named(explanations: readonly UnnamedExplanation[]): string[] {
  const names = new ImportedNames()
  for (const one of explanations) names.add(one)
  return explanations.map((one) => names.name(one).explainer)
}

const one = (
  feature: number,
  explainer: string,
  method = 'a',
  llm: string | null = 'm',
): UnnamedExplanation => ({
  feature,
  explainer,
  method,
  llm,
})

it('keeps ways of explaining apart, whatever order their explanations come in', () => {
  expect(named([one(1, 'pairs'), one(2, 'pairs')])).toEqual(['imported:pairs', 'imported:pairs'])
  const mixed = [one(1, 'pairs', 'a'), one(1, 'pairs', 'b'), one(2, 'pairs', 'b'), one(2, 'pairs', 'a')]
  expect(named(mixed)).toEqual([
    'imported:pairs~1',
    'imported:pairs~2',
    'imported:pairs~2',
    'imported:pairs~1',
  ])
  expect(named(mixed.toReversed())).toEqual(named(mixed).toReversed())
})

it('keeps what was imported before apart from what was made since', () => {
  expect(named([one(1, 'imported:pairs'), one(1, 'pairs')])).toEqual(['imported:pairs', 'imported:pairs~2'])
})

it('gives a feature every name once, of harmless characters, and keeps marked names', () => {
  const explanation = fc.record({
    feature: fc.nat(3),
    explainer: fc.oneof(fc.constantFrom('pairs', 'imported:pairs', 'a b', '\u001B[31m'), fc.string()),
    method: fc.constantFrom('a', 'b'),
    llm: fc.constantFrom(null, 'm', 'n'),
  })
  fc.assert(
    fc.property(fc.array(explanation, { maxLength: 12 }), (explanations) => {
      const names = named(explanations)
      const keys = explanations.map(({ feature, llm }, at) => JSON.stringify([feature, names[at], llm]))
      expect(new Set(keys).size).toBe(keys.length)
      for (const [at, name] of names.entries()) {
        expect(isImported(name)).toBe(true)
        if (!isImported(explanations[at]!.explainer)) expect(name).toMatch(/^[\w.:~+-]+$/)
      }
    }),
  )
})
