import type { ChatModel } from '../core/chat-model.ts'
import type { StudyEvent } from '../core/events.ts'
import type { StageName } from '../core/stages.ts'

/** What the way to the LLM has to tell, as events of the stage that asks. */
export function* chatEvents(chat: ChatModel, stage: StageName): Generator<StudyEvent> {
  for (const event of chat.takeEvents())
    yield event.type === 'llm-notice' ? { type: 'notice', stage, text: event.text } : { ...event, stage }
}
