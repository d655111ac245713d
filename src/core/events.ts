import type { ChatEvent, Spending } from './chat-model.ts'
import type { TrainingStep } from './dictionary.ts'
import type { StageName } from './stages.ts'

/** What a verb tells while it works. The CLI shows these as progress and can log them. */
export type StudyEvent =
  /** A stage has something to do. `done` counts what an earlier run left finished. */
  | {
      readonly type: 'stage-start'
      readonly stage: StageName
      readonly unit: 'tokens' | 'features'
      readonly done: number
      readonly total: number
      readonly note: string
    }
  | {
      readonly type: 'stage-progress'
      readonly stage: StageName
      readonly done: number
      readonly total: number
      readonly training?: TrainingStep
      readonly spending?: Spending
    }
  /** The stage's planned items all have an outcome. */
  | { readonly type: 'stage-end'; readonly stage: StageName; readonly seconds: number; readonly note: string }
  /** Everything that the stage would make is there already. */
  | { readonly type: 'stage-skip'; readonly stage: StageName; readonly note: string }
  /** A call got no reply, or one that cannot be read. The item goes on without it and is counted. */
  | {
      readonly type: 'item-failed'
      readonly stage: StageName
      readonly feature: number
      readonly reason: string
    }
  | ({ readonly stage: StageName } & Extract<ChatEvent, { type: 'llm-retry' }>)
  /** Something a user should know that stops nothing. */
  | { readonly type: 'notice'; readonly stage: StageName; readonly text: string }
