import type {
  ReportExample as Example,
  ReportFeature as Feature,
  ReportOverview as Overview,
} from '../report-data.ts'
import { button, byId, definitions, make, unpack } from './elements.ts'
import { type Block, featurePage, type PackedExample } from './feature.ts'
import { sessionsPart } from './ratings.ts'
import { FeatureTable } from './table.ts'
import { correlation, count, percent, STANDINGS } from './text.ts'

/** The report: an overview with the table of all features, and a page for each. */
class Report {
  readonly #overview: Overview
  readonly #table: FeatureTable
  readonly #firsts: readonly number[]
  readonly #rows: ReadonlyMap<number, number>
  readonly #main = byId('content')
  readonly #home = make('div', { class: 'home' })
  #shown: number | null = null
  #scrolled = 0

  constructor(overview: Overview, firsts: readonly number[]) {
    this.#overview = overview
    this.#firsts = firsts
    this.#table = new FeatureTable(overview.table)
    this.#rows = new Map(overview.table.feature.map((feature, row) => [feature, row]))
    const charts = byId('charts')
    charts.hidden = false
    this.#home.append(
      ...summary(overview),
      charts,
      ...sessionsPart(overview.sessions ?? []),
      this.#table.element,
    )
    this.#header()
    window.addEventListener('hashchange', () => void this.show())
    document.addEventListener('keydown', (event) => this.#key(event))
  }

  /** What the address names. */
  async show(): Promise<void> {
    const feature = Number(/^#feature-(\d+)$/.exec(location.hash)?.[1] ?? Number.NaN)
    const row = this.#rows.get(feature)
    if (row === undefined) {
      if (this.#shown === null && this.#main.contains(this.#home)) return
      this.#shown = null
      this.#main.replaceChildren(this.#home)
      window.scrollTo(0, this.#scrolled)
      return
    }
    if (this.#shown === null) this.#scrolled = window.scrollY
    this.#shown = feature
    const found = await this.#feature(feature)
    // Another page may have been asked for meanwhile.
    if (this.#shown !== feature) return
    this.#main.replaceChildren(this.#paths(feature), featurePage(found, row, this.#overview.table))
    window.scrollTo(0, 0)
    byId('heading').focus({ preventScroll: true })
  }

  async #feature(feature: number): Promise<Feature> {
    const block = this.#firsts.findLastIndex((first) => first <= feature)
    const { texts, features } = await unpack<Block>(`block-${block}`)
    const found = features.find((one) => one.feature === feature)!
    const whole = (examples: readonly PackedExample[]): Example[] =>
      examples.map((example) => ({
        ...example,
        document: example.document === undefined ? '' : texts[example.document]!,
        tokens: example.tokens.map((place) => texts[place]!),
      }))
    return { ...found, examples: whole(found.examples), simulated: whole(found.simulated) }
  }

  #paths(feature: number): HTMLElement {
    const before = this.#table.neighbour(feature, -1)
    const next = this.#table.neighbour(feature, 1)
    return make(
      'nav',
      { class: 'pager', 'aria-label': 'Features' },
      make('a', { href: '#' }, 'All features'),
      before === null ? null : make('a', { href: `#feature-${before}` }, `← ${before}`),
      next === null ? null : make('a', { href: `#feature-${next}` }, `${next} →`),
      make(
        'small',
        { class: 'keys' },
        'keys: ',
        make('kbd', {}, 'p'),
        ' ',
        make('kbd', {}, 'n'),
        ' ',
        make('kbd', {}, 'Esc'),
      ),
    )
  }

  #header(): void {
    const { hook, kind, set } = this.#overview.study
    const theme = button('Dark or light', () => {
      const root = document.documentElement
      const dark =
        root.dataset['theme'] === undefined
          ? matchMedia('(prefers-color-scheme: dark)').matches
          : root.dataset['theme'] === 'dark'
      root.dataset['theme'] = dark ? 'light' : 'dark'
    })
    byId('top').append(
      make('a', { href: '#', class: 'name' }, 'gloss'),
      make('span', {}, `${kind === 'sae' ? 'features' : kind} @ ${hook}`, make('small', {}, ` ${set}`)),
      theme,
    )
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
    if (event.key === 'Escape' && this.#shown !== null) location.hash = ''
    if (typing) return
    if (event.key === '/') {
      event.preventDefault()
      if (this.#shown !== null) {
        location.hash = ''
        this.#shown = null
        this.#main.replaceChildren(this.#home)
      }
      this.#table.search.focus()
    }
    if (this.#shown === null || (event.key !== 'n' && event.key !== 'p')) return
    const to = this.#table.neighbour(this.#shown, event.key === 'n' ? 1 : -1)
    if (to !== null) location.hash = `#feature-${to}`
  }
}

function summary({ study }: Overview): HTMLElement[] {
  const { score, controls, gain, training, cost } = study
  const others = (['undefined', 'failed', 'tooRare', 'dead', 'pending'] as const)
    .filter((name) => study[name] > 0)
    .map((name) => `${count(study[name])} ${STANDINGS[name]}`)
  const facts: [string, string, string?][] = [
    [
      'features scored',
      count(study.scored),
      `of ${count(study.features)}; ${others.join(', ') || 'none left'}`,
    ],
  ]
  if (score !== null)
    facts.push(
      [
        'median ρ',
        correlation(score.median),
        `quartiles ${correlation(score.q1)} ${correlation(score.q3)}, n ${count(score.n)}`,
      ],
      ['missing as 0', correlation(score.medianMissingAsZero), 'median ρ'],
    )
  for (const [name, value] of Object.entries(controls))
    if (value !== null && name !== 'constant' && name !== 'position')
      facts.push([
        `control: ${name}`,
        correlation(value),
        gain[name] == null ? 'these explanations themselves' : `median gain ${correlation(gain[name])}`,
      ])
  if (study.singleTokenShare !== null)
    facts.push(['single-token', percent(study.singleTokenShare), 'of the features that fire'])
  if (study.aboveBaseline !== null)
    facts.push(['above baseline', percent(study.aboveBaseline), 'above shuffled and token table'])
  if (training !== null)
    facts.push([
      'loss recovered',
      `${(training.crossEntropyRecovered * 100).toFixed(1)} %`,
      `FVU ${training.fvu.toFixed(3)}, L0 ${training.l0.toFixed(1)}`,
    ])
  facts.push([
    'cost',
    cost.requests === 0 ? 'none' : cost.usd === null ? 'unknown' : `$${cost.usd.toFixed(2)}`,
    `${count(cost.requests)} replies of an LLM`,
  ])
  const made = [
    study.explainer === null
      ? null
      : `Explained by ${study.explainer}${study.llm === null ? '' : ` (${study.llm})`}`,
    score === null ? null : `scored by the protocol ${score.protocol}`,
    study.tier === null ? null : `tier ${study.tier}`,
    study.model === null ? null : `model ${study.model}`,
    study.eligible === null ? null : `densities are shares of ${count(study.eligible)} tokens`,
    `gloss ${study.version}`,
  ]
  return [
    make('h1', {}, 'How far each explanation can be trusted'),
    make(
      'p',
      { class: 'lead' },
      'ρ is Spearman’s correlation of the activations that an explanation predicts with the true ones, on examples that the explanation was not made from.',
    ),
    definitions(facts),
    make('p', { class: 'aside' }, made.filter((part) => part !== null).join(' · ')),
  ]
}

void (async () => {
  const [overview, firsts] = await Promise.all([unpack<Overview>('overview'), unpack<number[]>('firsts')])
  await new Report(overview, firsts).show()
  document.documentElement.dataset['ready'] = ''
})()
