import type {
  ReportExample as Example,
  ReportFeature as Feature,
  ReportOverview as Overview,
} from '../report-data.ts'
import { definitions, make, scrolling, tokenMark } from './elements.ts'
import { ratingsPart } from './ratings.ts'
import { correlation, count, interval, percent, quantity, STANDINGS } from './text.ts'

/** Features as they are packed; see `packed` of the report file. */
export interface Block {
  readonly texts: readonly string[]
  readonly features: readonly (Omit<Feature, 'examples' | 'simulated'> & {
    readonly examples: readonly PackedExample[]
    readonly simulated: readonly PackedExample[]
  })[]
}
/** An example that names its texts by place. */
export interface PackedExample extends Omit<Example, 'document' | 'tokens'> {
  /** Simulated examples name none. */
  readonly document?: number
  readonly tokens: readonly number[]
}

/** The page of one feature. */
export function featurePage(feature: Feature, row: number, table: Overview['table']): HTMLElement {
  const page = make('article', { class: 'feature' })
  page.append(
    make('h1', { tabindex: '-1', id: 'heading' }, `Feature ${feature.feature}`),
    make('p', { class: 'lead' }, make('bdi', {}, table.explanation[row]! || 'no explanation')),
    definitions([
      ['ρ', correlation(table.score[row]!), interval(table.low[row]!, table.high[row]!)],
      ['density', percent(table.density[row]!), `${count(table.firings[row]!)} firings`],
      ['largest activation', quantity(table.max[row]!)],
      ['token share η²', correlation(feature.tokenShare), feature.singleToken ? 'single token' : ''],
      ['standing', STANDINGS[table.standing[row]!] ?? table.standing[row]!],
    ]),
  )
  if (feature.examples.length > 0)
    page.append(
      make('h2', {}, 'Strongest examples'),
      make(
        'ol',
        { class: 'examples' },
        ...feature.examples.map((example) => exampleItem(example, feature.scale.max)),
      ),
    )
  page.append(make('h2', {}, 'Explanations and scores'), ...feature.explanations.map(explanationPart))
  if (feature.explanations.length === 0) page.append(make('p', {}, 'None yet.'))
  page.append(...ratingsPart(feature.ratings ?? []))
  if (feature.simulated.length > 0) page.append(...simulationPart(feature))
  page.append(
    make(
      'div',
      { class: 'columns' },
      histogramPart(feature, table.max[row]!),
      ...(feature.logits === null
        ? []
        : [
            effectsPart('Makes likelier', feature.logits.top),
            effectsPart('Makes less likely', feature.logits.bottom),
          ]),
    ),
  )
  return page
}

function exampleItem(
  { tokens, activations, nominal, slice, document: name }: Example,
  max: number,
): HTMLElement {
  const strongest = Math.max(...activations)
  const line = make('span', { class: 'context' })
  for (const [place, text] of tokens.entries()) {
    const activation = activations[place]!
    line.append(tokenMark(text, Math.max(0, activation) / max, place === nominal, quantity(activation)))
  }
  return make(
    'li',
    {},
    line,
    make('span', { class: 'aside' }, `${quantity(strongest)} · ${slice} · `, make('bdi', {}, name)),
  )
}

function explanationPart(
  { text, explainer, llm, scores }: Feature['explanations'][number],
  place: number,
): HTMLElement {
  const part = make('section', { class: 'explanation' })
  part.append(
    make('p', {}, make('bdi', {}, text)),
    make('p', { class: 'aside' }, `by ${explainer}`, llm === null ? '' : ` · ${llm}`),
  )
  if (scores.length === 0) return part
  const names = [...new Set(scores.flatMap(({ controls }) => controls.map(([name]) => name)))]
  const body = make('tbody')
  for (const score of scores) {
    const controls = new Map(score.controls.map(([name, value, gain]) => [name, { value, gain }]))
    body.append(
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, score.scorer),
        make(
          'td',
          { class: 'number' },
          score.value === null ? (score.undefined ?? '·') : correlation(score.value),
        ),
        make('td', { class: 'number' }, interval(score.low, score.high)),
        make('td', { class: 'number' }, count(score.n)),
        make('td', {}, score.protocol),
        make('td', {}, score.tier),
        ...names.map((name) =>
          make(
            'td',
            { class: 'number', title: `gain ${correlation(controls.get(name)?.gain ?? null)}` },
            correlation(controls.get(name)?.value ?? null),
          ),
        ),
      ),
    )
  }
  const head = ['scorer', 'value', '95 % interval', 'n', 'protocol', 'tier', ...names]
  part.append(
    scrolling(
      `Scores of explanation ${place + 1}`,
      make(
        'table',
        { class: 'plain' },
        make('thead', {}, make('tr', {}, ...head.map((name) => make('th', { scope: 'col' }, name)))),
        body,
      ),
    ),
  )
  return part
}

