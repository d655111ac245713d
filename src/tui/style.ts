/** How much may be done to text: nothing at all, or weight and one accent hue. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  accent(text: string): string
  /** Background for a token by its level, as a share from 0 to 1; a mark beside it carries the same meaning. */
  highlight(text: string, share: number): string
}

const plain = (text: string): string => text

/** Text as it is. */
export const PLAIN: Style = { bold: plain, dim: plain, accent: plain, highlight: plain }

function wrap(open: string, close: string): (text: string) => string {
  return (text) => `\u001b[${open}m${text}\u001b[${close}m`
}

/** Four steps of one hue that grow lighter, legible with black text on dark and light terminals alike. */
const RAMP = ['48;5;17;38;5;255', '48;5;25;38;5;255', '48;5;67;38;5;16', '48;5;152;38;5;16']

/** The same four steps for terminals with 16 colours, as far as these are blue. */
const RAMP_16 = ['44;97', '104;30', '46;30', '106;30']

/** Nine steps of the same hue for terminals with all colours; white text on the dark ones, black on the light ones. */
const RAMP_FULL = [
  '0;32;76',
  '0;48;110',
  '20;68;138',
  '45;90;160',
  '76;114;176',
  '108;140;192',
  '142;168;208',
  '178;198;224',
  '216;228;240',
].map((colour, step) => `48;2;${colour};38;2;${step < 5 ? '255;255;255' : '0;0;0'}`)

/** ANSI escape sequences for terminals with 256 colours. */
export const COLOURED: Style = styleOf(RAMP)

/** How many colours a terminal has, as a power of two: 0 for none, 4, 8 or 24. */
export type ColourDepth = 0 | 4 | 8 | 24

/** The style for a terminal's colours. */
export function styleFor(depth: ColourDepth): Style {
  if (depth === 0) return PLAIN
  return depth === 8 ? COLOURED : styleOf(depth === 4 ? RAMP_16 : RAMP_FULL)
}

function styleOf(ramp: readonly string[]): Style {
  return {
    bold: wrap('1', '22'),
    dim: wrap('2', '22'),
    accent: wrap('36', '39'),
    highlight: (text, share) =>
      wrap(ramp[Math.min(ramp.length - 1, Math.floor(share * ramp.length))]!, '39;49')(text),
  }
}
