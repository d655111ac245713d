import type { Random } from '../core/random.ts'
import type { WindowIndex } from './windows.ts'

/**
 * Where in its window a token is to stand: an index among those that give a legal window, another one where that
 * window's text was shown before. Two windows that differ around their nominal tokens can show the same text: neighbouring
 * tokens, or a passage that another document repeats.
 *
 * @param shown texts of windows, by {@link WindowIndex.keyFrom}
 * @returns null where every index gives a text that was shown
 */
export function drawNominalIndex(
  windows: WindowIndex,
  token: number,
  shown: ReadonlySet<string>,
  random: Random,
): number | null {
  const legal = Array.from({ length: windows.size }, (_, nominal) => nominal).filter((nominal) =>
    windows.legalFrom(token - nominal),
  )
  const isFree = (nominal: number): boolean => !shown.has(windows.keyFrom(token - nominal))
  const picked = random.pick(legal)
  if (isFree(picked)) return picked
  const free = legal.filter(isFree)
  return free.length > 0 ? random.pick(free) : null
}
