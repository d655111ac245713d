import { z } from 'zod'
import { type BlockMember, type IsolateBlock, planBlocks } from '../autointerp/isolate-blocks.ts'
import { contentId } from '../core/hash.ts'
import { parseJson } from '../core/parse.ts'
import type { ExplanationRecord, FeatureSetRecord, StoredExample } from '../core/store.ts'
import { askIsolated, type IsolatedFeature } from './ask-isolated.ts'
import { scoreExamples, type ScorePlan } from './score-plan.ts'
import type { Isolation, ScoreItem } from './scorer.ts'
import type { Simulation, Simulator } from './simulate.ts'
import type { Llm, Study } from './study.ts'

/** Feature, partner and whether there is a blank control; blocks of earlier versions lack the last. */
const memberSchema = z
  .tuple([z.int(), z.int().nullable()])
  .rest(z.boolean())
  .transform(([feature, partner, blank]): BlockMember => ({ feature, partner, blank: blank ?? null }))
const blocksSchema = z.array(z.array(memberSchema))

/** What is planned, with partners and blocks as they were when a feature was first planned. */
export interface IsolatePlan {
  readonly items: readonly ScoreItem[]
  readonly blocks: readonly IsolateBlock[]
}

/**
 * Puts planned features into blocks that share calls. Blocks outlive the run: what a feature's requests hold does not
 * depend on who is planned beside it later. One that got no partner or no blank control then gets none later.
 */
export function planIsolation(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  plan: ScorePlan,
  items: readonly ScoreItem[],
): IsolatePlan {
  const spoken = items.filter(({ explanation }) => explanation.text !== null)
  const members = spoken.map(({ explanation, partner, blank }): BlockMember => ({
    feature: explanation.featureId,
    partner: partner?.text == null ? null : partner.featureId,
    blank,
  }))
  const known = storedBlocks(study, set, llm)
  const blocks = planBlocks(known, members, llm.simulate.examplesPerCall, study.config.seed)
  const memberOf = new Map(blocks.flat().map((member) => [member.feature, member]))
  const blockOf = new Map(blocks.flatMap((block, number) => block.map(({ feature }) => [feature, number])))
  const placeOf = ({ explanation }: ScoreItem): number => blockOf.get(explanation.featureId) ?? -1
  return {
    blocks,
    // A block is worked on as one: what its calls said is kept until all of its features are scored.
    items: items
      .map((item) => {
        const member = memberOf.get(item.explanation.featureId)
        if (member === undefined) return item
        const { partner, blank } = member
        return {
          ...item,
          blank: blank ?? item.blank,
          ...(partner === null && item.partner?.text === null
            ? {}
            : { partner: partner === null ? null : plan.explanationOf(partner) }),
        }
      })
      .toSorted((a, b) => placeOf(a) - placeOf(b)),
  }
}

/** Remembers blocks, so that a later run asks what this one asked. */
export function rememberBlocks(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  blocks: readonly IsolateBlock[],
): void {
  const known = storedBlocks(study, set, llm)
  const there = new Set(known.flatMap((block) => block.map(({ feature }) => feature)))
  const fresh = blocks.filter((block) => !there.has(block[0]!.feature))
  if (fresh.length === 0) return
  const rows = [...known, ...fresh].map((block) =>
    block.map(({ feature, partner, blank }) => [feature, partner, ...(blank === null ? [] : [blank])]),
  )
  study.store.study.put(blocksKey(study, set, llm), JSON.stringify(rows))
}

/** The blocks that earlier runs put features into. */
export function storedBlocks(study: Study, set: FeatureSetRecord, llm: Llm): IsolateBlock[] {
  const stored = study.store.study.get(blocksKey(study, set, llm))
  return stored === null ? [] : parseJson(stored, blocksSchema, 'the blocks of isolated features')
}

function blocksKey(study: Study, set: FeatureSetRecord, llm: Llm): `isolate:${string}` {
  const id = contentId({
    set: set.id,
    protocol: study.protocol.hash,
    explainer: llm.explain.hash,
    prompt: llm.simulate.hash,
    endpoint: llm.chat.group,
    llm: llm.chat.model,
  })
  return `isolate:${id}`
}

