import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { escapeForHtml } from '../../src/core/escape-html.ts'

describe('text for HTML', () => {
  it('is text, whatever it says', () => {
    expect(escapeForHtml(`</title><script>alert("1" & '2')</script>`)).toBe(
      '&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;',
    )
  })

  it('reads back as itself between tags and in an attribute', () => {
    const text = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", ';', '#', '/', 'a', 'lt', ' ') })
    fc.assert(
      fc.property(text, (original) => {
        const { document } = parseHTML(
          `<html><body><p title="${escapeForHtml(original)}">${escapeForHtml(original)}</p></body></html>`,
        )
        const paragraph = document.querySelector('p')!
        expect(paragraph.textContent).toBe(original)
        expect(paragraph.getAttribute('title')).toBe(original)
        expect(document.body.children).toHaveLength(1)
      }),
    )
  })
})
