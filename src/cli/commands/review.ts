import { createInterface } from 'node:readline'
import { StoppedError, UsageError } from '../../core/errors.ts'
import type { Protocol } from '../../core/protocol.ts'
import type { FeatureSetRecord, Store } from '../../core/store.ts'
import { FeatureBrowser } from '../../pipeline/browse.ts'
import { featurePage, type PageLookups, pageLookups } from '../../pipeline/feature-page.ts'
import { currentSet } from '../../pipeline/feature-set.ts'
import { RatingDesk } from '../../pipeline/rating-desk.ts'
import { checkName } from '../../pipeline/rating-session.ts'
import { ReviewApplication } from '../../tui/review/application.ts'
import { BrowseList } from '../../tui/review/browse-list.ts'
import { BrowseScreen } from '../../tui/review/browse-screen.ts'
import { type Keymap, keymap } from '../../tui/review/keymap.ts'
import { LineMode } from '../../tui/review/line-mode.ts'
import { RateScreen } from '../../tui/review/rate-screen.ts'
import type { ScaledPage } from '../../tui/review/page-screen.ts'
import type { CommandDefinition } from '../command.ts'
import { withCommonOptions, withOptions } from '../options.ts'
import { PageDetailsReader } from '../page-details.ts'
import { findProtocol } from '../protocols.ts'
import { type ReviewOptions, sessionFor } from '../rating-session.ts'
import { type Background, colourDepth, NOTHING_BEHIND, runOnScreen } from '../review-screen.ts'
import { type Surroundings, Terminal } from '../terminal.ts'
import { findWorkspace, openWorkspaceStore, readConfig } from '../workspace.ts'

/** `gloss review`: browse all features; with a session, rate them. */
export const review: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('review')
    .description('browse features in the terminal; rate them in a session')
    .addHelpText(
      'after',
      '\nExamples:\n  gloss review\n  gloss review --session pilot --rubric monosemanticity --rater ana\n  gloss review --session pilot --rater ana --plain < answers.txt',
    )
  withOptions(command, 'review', 'only', 'seed')
  withCommonOptions(command).action(async (options: ReviewOptions) => {
    const terminal = new Terminal(surroundings, { color: options.color, quiet: options.quiet ?? false })
    const workspace = findWorkspace(options, surroundings.folder)
    const config = readConfig(workspace, { color: options.color })
    // GLOSS_RATER may be set for good: a rater is no mistake unless it was given here.
    const given = ['rubric', 'rater'].some((flag) => command.getOptionValueSource(flag) === 'cli')
    if (options.session === undefined && given)
      throw new UsageError('session-missing', 'expected --session NAME with --rubric and --rater, found none')
    if (options.session === undefined && options.plain)
      throw new UsageError(
        'session-missing',
        'expected --session NAME with --plain, found none; gloss show prints features by lines',
      )
    const store = openWorkspaceStore(workspace, false)
    try {
      const keys = keymap(config.review.keys)
      const desk = options.session === undefined ? null : await openDesk(options, store)
      if (desk && options.plain) {
        await rateByLines(desk, terminal, surroundings)
        return
      }
      const environment = surroundings.environment
      const screen = {
        colours: colourDepth(environment, options.color),
        screenReader: options.screenReader ?? environment['INK_SCREEN_READER'] === 'true',
      }
      if (desk) {
        const application = new ReviewApplication(new RateScreen(desk, keys, Date.now()), keys, null)
        await runOnScreen(application, surroundings, screen, NOTHING_BEHIND)
      } else {
        const set = currentSet({ store, folder: workspace })
        // What was last worked with, which a flag may have named.
        const protocol = findProtocol(store.study.get('protocol') ?? config.protocol, workspace, workspace)
        const details = new PageDetailsReader({ workspace, setId: set.id })
        const browser = browserFor(store, set, protocol, keys, details)
        await runOnScreen(browser.application, surroundings, screen, browser.behind)
      }
    } finally {
      store.close()
    }

    async function openDesk({ session, rater }: ReviewOptions, from: Store): Promise<RatingDesk> {
      if (rater === undefined)
        throw new UsageError(
          'rater-missing',
          'expected --rater WHO with --session, found none; ratings are stored under this name',
        )
      checkName('rater', rater)
      const study = {
        workspace,
        folder: surroundings.folder,
        protocol: config.protocol,
        seed: config.seed,
      }
      const named = { ...options, session: session! }
      const found = await sessionFor(named, from, study, surroundings, new Date())
      return new RatingDesk(from, found, rater, () => new Date())
    }
  })
}

/** The list of all features with their pages, and what is read while it is open already. */
function browserFor(
  store: Store,
  set: FeatureSetRecord,
  protocol: Protocol,
  keys: Keymap,
  details: PageDetailsReader,
): { readonly application: ReviewApplication; readonly behind: Background } {
  const features = new FeatureBrowser(store, set, protocol.name)
  const list = new BrowseList(features)
  let lookups: PageLookups | undefined
  const open = (feature: number): ScaledPage => ({
    page: featurePage(store, set, protocol, feature, (lookups ??= pageLookups(store, set))),
    scale: protocol.scale,
  })
  const screen = new BrowseScreen(list, features, keys, `${set.id} @ ${set.hook}`)
  const port = { open, details: (feature: number) => details.of(feature) }
  function* load(): Generator<undefined> {
    yield* features.load()
    yield* list.takeTexts()
    details.warm()
  }
  return {
    application: new ReviewApplication(screen, keys, { list: screen, port }),
    behind: {
      work: load(),
      onChange: (listener) => {
        details.onChange = listener
      },
      close: () => details.close(),
    },
  }
}

/** Questions to stdout, answers from stdin, one a line. Everything is stored when its line was read. */
async function rateByLines(
  desk: RatingDesk,
  terminal: Terminal,
  { stdin, signal }: Surroundings,
): Promise<void> {
  const mode = new LineMode(desk, terminal.columns, Date.now())
  terminal.print(...mode.begin())
  if (mode.ended || !stdin) return
  const lines = createInterface({ input: stdin, terminal: false })
  const stop = (): void => lines.close()
  signal.addEventListener('abort', stop)
  try {
    for await (const line of lines) {
      const answer = mode.answer(line)
      if (answer.length > 0) terminal.print(...answer)
      if (mode.ended) break
    }
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
  if (signal.aborted)
    throw new StoppedError('stopped', 'stopped; everything is stored, and the same command goes on')
}
