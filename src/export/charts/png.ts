import { Resvg } from '@resvg/resvg-js'
import { standaloneSvg } from './render.ts'

/** A chart as PNG at twice its size, with the fonts of this machine. */
export function chartPng(svg: string): Uint8Array {
  const image = new Resvg(standaloneSvg(svg), {
    fitTo: { mode: 'zoom', value: 2 },
    font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  })
  return image.render().asPng()
}
