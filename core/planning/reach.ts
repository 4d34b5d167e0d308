import { otherGroups, type Assignment } from './assign.ts'
import type { PlanEntry, ReachStep, RuleCount } from './plan.ts'

/** Rules in plain words, grouped: what a shopkeeper reads in the reach funnel. In the order in which people drop out. */
const groups: readonly { label: string; matches: RegExp }[] = [
  { label: 'have no address for the channel', matches: /^person-no-address$/ },
  { label: 'asked not to be written to, or bounced', matches: /^(person-suppressed|us-sms-revocation)$/ },
  { label: 'have not agreed to messages', matches: /^(person-consent-|us-[a-z]{2}-direct-mail)/ },
  { label: 'are under 21 or of unknown age', matches: /^(us-legal-age|us-age-gate-required|person-age-unknown)$/ },
  { label: 'live where we do not know', matches: /^person-place-unknown$/ },
  {
    label: 'shop in a store where the offer is not allowed',
    matches:
      /^(us-[a-z]{2}-(?!quiet|sms-daily)|us-(state-unknown|control-state|local-option|supplier)|shop-store-sells|shop-offer-dates)/,
  },
  { label: 'have had enough messages this week', matches: /^(cap-|us-[a-z]{2}-sms-daily)/ },
  { label: 'paused messages, or want fewer or others', matches: /^person-(paused|topic-off|pace)$/ },
  { label: 'are left in peace by the playbook of their segment', matches: /^playbook-cool-down$/ },
  { label: 'behave otherwise than those the message is for', matches: /^planner-other-groups$/ },
  { label: 'have no open window that day', matches: /(-window|-hours|shop-window-over|quiet-hours)$/ },
  { label: 'get another message that day', matches: /^shop-one-a-day$/ },
]
const otherLabel = 'are kept back by another rule'

/** The funnel line a rule belongs to. */
export function labelOfRule(ruleId: string): string {
  return groups.find((g) => g.matches.test(ruleId))?.label ?? otherLabel
}

export interface EntryCount {
  reach: number
  held_out: number
  matched: number
  kept_back: RuleCount[]
}

/** Counts assignments customer by customer; memory does not grow with the number of customers. */
export function createReachCount(): {
  /** @param weight customers that this one stands for, where only a sample is counted */
  add(assignments: readonly Assignment[], weight?: number): void
  ofEntry(entryId: string): EntryCount
  steps(): ReachStep[]
  heldOut(): number
} {
  const entries = new Map<string, { reach: number; held_out: number; rules: Map<string, number> }>()
  const lost = new Map<string, { rule: string; count: number }>()
  let matched = 0
  let heldOut = 0
  return {
    add(assignments, weight = 1) {
      if (assignments.length === 0) return
      matched += weight
      for (const a of assignments) {
        // An entry counts those it is meant for; the others show in the steps of the whole plan.
        if (a.verdict?.rule_id === otherGroups) continue
        let count = entries.get(a.entry.id)
        if (!count) entries.set(a.entry.id, (count = { reach: 0, held_out: 0, rules: new Map() }))
        if (a.outcome === 'pending') count.reach += weight
        else if (a.outcome === 'holdout') count.held_out += weight
        else if (a.verdict) count.rules.set(a.verdict.rule_id, (count.rules.get(a.verdict.rule_id) ?? 0) + weight)
      }
      if (assignments.some((a) => a.outcome === 'pending')) return
      if (assignments.some((a) => a.outcome === 'holdout')) heldOut += weight
      else {
        // Whoever an entry was meant for is told by what kept them back, the others by that.
        const told = assignments.find((a) => a.verdict?.rule_id !== otherGroups) ?? assignments[0]!
        const rule = told.verdict?.rule_id ?? 'unknown'
        const label = labelOfRule(rule)
        const line = lost.get(label)
        if (line) line.count += weight
        else lost.set(label, { rule, count: weight })
      }
    },
    ofEntry(entryId) {
      const count = entries.get(entryId)
      const kept_back = [...(count?.rules ?? [])]
        .map(([rule_id, n]) => ({ rule_id, label: labelOfRule(rule_id), count: Math.round(n) }))
        .toSorted((a, b) => b.count - a.count)
      const reach = Math.round(count?.reach ?? 0)
      const held = Math.round(count?.held_out ?? 0)
      return {
        reach,
        held_out: held,
        matched: reach + held + kept_back.reduce((sum, k) => sum + k.count, 0),
        kept_back,
      }
    },
    steps() {
      let left = Math.round(matched)
      const steps: ReachStep[] = [{ label: 'customers in the segments of this plan', rule_id: null, removed: 0, left }]
      for (const label of [...groups.map((g) => g.label), otherLabel]) {
        const line = lost.get(label)
        if (!line) continue
        const removed = Math.min(left, Math.round(line.count))
        left -= removed
        steps.push({ label, rule_id: line.rule, removed, left })
      }
      if (heldOut > 0)
        steps.push({
          label: 'are held out, to measure what the plan earns',
          rule_id: 'shop-holdout',
          removed: Math.min(left, Math.round(heldOut)),
          left: left - Math.min(left, Math.round(heldOut)),
        })
      return steps
    },
    heldOut: () => Math.round(heldOut),
  }
}

/** The entry with its exact counts. */
export function withCount(entry: PlanEntry, count: EntryCount): PlanEntry {
  return { ...entry, ...count }
}