/** The isolation of features in blocks, with what the store knows of them. */
export function isolationOf(
  study: Study,
  set: FeatureSetRecord,
  blocks: readonly IsolateBlock[],
  planned: readonly number[],
  explanationOf: (feature: number) => ExplanationRecord,
): Isolation {
  return {
    blocks,
    planned,
    textOf: (feature) => explanationOf(feature).text!,
    examplesOf: (feature) => scoreExamples(study, set, feature),
  }
}

/** Whose explanation a block's features are simulated from: their own, their partners', or nobody's. */
export const ROLES = ['own', 'shuffled', 'blank'] as const
type Role = (typeof ROLES)[number]

/** Whether what is said of a feature in a role counts. */
export function takesPart({ partner, blank }: BlockMember, role: Role): boolean {
  if (role === 'own') return true
  return role === 'shuffled' ? partner !== null : blank === true
}

/**
 * The features of a block in a role; none where the role is nobody's. All examples have the same company in every
 * role, so that a judge who reads no explanation says the same: who takes no part is asked about without one.
 */
export function featuresInRole(
  block: IsolateBlock,
  role: Role,
  { textOf, examplesOf }: Pick<Isolation, 'textOf' | 'examplesOf'>,
  blankDescription: string,
): IsolatedFeature[] {
  if (!block.some((member) => takesPart(member, role))) return []
  return block.flatMap((member) => {
    const { feature, partner, blank } = member
    if (blank === null && !takesPart(member, role)) return []
    const speaker = role === 'own' ? feature : role === 'shuffled' ? partner : null
    const explanation = speaker === null ? blankDescription : textOf(speaker)
    return [{ feature, explanation, examples: examplesOf(feature) }]
  })
}

/**
 * Asks an LLM about one example each of a block's features at a time. The first feature of a block that is simulated sends
 * the calls of all; the others find them under way. An explanation that is none of the block's is asked about alone,
 * one example a call.
 */
export function isolateSimulator(
  llm: Llm,
  scale: number,
  seed: number,
  textsOf: (tokens: readonly number[]) => readonly string[],
  isolation: Isolation,
): Simulator {
  const { blocks, textOf } = isolation
  const { blankDescription } = llm.simulate
  const placeOf = new Map(
    blocks.flatMap((block) => block.map((member) => [member.feature, { block, member }] as const)),
  )
  const wanted = new Set(isolation.planned)
  const underWay = new Map<string, Promise<Map<number, Simulation>>>()
  const textIn = ({ feature, partner }: BlockMember, role: Role): string =>
    role === 'blank' ? blankDescription : textOf(role === 'own' ? feature : partner!)
  const ask = (features: readonly IsolatedFeature[], priority: number): Promise<Map<number, Simulation>> =>
    askIsolated(llm, features, scale, seed, textsOf, priority)
  const askBlock = async (
    block: IsolateBlock,
    role: Role,
    priority: number,
  ): Promise<Map<number, Simulation>> => {
    const simulations = await ask(featuresInRole(block, role, isolation, blankDescription), priority)
    const heard = block.filter((member) => wanted.has(member.feature) && takesPart(member, role))
    return new Map(heard.map(({ feature }) => [feature, simulations.get(feature)!]))
  }
  return {
    tier: llm.tier,
    // No two examples of a feature are in one call.
    deal: (_feature, examples) => examples.map((_, index) => [index]),
    simulate: async (explanation, feature, examples: readonly StoredExample[], priority) => {
      const { block, member } = placeOf.get(feature) ?? {}
      const role =
        member && ROLES.find((one) => takesPart(member, one) && textIn(member, one) === explanation)
      if (block === undefined || role === undefined)
        return (await ask([{ feature, explanation, examples }], priority)).get(feature)!
      const key = `${block[0]!.feature} ${role}`
      const asked = underWay.get(key) ?? askBlock(block, role, priority)
      underWay.set(key, asked)
      const simulations = await asked
      const simulation = simulations.get(feature)!
      // What has been handed out is not kept: all features together would not fit into memory.
      simulations.delete(feature)
      if (simulations.size === 0) underWay.delete(key)
      return simulation
    },
  }
}
