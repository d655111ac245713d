import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { ConfigError, UsageError } from '../core/errors.ts'
import { readText, writeFileAtomically } from '../core/files.ts'
import { parseProtocol, type Protocol } from '../core/protocol.ts'
import { bundledProtocol, bundledProtocolNames } from './assets.ts'

/** The folder of a study's own protocols. */
export const PROTOCOLS_FOLDER = 'protocols'

/**
 * The protocol that a study's settings or `--protocol` name: one that comes with gloss, one in the study's
 * `protocols/` folder, or the path of a YAML file. A file from elsewhere is kept in that folder, so that what was
 * done with it can be told later.
 *
 * @param base what a path is relative to
 * @throws {UsageError} `protocol-unknown`, `protocol-changed`
 * @throws {ConfigError} `protocol-name`, or what is wrong in the file
 */
export function findProtocol(named: string, workspace: string, base: string): Protocol {
  const folder = join(workspace, PROTOCOLS_FOLDER)
  if (isPath(named)) return keepProtocol(resolve(base, named), folder)
  const own = protocolsIn(folder)
  if (own.includes(named)) return readOwn(join(folder, `${named}.yaml`))
  if (!bundledProtocolNames().includes(named)) throw unknown(named, own)
  return bundledProtocol(named)
}

function isPath(named: string): boolean {
  return /[/\\]/.test(named) || ['.yaml', '.yml'].includes(extname(named))
}

function keepProtocol(path: string, folder: string): Protocol {
  if (!existsSync(path))
    throw new UsageError(
      'protocol-missing',
      `expected a protocol at ${path}, found no file; correct --protocol`,
    )
  const text = readText(path, 'a protocol')
  const protocol = parseProtocol(text, path)
  refuseBundledName(protocol, path)
  const kept = join(folder, `${protocol.name}.yaml`)
  if (kept === path) return protocol
  if (!existsSync(kept)) {
    mkdirSync(folder, { recursive: true })
    writeFileAtomically(kept, text)
  } else if (readOwn(kept).hash !== protocol.hash)
    throw new UsageError(
      'protocol-changed',
      `expected ${path} to be the protocol ${protocol.name} that the study keeps at ${kept}, found another; ` +
        'give it a name of its own',
    )
  return protocol
}

function readOwn(path: string): Protocol {
  const protocol = parseProtocol(readText(path, 'a protocol'), path)
  refuseBundledName(protocol, path)
  if (protocol.name !== basename(path, '.yaml'))
    throw new ConfigError(
      'protocol-name',
      `${path}: expected the name ${basename(path, '.yaml')}, as the file's, found ${protocol.name}; rename one of them`,
    )
  return protocol
}

function refuseBundledName({ name }: Protocol, path: string): void {
  if (bundledProtocolNames().includes(name))
    throw new ConfigError(
      'protocol-name',
      `${path}: expected a name that no protocol of gloss has, found ${name}; choose another, so that scores cannot be confused`,
    )
}

function unknown(name: string, own: readonly string[]): UsageError {
  const known = [...bundledProtocolNames(), ...own].join(', ')
  return new UsageError(
    'protocol-unknown',
    `expected one of the protocols ${known}, or the path of a .yaml file, found ${JSON.stringify(name)}`,
  )
}

function protocolsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => extname(file) === '.yaml')
    .map((file) => basename(file, '.yaml'))
    .toSorted()
}
