import { featurePageLines, type PageView } from '../feature-page.ts'
import type { PageDetailsView } from '../page-details.ts'
import type { Action, Keymap } from './keymap.ts'
import type { Frame, Hint, ScreenEffect } from './screen.ts'
import { TextScreen } from './text-screens.ts'

/** A page with the largest level of its scale. */
export interface ScaledPage {
  readonly page: PageView
  readonly scale: number
}

/** Where pages come from. */
export interface PagePort {
  /** What is stored of a feature: there at once. */
  readonly open: (feature: number) => ScaledPage
  /** What takes longer: null until it is there. Asking begins to find it. */
  readonly details: (feature: number) => PageDetailsView | null
}

/** One feature's page. */
export class PageScreen extends TextScreen {
  readonly #port: PagePort
  readonly #step: (by: 1 | -1) => number | null
  #shown: ScaledPage
  /** The place of the neighbour that the cursor is at; null before it was moved. */
  #chosen: number | null = null
  #seek = false
  #laidOut: LaidOut | null = null

  /** @param step moves the list that pages come from */
  constructor(feature: number, port: PagePort, step: (by: 1 | -1) => number | null, keys: Keymap) {
    super(keys)
    this.#port = port
    this.#step = step
    this.#shown = port.open(feature)
  }

  readonly hints: readonly Hint[] = [
    { actions: ['down', 'up'], label: 'scroll' },
    { actions: ['next', 'previous'], label: 'next, previous' },
    { actions: ['nextQuestion'], label: 'neighbours' },
    { actions: ['accept'], label: 'open' },
    { actions: ['back'], label: 'back' },
    { actions: ['quit'], label: 'quit' },
  ]

  protected override turn(by: 1 | -1): void {
    const feature = this.#step(by)
    if (feature === null) return
    this.#shown = this.#port.open(feature)
    this.#chosen = null
    this.toTop()
  }

  protected override act(action: Action): ScreenEffect | null {
    const neighbours = this.#details?.neighbours ?? []
    if (neighbours.length === 0) return null
    if (action === 'nextQuestion' || action === 'previousQuestion') {
      const by = action === 'nextQuestion' ? 1 : -1
      const before = this.#chosen ?? (by === 1 ? -1 : 0)
      this.#chosen = (before + by + neighbours.length) % neighbours.length
      this.#seek = true
    }
    const chosen = this.#chosen === null ? undefined : neighbours[this.#chosen]
    return action === 'accept' && chosen ? { go: 'open', feature: chosen.feature } : null
  }

  get #details(): PageDetailsView | null {
    return this.#port.details(this.#shown.page.feature)
  }

  protected content({ columns, style, terse }: Frame): string[] {
    const { page, scale } = this.#shown
    const extras = { details: this.#details, chosen: this.#chosen, terse }
    const before = this.#laidOut
    if (
      before?.page === page &&
      before.details === extras.details &&
      before.chosen === this.#chosen &&
      before.columns === columns
    )
      return before.lines
    const lines = featurePageLines(page, scale, columns, style, extras)
    this.#laidOut = { page, details: extras.details, chosen: this.#chosen, columns, lines }
    if (this.#seek) this.scrollTo(lines.findIndex((line) => line.replace(BOLD, '').startsWith('›')))
    this.#seek = false
    return lines
  }
}

/** Lines, and what they were laid out for: scrolling lays nothing out anew. */
interface LaidOut {
  readonly page: PageView
  readonly details: PageDetailsView | null
  readonly chosen: number | null
  readonly columns: number
  readonly lines: string[]
}

// oxlint-disable-next-line no-control-regex -- the mark of the cursor's line, which may be bold
const BOLD = /^\u001b\[1m/
