import { MARKS, type RatingEvent, slotOf, type SlotValue } from './event.ts'

/** A change that can be undone: the events of one visit to a text are one. */
export interface Change {
  readonly item: string
  readonly field: string
  readonly part: string | null
  readonly from: SlotValue
  readonly to: SlotValue
  readonly edit: number | null
}

/** What one rater's events of one session add up to. */
export interface RaterState {
  /** The number of the last event. */
  readonly seq: number
  /** Slots of each item that were ever changed. */
  readonly items: ReadonlyMap<string, ReadonlyMap<string, SlotValue>>
  /** Changes that undo takes back, the last one last. */
  readonly done: readonly Change[]
  /** Changes that redo makes again, the next one last. */
  readonly undone: readonly Change[]
  /** Milliseconds spent on each item. */
  readonly elapsedMs: ReadonlyMap<string, number>
}

/** A pause longer than this counts as this: the rater was away. */
export const LONGEST_PAUSE_MS = 120_000

/** The state of many events at once, and of one more at a time. */
export class RaterFold implements RaterState {
  seq = 0
  readonly items = new Map<string, Map<string, SlotValue>>()
  readonly done: Change[] = []
  readonly undone: Change[] = []
  readonly elapsedMs = new Map<string, number>()

  /** The value of a slot; null where it has none. */
  value(item: string, field: string, part: string | null = null): SlotValue {
    return this.items.get(item)?.get(slotOf(field, part)) ?? null
  }

  /** Applies the next event. Returns this. */
  apply({ item, kind, payload }: Pick<RatingEvent, 'item' | 'kind' | 'payload'>): this {
    const { seq, field, part, old, new: next, edit, elapsedMs } = payload
    this.seq = Math.max(this.seq, seq)
    const slots = this.items.get(item) ?? new Map<string, SlotValue>()
    this.items.set(item, slots)
    if (next === null) slots.delete(slotOf(field, part))
    else slots.set(slotOf(field, part), next)
    const spent = Math.min(elapsedMs, LONGEST_PAUSE_MS)
    this.elapsedMs.set(item, (this.elapsedMs.get(item) ?? 0) + spent)
    switch (kind) {
      case 'undo': {
        const change = this.done.pop()
        if (change) this.undone.push(change)
        break
      }
      case 'redo': {
        const change = this.undone.pop()
        if (change) this.done.push(change)
        break
      }
      case 'reveal':
        // What was said before an explanation was seen stays said.
        this.#forget(item)
        break
      default:
        this.#remember({ item, field, part, from: old, to: next, edit })
    }
    return this
  }

  #remember(change: Change): void {
    this.undone.length = 0
    const last = this.done.at(-1)
    const continues =
      change.edit !== null &&
      last !== undefined &&
      last.edit === change.edit &&
      last.item === change.item &&
      last.field === change.field &&
      last.part === change.part
    if (continues) this.done[this.done.length - 1] = { ...last, to: change.to }
    else this.done.push(change)
  }

  #forget(item: string): void {
    for (const list of [this.done, this.undone])
      list.splice(0, list.length, ...list.filter((change) => change.item !== item))
  }
}

/** Folds a rater's events, in the order of their numbers; events of one number, from forked copies, by their ids. */
export function foldEvents(
  events: Iterable<Pick<RatingEvent, 'id' | 'item' | 'kind' | 'payload'>>,
): RaterFold {
  const ordered = [...events].toSorted(
    (a, b) => a.payload.seq - b.payload.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  )
  const fold = new RaterFold()
  for (const event of ordered) fold.apply(event)
  return fold
}

/** Where an item stands for a rater. */
export type ItemStanding = 'open' | 'submitted' | 'skipped'

/** Where an item stands for a rater. */
export function standingOf(state: RaterFold, item: string): ItemStanding {
  if (state.value(item, MARKS.submitted) === true) return 'submitted'
  return state.value(item, MARKS.skipped) === null ? 'open' : 'skipped'
}
