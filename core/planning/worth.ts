import { checkOffer } from '../compliance/rules.ts'
import type { Verdict } from '../compliance/verdict.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts, StoreOfPlan } from './facts.ts'
import type { Offer } from './offer.ts'

/** The stores where customers of the segment shop; all of them when nobody knows. */
export function storesOf(segment: SegmentFacts, facts: PlannerFacts): readonly StoreOfPlan[] {
  const own = facts.stores.filter((s) => (segment.stores[s.id] ?? 0) > 0)
  return own.length > 0 ? own : facts.stores
}

const denials = new WeakMap<PlannerFacts, Map<string, Verdict | null>>()
/** The rule that forbids the offer in this store, asked once per plan. */
export function deniedIn(offer: Offer, store: StoreOfPlan, facts: PlannerFacts): Verdict | null {
  let known = denials.get(facts)
  if (!known) denials.set(facts, (known = new Map()))
  const key = `${offer.id}|${store.id}`
  let found = known.get(key)
  if (found === undefined)
    known.set(key, (found = checkOffer(offer, store, facts.policy).find((v) => v.outcome === 'deny') ?? null))
  return found
}

/** Who can be reached at most: consent and age allow the channel, and the law of their store the offer. */
export function lawfulReach(offer: Offer, segment: SegmentFacts, channel: PlanChannel, facts: PlannerFacts): number {
  const total = Object.values(segment.stores).reduce((a, b) => a + b, 0)
  if (total === 0) return segment.reachable[channel]
  const lawful = facts.stores
    .filter((s) => !deniedIn(offer, s, facts))
    .reduce((sum, s) => sum + (segment.stores[s.id] ?? 0), 0)
  return Math.round((segment.reachable[channel] * lawful) / total)
}
