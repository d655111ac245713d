import { bundledProtocol } from '../../src/cli/assets.ts'
import type { SlicesProtocol } from '../../src/core/protocol.ts'

/** A bundled protocol that draws windows slice by slice. */
export function slicesProtocol(name: string): SlicesProtocol {
  const protocol = bundledProtocol(name)
  if (protocol.sampler !== 'slices') throw new Error(`${name} draws no slices`)
  return protocol
}
