import { Random } from '../core/random.ts'
import type { Document } from '../core/token-corpus.ts'

/**
 * Registers whose rule is known, generated from a seed: what interpretability work likes to find again
 * (Bricken et al. 2023 study base64, DNA and HTTP features). Their forms follow the ones that the bundled model
 * was trained on.
 */

/** A register and how to write one document of it. */
type Writer = (random: Random) => string

const WRITERS: Readonly<Record<string, Writer>> = { dna, base64, hexdump, citation, http, log }

/** Names of the registers that can be generated. */
export const GENERATED_REGISTERS: readonly string[] = Object.keys(WRITERS)

/** Documents of a register until they have at least `characters` in all. Each depends on seed, register and number alone. */
export function* generateRegister(register: string, characters: number, seed: number): Generator<Document> {
  const write = WRITERS[register]!
  let written = 0
  for (let number = 0; written < characters; number++) {
    const text = write(new Random(seed, register, number))
    written += text.length
    yield { name: `${register}/${number}`, register, text }
  }
}

const ORGANISMS = ['H.sapiens', 'M.musculus', 'E.coli', 'S.cerevisiae', 'D.melanogaster']

function dna(random: Random): string {
  const header = `>${random.pick(ORGANISMS)}|chr${1 + random.below(22)}:${random.below(10_000_000)}`
  const sequence = repeat(400 + random.below(1100), () => random.pick(['A', 'T', 'C', 'G'])).join('')
  return [header, ...wrap(sequence, 60)].join('\n')
}

function base64(random: Random): string {
  const bytes = Uint8Array.from(repeat(300 + random.below(900), () => random.below(256)))
  return ['Content-Transfer-Encoding: base64', '', ...wrap(Buffer.from(bytes).toString('base64'), 76)].join(
    '\n',
  )
}

function hexdump(random: Random): string {
  return numbered(20 + random.below(40), (line) => {
    const bytes = repeat(16, () => hex(random.below(256), 2))
    return `${hex(line * 16, 8)}  ${bytes.join(' ')}`
  })
}

const INITIALS = 'ABCDEGHJKLMNPRSTVW'.split('')
const SURNAMES =
  'Zuber Mouftah Pogosyan Tanaka Ivanov Garcia Nguyen Okafor Larsen Kowalski Moreau Rossi Haddad Silva Chen Kim Patel Novak Weber Cohen'.split(
    ' ',
  )
const JOURNALS = [
  'J. Magn. Reson.',
  'Phys. Rev. Lett.',
  'Instr. Meth. A',
  'Combinatorics',
  'J. Chem. Phys.',
  'Nucl. Phys. B',
  'Ann. Math.',
  'Nature',
  'IEEE Trans. Inf. Theory',
  'Astrophys. J.',
]

function citation(random: Random): string {
  const lines = numbered(8 + random.below(17), (line) => {
    const authors = repeat(1 + random.below(3), () => `${random.pick(INITIALS)}. ${random.pick(SURNAMES)}`)
    const volume = 1 + random.below(479)
    const page = 1 + random.below(2999)
    return `[${line + 1}] ${authors.join(', ')}, ${random.pick(JOURNALS)} ${volume}, ${page} (${1931 + random.below(92)}).`
  })
  return `References\n${lines}`
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE']
const PATHS = [
  '/',
  '/index.html',
  '/api/v1/users',
  '/login',
  '/images/logo.png',
  '/search?q=tea',
  '/cart/items',
  '/robots.txt',
]
const HOSTS = ['www.example.com', 'api.example.org', 'static.example.net', 'shop.example.com']
const STATUSES = ['200 OK', '301 Moved Permanently', '404 Not Found', '500 Internal Server Error']
const CONTENT_TYPES = ['text/html', 'application/json', 'image/png']

function http(random: Random): string {
  return repeat(3 + random.below(6), () =>
    [
      `${random.pick(METHODS)} ${random.pick(PATHS)} HTTP/1.1`,
      `Host: ${random.pick(HOSTS)}`,
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
      'Accept: */*',
      'Connection: keep-alive',
      '',
      `HTTP/1.1 ${random.pick(STATUSES)}`,
      `Content-Type: ${random.pick(CONTENT_TYPES)}`,
      `Content-Length: ${random.below(100_000)}`,
      '',
    ].join('\n'),
  ).join('\n')
}

const LEVELS = ['INFO', 'WARN', 'ERROR', 'DEBUG']
const EVENTS = ['request completed', 'cache miss for key', 'retrying connection to', 'took']

function log(random: Random): string {
  return numbered(15 + random.below(35), () => {
    const date = `2026-${digits(1 + random.below(12))}-${digits(1 + random.below(28))}`
    const time = `${digits(random.below(24))}:${digits(random.below(60))}:${digits(random.below(60))}`
    const worker = random.below(8)
    return `${date}T${time}Z ${random.pick(LEVELS)} [worker-${worker}] ${random.pick(EVENTS)} ${random.below(10_000)}`
  })
}

function repeat<T>(times: number, make: (index: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => make(index))
}

function numbered(lines: number, make: (line: number) => string): string {
  return repeat(lines, make).join('\n')
}

function wrap(text: string, width: number): string[] {
  return repeat(Math.ceil(text.length / width), (line) => text.slice(line * width, (line + 1) * width))
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0')
}

function digits(value: number): string {
  return String(value).padStart(2, '0')
}
