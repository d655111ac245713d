import { createHash } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'

/** What a report's file holds, read as a browser would find it. */
export class ReportPage {
  readonly html: string
  /** Contents of script elements by id; the program's own under ''. */
  readonly scripts: ReadonlyMap<string, string>

  constructor(html: string) {
    this.html = html
    const elements = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)]
    this.scripts = new Map(
      elements.map(([, attributes, content]) => [/id="([^"]+)"/.exec(attributes!)?.[1] ?? '', content!]),
    )
  }

  /** The value of a packed block. */
  unpack(id: string): unknown {
    return JSON.parse(inflateRawSync(Buffer.from(this.scripts.get(id)!, 'base64')).toString('utf8'))
  }

  /** The source expression that a policy must have for an inline element. */
  static hashOf(content: string): string {
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
  }
}
