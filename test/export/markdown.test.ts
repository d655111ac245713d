import fc from 'fast-check'
import { expect, it } from 'vitest'
import { escapeForMarkdown } from '../../src/core/escape-markdown.ts'
import { MarkdownEncoder } from '../../src/export/markdown.ts'

it('escapes whatever could be markup', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeForMarkdown(text)
      expect(escaped).not.toMatch(/[\\`*_{}[\]()+!|~$:@<>\r\n\t\p{Cc}\p{Cf}]/u)
      expect(escaped.replaceAll(/&(?:amp|lt|gt|#\d+);/g, '')).not.toMatch(/[&#]/)
    }),
  )
  expect(escapeForMarkdown('<script>|[x](javascript:a)')).toBe(
    '&lt;script&gt;&#124;&#91;x&#93;&#40;javascript&#58;a&#41;',
  )
})

it('makes one line of a row', () => {
  const encoder = new MarkdownEncoder([
    { name: 'a', type: 'string', unit: null, description: '' },
    { name: 'b', type: 'number', unit: null, description: '' },
  ])
  const text = Buffer.concat([encoder.begin(), encoder.rows([['x|\ny', 0.123456]])]).toString()
  expect(text).toBe('| a | b |\n| :-- | --: |\n| x&#124;⏎y | 0.1235 |\n')
})
