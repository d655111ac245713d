import type { BrowseScreen } from './browse-screen.ts'
import type { Keymap } from './keymap.ts'
import type { Key } from './keys.ts'
import type { Frame, Screen, ScreenEffect } from './screen.ts'
import { type PagePort, PageScreen } from './page-screen.ts'
import { HelpScreen } from './text-screens.ts'

/** What the shell around the application has to do. */
export type ShellEffect = 'quit' | 'suspend' | 'interrupt'

/** The screens of a review, one upon the other. Knows neither terminal nor React. */
export class ReviewApplication {
  readonly #keys: Keymap
  readonly #screens: Screen[]
  readonly #pages: { readonly list: BrowseScreen; readonly port: PagePort } | null

  /** @param pages the list of features and where their pages come from; null where there is nothing to browse */
  constructor(
    first: Screen,
    keys: Keymap,
    pages: { readonly list: BrowseScreen; readonly port: PagePort } | null,
  ) {
    this.#screens = [first]
    this.#keys = keys
    this.#pages = pages
  }

  /** The lines to show. */
  lines(frame: Frame): string[] {
    return this.#screens.at(-1)!.lines(frame)
  }

  /** Takes a key. Everything that it changes is stored when this returns. */
  press(key: Key): ShellEffect | null {
    const screen = this.#screens.at(-1)!
    const effect = screen.press(key)
    return effect === null ? null : this.#follow(effect, screen)
  }

  #follow(effect: ScreenEffect, screen: Screen): ShellEffect | null {
    switch (effect.go) {
      case 'quit':
      case 'suspend':
      case 'interrupt':
        return effect.go
      case 'back':
        if (this.#screens.length > 1) this.#screens.pop()
        return null
      case 'help':
        if (screen instanceof HelpScreen) this.#screens.pop()
        else this.#screens.push(new HelpScreen(screen.keys ?? this.#keys, screen.hints))
        return null
      case 'open': {
        const { list, port } = this.#pages!
        this.#screens.push(new PageScreen(effect.feature, port, (by) => list.step(by), this.#keys))
        return null
      }
      default:
        return effect satisfies never
    }
  }
}
