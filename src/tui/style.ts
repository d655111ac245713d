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

const wrap =
  (open: string, close: string) =>
  (text: string): string =>
    `\u001b[${open}m${text}\u001b[${close}m`

/** Four steps of one hue that grow lighter, legible with black text on dark and light terminals alike. */
const RAMP = ['48;5;17;38;5;255', '48;5;25;38;5;255', '48;5;67;38;5;16', '48;5;152;38;5;16']

/** ANSI escape sequences for terminals with 256 colours. */
export const COLOURED: Style = {
  bold: wrap('1', '22'),
  dim: wrap('2', '22'),
  accent: wrap('36', '39'),
  highlight: (text, share) =>
    wrap(RAMP[Math.min(RAMP.length - 1, Math.floor(share * RAMP.length))]!, '39;49')(text),
}
