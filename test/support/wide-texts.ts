import fc from 'fast-check'

/** Screens to lay out for; 40 is the fewest columns that gloss takes a terminal to have. */
export const WIDTHS = [40, 60, 80, 120, 200]

/** Text that is hard to lay out: wide and narrow scripts, emoji, combining marks, controls, long and short words. */
export const wideText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        '日本語',
        '한국어',
        '\u1112\u1161\u11AB',
        'ภาษาไทยน้ำ',
        'हिन्दी',
        '😀👩‍👩‍👧🇩🇪🇩',
        '1\u20E3',
        'e\u0301\u0302\u0303\u0304\u0305\u0306',
        '\u0301',
        '⏎',
        'ﷺ',
        'ｗｉｄｅ',
        ' ',
        '\n\r\t',
        '\u001b[31m',
        'x'.repeat(90),
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** Clipboard, title, line and screen control, bidirectional text, invisible marks, length, wide and right-to-left scripts. */
export const HOSTILE_TEXTS = [
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]0;owned\u001b\\',
  'a\rEVIL',
  '\u0007\u0008\u009b2J',
  '\u202Edcba\u202C',
  'z\u200Bw\u200D\uFEFF',
  'x'.repeat(10_000),
  '👩‍👩‍👧🇩🇪',
  'سلام',
  '漢字かな',
  'e\u0301\u0302\u0303\u0304\u0305\u0306\u0307',
  '\n\t\0',
]
