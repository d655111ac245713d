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

const blocksSchema = z.array(z.array(z.tuple([z.int(), z.int().nullable()])))

/** What is planned, with partners and blocks as they were when a feature was first planned. */
export interface IsolatePlan {
  readonly items: readonly ScoreItem[]
  readonly blocks: readonly IsolateBlock[]
}

/**
 * Puts planned features into blocks that share calls. Blocks outlive the run: what a feature's requests hold does not
 * depend on who is planned beside it later. One that got no partner then gets none later.
 */
export function planIsolation(
  study: Study,
  set: FeatureSetRecord,
  llm: Llm,
  plan: ScorePlan,
  items: readonly ScoreItem[],
): IsolatePlan {
  const spoken = items.filter(({ explanation }) => explanation.text !== null)
  const members = spoken.map(({ explanation, partner }): BlockMember => [
    explanation.featureId,
    partner?.text == null ? null : partner.featureId,
  ])
  const known = storedBlocks(study, set, llm)
  const blocks = planBlocks(known, members, llm.simulate.examplesPerCall, study.config.seed)
  const partners = new Map(blocks.flat())
  const blockOf = new Map(blocks.flatMap((block, number) => block.map(([feature]) => [feature, number])))
  const placeOf = ({ explanation }: ScoreItem): number => blockOf.get(explanation.featureId) ?? -1
  return {
    blocks,
    // A block is worked on as one: what its calls said is kept until all of its features are scored.
    items: items
      .map((item) => {
        const partner = partners.get(item.explanation.featureId)
        if (partner === undefined || (partner === null && item.partner?.text === null)) return item
        return { ...item, partner: partner === null ? null : plan.explanationOf(partner) }
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
  const there = new Set(known.flatMap((block) => block.map(([feature]) => feature)))
  const fresh = blocks.filter((block) => !there.has(block[0]![0]))
  if (fresh.length > 0)
    study.store.study.put(blocksKey(study, set, llm), JSON.stringify([...known, ...fresh]))
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

/** Whose explanation a block's features are simulated from: their own, or their partners'. */
export const ROLES = ['own', 'shuffled'] as const
type Role = (typeof ROLES)[number]

/** The features of a block in a role; those without a partner have no shuffled control. */
export function featuresInRole(
  block: IsolateBlock,
  role: Role,
  { textOf, examplesOf }: Pick<Isolation, 'textOf' | 'examplesOf'>,
): IsolatedFeature[] {
  return block.flatMap(([feature, partner]) => {
    const speaker = role === 'own' ? feature : partner
    return speaker === null ? [] : [{ feature, explanation: textOf(speaker), examples: examplesOf(feature) }]
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
  const placeOf = new Map(
    blocks.flatMap((block) => block.map(([feature, partner]) => [feature, { block, partner }] as const)),
  )
  const wanted = new Set(isolation.planned)
  const underWay = new Map<string, Promise<Map<number, Simulation>>>()
  const ask = async (
    features: readonly IsolatedFeature[],
    priority: number,
  ): Promise<Map<number, Simulation>> => {
    const simulations = await askIsolated(llm, features, scale, seed, textsOf, priority)
    return new Map([...simulations].filter(([feature]) => wanted.has(feature)))
  }
  return {
    tier: llm.tier,
    // No two examples of a feature are in one call.
    deal: (_feature, examples) => examples.map((_, index) => [index]),
    simulate: async (explanation, feature, examples: readonly StoredExample[], priority) => {
      const { block, partner = null } = placeOf.get(feature) ?? {}
      const role = ROLES.find((one) => {
        const speaker = one === 'own' ? feature : partner
        return block !== undefined && speaker !== null && textOf(speaker) === explanation
      })
      if (block === undefined || role === undefined)
        return (await ask([{ feature, explanation, examples }], priority)).get(feature)!
      const key = `${block[0]![0]} ${role}`
      const asked = underWay.get(key) ?? ask(featuresInRole(block, role, isolation), priority)
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