function simulationPart({ simulated, scale }: Feature): HTMLElement[] {
  const tables = simulated.map((example, place) => {
    const { tokens, activations, predicted, slice } = example
    const cell = (value: number, share: number, text: string): HTMLElement => {
      const element = make('td', { class: 'shade' }, text)
      element.style.setProperty('--share', Math.min(1, Math.max(0, share)).toFixed(3))
      if (value <= 0) element.classList.add('silent')
      return element
    }
    const head = make('tr', {}, make('th', { scope: 'row' }, slice))
    for (const text of tokens) head.append(make('th', { scope: 'col' }, make('bdi', {}, text)))
    const truth = make('tr', {}, make('th', { scope: 'row' }, 'true'))
    for (const value of activations)
      truth.append(cell(value, value / scale.max, value > 0 ? quantity(value) : '·'))
    const guess = make('tr', {}, make('th', { scope: 'row' }, 'predicted'))
    if (predicted)
      for (const value of predicted)
        guess.append(cell(value, value / scale.levels, value > 0 ? String(Number(value.toFixed(1))) : '·'))
    else guess.append(make('td', { colspan: String(tokens.length) }, 'no answer'))
    return scrolling(
      `Example ${place + 1}, ${slice}`,
      make('table', { class: 'simulation' }, head, truth, guess),
    )
  })
  return [
    make('h2', {}, 'Simulation against truth'),
    make(
      'p',
      { class: 'aside' },
      `Held-out examples of every slice. True: activations. Predicted: levels from 0 to ${scale.levels}, from the explanation alone.`,
    ),
    make('div', { class: 'simulations' }, ...tables),
  ]
}

function histogramPart({ histogram }: Feature, max: number): HTMLElement {
  const largest = Math.max(1, ...histogram)
  const bars = make('div', { class: 'bars', role: 'img' })
  const total = histogram.reduce((sum, one) => sum + one, 0)
  bars.setAttribute(
    'aria-label',
    `${count(total)} activations in ${histogram.length} bins of equal width from 0 to ${quantity(max)}: ${histogram.join(', ')}`,
  )
  for (const [bin, height] of histogram.entries()) {
    const bar = make('span', {
      title: `${quantity((max * bin) / histogram.length)} to ${quantity((max * (bin + 1)) / histogram.length)}: ${count(height)}`,
    })
    // Counts span orders of magnitude; a bin with one activation stays visible.
    bar.style.setProperty(
      '--height',
      (height === 0 ? 0 : Math.log1p(height) / Math.log1p(largest)).toFixed(3),
    )
    bars.append(bar)
  }
  return make(
    'section',
    {},
    make('h2', {}, 'Activations'),
    bars,
    make(
      'p',
      { class: 'aside axis' },
      make('span', {}, '0'),
      make('span', {}, 'counts, log scale'),
      make('span', {}, quantity(max)),
    ),
  )
}

function effectsPart(title: string, effects: NonNullable<Feature['logits']>['top']): HTMLElement {
  const list = make('ol', { class: 'effects' })
  for (const [token, value] of effects)
    list.append(
      make(
        'li',
        {},
        make('bdi', { class: 'token' }, token),
        make('span', { class: 'number' }, quantity(value)),
      ),
    )
  return make('section', {}, make('h2', {}, title), list)
}
