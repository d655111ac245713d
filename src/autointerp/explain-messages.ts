import type { ChatMessage, ChatRequest } from '../core/chat-model.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import type { Protocol } from '../core/protocol.ts'
import { Random } from '../core/random.ts'
import type { Example } from '../core/records.ts'
import type { Counterexamples, PredictedWindow } from './counterexamples.ts'
import type { ExplainPrompt, Section } from './explain-prompt.ts'
import { type LevelledWindow, renderLevels, renderSpans, withScale } from './prompt-file.ts'
import { largestActivation, quantize } from './quantize.ts'

type Sections = Readonly<Partial<Record<Section, readonly LevelledWindow[]>>>

/** Texts of the tokens with the largest and smallest logit effects, strongest first. */
export interface LogitTokens {
  readonly top: readonly string[]
  readonly bottom: readonly string[]
}

/** What else may decide a request for an explanation: also what a protocol says of it. */
export interface ExplainDetails extends Partial<Pick<Protocol, 'rounding' | 'firingOnly'>> {
  /** Null where the feature has no direct path to the logits. */
  readonly logits?: LogitTokens | null
  /**
   * Which of several independent requests: the first shows windows in the order of the examples, each other one in an
   * order of its own. So they are different requests, and have different answers from a server that samples nothing.
   */
  readonly sample?: { readonly number: number; readonly seed: number; readonly feature: number }
}

/**
 * The request for an explanation of a feature: instructions and worked examples first, the same for every feature,
 * then the feature's explain examples by section, and its logits where the prompt shows them.
 *
 * @param textsOf the texts of a window's tokens
 */
export function explainRequest(
  prompt: ExplainPrompt,
  examples: readonly Example[],
  scale: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
  { logits = null, sample, rounding, firingOnly }: ExplainDetails = {},
): ChatRequest {
  const max = largestActivation(examples)
  const random =
    sample && sample.number > 0
      ? new Random(sample.seed, 'explain order', sample.feature, sample.number)
      : null
  const windowsOf = (section: Section): LevelledWindow[] => {
    const windows = examples
      .filter(({ slice }) => (section === 'interval' ? slice.startsWith('interval') : slice === section))
      .map((example) => levelledWindow(example, max, scale, textsOf, rounding))
    return random ? random.shuffle(windows) : windows
  }
  const sections = Object.fromEntries(sectionsOf(prompt).map((section) => [section, windowsOf(section)]))
  const messages: ChatMessage[] = [{ role: 'system', content: systemOf(prompt, scale) }]
  for (const { windows, logits: shown, explanation } of prompt.examples)
    messages.push(
      { role: 'user', content: renderQuestion(prompt, windows, shown ?? null) },
      { role: 'assistant', content: tagged(explanation) },
    )
  const copy = firingOnly ? renderFiringOnly(Object.values(sections).flat(), firingOnly) : []
  messages.push({ role: 'user', content: [renderQuestion(prompt, sections, logits), ...copy].join('\n\n') })
  return { messages, maxTokens: prompt.maxTokens }
}

/**
 * The request to revise an explanation: the talk that led to it, then windows that it predicts worst, each with its
 * true levels and with what was predicted.
 *
 * @param request that the explanation is the answer to
 */
export function revisionRequest(
  prompt: ExplainPrompt,
  revision: NonNullable<ExplainPrompt['revision']>,
  request: ChatRequest,
  explanation: string,
  { falsePositives, falseNegatives }: Counterexamples,
): ChatRequest {
  const section = (heading: string, windows: readonly PredictedWindow[]): string[] => {
    if (windows.length === 0) return []
    const lines = windows.map(
      ({ truth, predicted }) =>
        `- ${renderLevels(truth)}\n  ${revision.predicted}: ${renderLevels(predicted)}`,
    )
    return [[`${heading}:`, ...lines].join('\n')]
  }
  const content = [
    ...section(revision.falseNegatives, falseNegatives),
    ...section(revision.falsePositives, falsePositives),
    revision.request.trim(),
  ].join('\n\n')
  return {
    messages: [
      ...request.messages,
      // The answer as it was read, not as it was given: thoughts and small talk stay out.
      { role: 'assistant', content: tagged(escapeForPrompt(explanation)) },
      { role: 'user', content },
    ],
    maxTokens: prompt.maxTokens,
  }
}

/** An example's tokens with their levels on the scale. @param max the largest activation of the explain examples */
export function levelledWindow(
  { tokens, activations }: Pick<Example, 'tokens' | 'activations'>,
  max: number,
  scale: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
  rounding?: Protocol['rounding'],
): LevelledWindow {
  return textsOf(tokens).map(
    (text, index) => [text, quantize(activations[index]!, max, scale, rounding)] as const,
  )
}

/** The windows once more, firing tokens alone, where these are few. */
function renderFiringOnly(
  windows: readonly LevelledWindow[],
  { below, heading }: NonNullable<Protocol['firingOnly']>,
): string[] {
  const tokens = windows.flat()
  const firing = tokens.filter(([, level]) => level > 0)
  if (firing.length === 0 || firing.length / tokens.length >= below) return []
  const lines = windows
    .map((window) => window.filter(([, level]) => level > 0))
    .filter(({ length }) => length > 0)
    .map((window) => `- ${renderLevels(window)}`)
  return [[`${heading}:`, ...lines].join('\n')]
}

function systemOf({ system, marks }: ExplainPrompt, scale: number): string {
  return marks === 'levels' ? withScale(system, scale) : system.replaceAll('{scale}', String(scale))
}

function sectionsOf({ sections }: ExplainPrompt): Section[] {
  return Object.keys(sections) as Section[]
}

function tagged(explanation: string): string {
  return `<explanation>${explanation}</explanation>`
}

function renderQuestion(prompt: ExplainPrompt, windows: Sections, logits: LogitTokens | null): string {
  const render = prompt.marks === 'levels' ? renderLevels : renderSpans
  const shown = (window: LevelledWindow): LevelledWindow =>
    window.map(([text, level]) => [text, level >= prompt.markFrom ? level : 0])
  const sections = sectionsOf(prompt)
    .filter((section) => (windows[section] ?? []).length > 0)
    .map((section) =>
      [
        `${prompt.sections[section]!}:`,
        ...windows[section]!.map((window) => `- ${render(shown(window))}`),
      ].join('\n'),
    )
  if (prompt.logits && logits) {
    const { top, bottom, count } = prompt.logits
    sections.push(
      `${top}: ${renderTokens(logits.top.slice(0, count))}`,
      `${bottom}: ${renderTokens(logits.bottom.slice(0, count))}`,
    )
  }
  return sections.join('\n\n')
}

function renderTokens(tokens: readonly string[]): string {
  return tokens.map((text) => `"${escapeForPrompt(text).replaceAll('"', '\\"')}"`).join(', ')
}
