import { Box, type Instance, render, Text } from 'ink'
import { createElement, type ReactElement } from 'react'

/** Frames a second that are drawn at most: ink's 30 would drop every second frame of a fast typist. */
const FRAMES_PER_SECOND = 120

/** Lines on a terminal: each is as wide as the screen at most, and all together one lower. */
function Lines({ lines }: { readonly lines: readonly string[] }): ReactElement {
  return createElement(
    Box,
    { flexDirection: 'column' },
    createElement(Text, { wrap: 'truncate' }, lines.map((line) => (line === '' ? ' ' : line)).join('\n')),
  )
}

/** A terminal screen that shows lines and nothing else; keys are read elsewhere. */
export class InkScreen {
  readonly #instance: Instance

  /** @param screenReader plain text, as ink gives it to screen readers */
  constructor(stdout: NodeJS.WriteStream, screenReader: boolean) {
    this.#instance = render(createElement(Lines, { lines: [] }), {
      stdout,
      exitOnCtrlC: false,
      patchConsole: false,
      maxFps: FRAMES_PER_SECOND,
      isScreenReaderEnabled: screenReader,
    })
  }

  show(lines: readonly string[]): void {
    this.#instance.rerender(createElement(Lines, { lines }))
  }

  close(): void {
    this.#instance.unmount()
  }
}
