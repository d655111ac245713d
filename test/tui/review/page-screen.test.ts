import { describe, expect, it } from 'vitest'
import type { PageView } from '../../../src/tui/feature-page.ts'
import type { PageDetailsView } from '../../../src/tui/page-details.ts'
import { ReviewApplication } from '../../../src/tui/review/application.ts'
import { BrowseList, type BrowsePort } from '../../../src/tui/review/browse-list.ts'
import { BrowseScreen } from '../../../src/tui/review/browse-screen.ts'
import { keymap } from '../../../src/tui/review/keymap.ts'
import type { PagePort } from '../../../src/tui/review/page-screen.ts'
import { PLAIN } from '../../../src/tui/style.ts'
import { widthOf } from '../../../src/tui/text.ts'

const MADE: PageView['provenance']['set'] = {
  version: '1',
  seed: 0,
  model: 'm',
  weightsHash: null,
  tokenizerHash: null,
  corpusHash: null,
  setHash: null,
  protocol: null,
  protocolHash: null,
  prompt: null,
  promptHash: null,
  llm: null,
}
const pageOf = (feature: number): PageView => ({
  feature,
  set: { id: 's', kind: 'sae', hook: 'h' },
  state: 'alive',
  density: 0.01,
  max: 1,
  firings: 5,
  tokenShare: null,
  singleToken: null,
  histogram: [1],
  logits: null,
  explanations: [],
  examples: [],
  provenance: { set: MADE },
})
const detailsOf = (feature: number): PageDetailsView => ({
  simulation: null,
  withoutSimulation: 'none',
  neighbours: [7, 8, 9].map((by) => ({
    feature: feature + by,
    cosine: 0.5,
    state: 'alive',
    score: null,
    explanation: `near ${feature}`,
  })),
  withoutNeighbours: null,
})

/** The review of four features; details come when `arrive` is called. */
function review(): {
  press: (...keys: string[]) => void
  screen: (rows?: number) => string[]
  arrive: () => void
} {
  const port: BrowsePort = {
    rows: [0, 1, 2, 3].map((feature) => ({
      feature,
      density: 0.01,
      max: 1,
      state: 'alive',
      tokenShare: null,
      score: 1 - feature / 10,
      gain: null,
    })),
    explanations: new Map([[1, 'the second']]),
    topTokens: new Map(),
    ratings: new Map([[1, { raters: 2, disagreement: null }]]),
  }
  const keys = keymap()
  const list = new BrowseScreen(new BrowseList(port), port, keys, 'set')
  let there = false
  const details = new Map<number, PageDetailsView>()
  const pages: PagePort = {
    open: (feature) => ({ page: pageOf(feature), scale: 9 }),
    details: (feature) => {
      if (!there) return null
      if (!details.has(feature)) details.set(feature, detailsOf(feature))
      return details.get(feature)!
    },
  }
  const application = new ReviewApplication(list, keys, { list, port: pages })
  return {
    press: (...names) => {
      for (const name of names) application.press({ name })
    },
    screen: (rows = 30) => application.lines({ columns: 80, rows, style: PLAIN, terse: false }),
    arrive: () => {
      there = true
    },
  }
}

describe('the page of the review', () => {
  it('is there at once, and shows neighbours when they have come', () => {
    const { press, screen, arrive } = review()
    press('enter')
    expect(screen()[0]).toMatch(/^ feature 0 /)
    expect(screen()).toContain(' neighbours  …')
    press('tab', 'enter')
    expect(screen()[0], 'no neighbour to open yet').toMatch(/^ feature 0 /)
    arrive()
    expect(screen()).toContain('        7   cos  .50   ρ    ·   near 0')
  })

  it('goes to neighbours and back by the way it came', () => {
    const { press, screen, arrive } = review()
    arrive()
    press('enter', 'tab')
    expect(screen().filter((line) => line.startsWith('›'))).toEqual([
      '›       7   cos  .50   ρ    ·   near 0',
    ])
    press('tab')
    press('shift+tab', 'shift+tab')
    expect(screen().find((line) => line.startsWith('›'))).toMatch(/^› +9 /)
    press('enter')
    expect(screen()[0]).toMatch(/^ feature 9 /)
    expect(screen().some((line) => line.startsWith('›'))).toBe(false)
    press('tab', 'tab', 'enter')
    expect(screen()[0]).toMatch(/^ feature 17 /)
    press('escape')
    expect(screen()[0]).toMatch(/^ feature 9 /)
    press('escape')
    expect(screen()[0]).toMatch(/^ feature 0 /)
    press('n')
    expect(screen()[0]).toMatch(/^ feature 1 /)
    expect(screen().some((line) => line.startsWith('›'))).toBe(false)
    press('escape')
    expect(screen().find((line) => line.startsWith('›'))).toContain('the second')
  })

  it('scrolls to the neighbour at the cursor on a low screen', () => {
    const { press, screen, arrive } = review()
    arrive()
    press('enter')
    expect(screen(8).join('\n')).not.toContain('near 0')
    press('tab')
    expect(screen(8).some((line) => line.startsWith('›'))).toBe(true)
    press('tab', 'tab')
    expect(screen(8).find((line) => line.startsWith('›'))).toMatch(/^› +9 /)
  })
})

describe('the list for screen readers', () => {
  it('says the row at the cursor alone, in words', () => {
    const port: BrowsePort = {
      rows: [
        { feature: 12, density: 0.004, max: 1, state: 'alive', tokenShare: null, score: 0.87, gain: 0.8 },
        { feature: 13, density: 0, max: 0, state: 'dead', tokenShare: null, score: null, gain: null },
      ],
      explanations: new Map([[12, 'DNA letters']]),
      topTokens: new Map(),
      ratings: new Map([[12, { raters: 2, disagreement: null }]]),
    }
    const screen = new BrowseScreen(new BrowseList(port), port, keymap(), 'set')
    const spoken = (): string[] => screen.lines({ columns: 60, rows: 20, style: PLAIN, terse: true })
    expect(spoken().slice(0, 3)).toEqual([
      ' 1 of 2 by score: feature 12, ρ .87, gap .80, density 0.40',
      ' %, rated by 2',
      ' DNA letters',
    ])
    screen.press({ name: 'j' })
    expect(spoken().slice(0, 2)).toEqual([' 2 of 2 by score: feature 13, no score, density 0 %', ' (dead)'])
    for (const line of spoken()) expect(widthOf(line)).toBeLessThanOrEqual(60)
  })
})
