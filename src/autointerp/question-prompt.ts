import { z } from 'zod'
import type { ChatMessage, ChatRequest } from '../core/chat-model.ts'
import { escapeForPrompt } from '../core/escape-prompt.ts'
import { sha256 } from '../core/hash.ts'
import { parseYaml } from '../core/parse.ts'
import { beyondAnswers } from './answer-lines.ts'

/** A window as a question shows it: token texts, each with whether it is highlighted. */
export type QuestionWindow = readonly (readonly [text: string, highlighted: boolean])[]

const windowSchema = z.array(
  z
    .union([z.string(), z.strictObject({ mark: z.string() })])
    .transform((token): [string, boolean] =>
      typeof token === 'string' ? [token, false] : [token.mark, true],
    ),
)

const questionSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/),
    maxTokens: z.int().positive(),
    /** Questions that are asked in one call. */
    questionsPerCall: z.int().positive(),
    system: z.string(),
    descriptionLabel: z.string(),
    /** The words that a question can be answered with. */
    options: z.array(z.string().regex(/^[A-Za-z]+$/)).min(2),
    examples: z.array(
      z.strictObject({
        explanation: z.string(),
        questions: z.array(z.strictObject({ windows: z.array(windowSchema).min(1), answer: z.string() })),
      }),
    ),
  })
  .refine(
    ({ options, examples }) =>
      examples.every(({ questions }) => questions.every(({ answer }) => options.includes(answer))),
    'expected every answer of the worked examples to be one of the options',
  )

/** A prompt that asks numbered questions about an explanation, with the hash of its file's text. */
export type QuestionPrompt = z.output<typeof questionSchema> & { readonly hash: string }

/** @throws {ConfigError} when the file does not fit */
export function parseQuestionPrompt(text: string, source: string): QuestionPrompt {
  return { ...parseYaml(text, questionSchema, source), hash: sha256(text) }
}

/**
 * The request to answer questions about windows from an explanation: instructions and worked examples first, the same
 * for every feature, then the explanation, then the questions.
 *
 * @param questions the windows of each question
 */
export function questionRequest(
  prompt: QuestionPrompt,
  explanation: string,
  questions: readonly (readonly QuestionWindow[])[],
): ChatRequest {
  const messages: ChatMessage[] = [{ role: 'system', content: prompt.system }]
  for (const example of prompt.examples)
    messages.push(
      {
        role: 'user',
        content: renderQuestions(
          prompt,
          example.explanation,
          example.questions.map(({ windows }) => windows),
        ),
      },
      {
        role: 'assistant',
        content: renderVerdicts(example.questions.map(({ answer }) => answer)),
      },
    )
  messages.push({ role: 'user', content: renderQuestions(prompt, explanation, questions) })
  return { messages, maxTokens: prompt.maxTokens, stop: beyondAnswers(questions.length) }
}

/** Answers in the form that {@link questionRequest} asks for. */
export function renderVerdicts(words: readonly string[]): string {
  return words.map((word, index) => `${index + 1}: ${word}`).join('\n')
}

function renderQuestions(
  prompt: QuestionPrompt,
  explanation: string,
  questions: readonly (readonly QuestionWindow[])[],
): string {
  const lines = questions.flatMap((windows, index) =>
    windows.length === 1
      ? [`${index + 1}: ${renderWindow(windows[0]!)}`]
      : [
          `${index + 1}:`,
          ...windows.map((window, place) => `${prompt.options[place]!}: ${renderWindow(window)}`),
        ],
  )
  return [`${prompt.descriptionLabel}: ${escapeForPrompt(explanation)}`, '', ...lines].join('\n')
}

/** A window as text, highlighted tokens as «token». */
export function renderWindow(window: QuestionWindow): string {
  return window
    .map(([text, highlighted]) => (highlighted ? `«${escapeForPrompt(text)}»` : escapeForPrompt(text)))
    .join('')
}
