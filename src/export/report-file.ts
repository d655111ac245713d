import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { escapeForHtml } from '../core/escape-html.ts'
import type { ReportChart, ReportFeature, ReportOverview } from './report-data.ts'

/** The script and the style of the page. */
export interface PageAssets {
  readonly script: string
  readonly style: string
}

/** Features that are packed together: what a feature's page unpacks. */
const FEATURES_PER_BLOCK = 128

/**
 * The report as one HTML file, piece by piece. Data stand in it deflated (RFC 1951) and in base64, so that no text of a
 * corpus or an LLM is ever read as markup. The policy lets nothing run but this script, and nothing load at all.
 *
 * @param features ascending; every feature of the overview's table once
 */
export async function* reportFile(
  overview: ReportOverview,
  charts: readonly ReportChart[],
  features: AsyncIterable<ReportFeature>,
  { script, style }: PageAssets,
): AsyncGenerator<string> {
  const { hook, kind } = overview.study
  const title = escapeForHtml(`${kind === 'sae' ? 'features' : kind} @ ${hook}: gloss report`)
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header id="top"></header>
<main id="content" tabindex="-1"><noscript>This report is packed and needs JavaScript to unpack itself. It loads nothing and sends nothing.</noscript></main>
<section id="charts" aria-labelledby="charts-heading" hidden>
<h2 id="charts-heading">Charts</h2>
<div class="charts">
${charts.map(chartFigure).join('\n')}
</div>
</section>
${dataBlock('overview', overview)}
`
  const firsts: number[] = []
  let block: ReportFeature[] = []
  for await (const feature of features) {
    if (block.length === 0) firsts.push(feature.feature)
    block.push(feature)
    if (block.length < FEATURES_PER_BLOCK) continue
    yield dataBlock(`block-${firsts.length - 1}`, packed(block))
    block = []
  }
  if (block.length > 0) yield dataBlock(`block-${firsts.length - 1}`, packed(block))
  yield dataBlock('firsts', firsts)
  yield `<script>${script}</script>
</body>
</html>
`
}

/** A policy's source expression for an inline script or style. */
function hashOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}

function chartFigure({ name, title, caption, svg }: ReportChart): string {
  const image = svg.replace('<svg ', `<svg role="img" aria-label="${escapeForHtml(caption)}" `)
  return `<figure id="chart-${escapeForHtml(name)}"><h3>${escapeForHtml(title)}</h3>${image}<figcaption>${escapeForHtml(caption)}</figcaption></figure>`
}

function dataBlock(id: string, value: unknown): string {
  const bytes = deflateRawSync(JSON.stringify(value), { level: 9 })
  return `<script type="text/plain" id="${id}">${bytes.toString('base64')}</script>\n`
}

/**
 * Features whose examples name their texts by place: a token of a corpus stands in thousands of examples. The most
 * frequent texts have the shortest numbers. Pages do not name the documents of simulated examples.
 */
function packed(features: readonly ReportFeature[]): object {
  const counts = new Map<string, number>()
  const count = (text: string): void => void counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const { examples, simulated } of features) {
    for (const { document } of examples) count(document)
    for (const { tokens } of [...examples, ...simulated]) for (const token of tokens) count(token)
  }
  // Sorting keeps the order of what is equally frequent.
  const texts = [...counts].toSorted(([, a], [, b]) => b - a).map(([text]) => text)
  const places = new Map(texts.map((text, place) => [text, place]))
  const placeOf = (text: string): number => places.get(text)!
  const short = features.map((feature) => ({
    ...feature,
    examples: feature.examples.map((example) => ({
      ...example,
      document: placeOf(example.document),
      tokens: example.tokens.map(placeOf),
    })),
    simulated: feature.simulated.map(({ slice, nominal, tokens, activations, predicted }) => ({
      slice,
      nominal,
      tokens: tokens.map(placeOf),
      activations,
      predicted,
    })),
  }))
  return { texts, features: short }
}
