import { formatCents } from '../money.ts'
import { valueOfEntry } from './entry.ts'
import type { PlannerFacts } from './facts.ts'
import type { PlanEntry } from './plan.ts'

/** What an entry is expected to cost in cents: its messages, and the reductions that will be used. */
export function spendOf(
  entry: Pick<PlanEntry, 'segment' | 'offer' | 'channel' | 'day' | 'reach'> &
    Partial<Pick<PlanEntry, 'audience' | 'window'>>,
  facts: PlannerFacts,
): number {
  const value = valueOfEntry(entry, 0, facts)
  return value ? Math.round(entry.reach * (value.cost_cents + Math.max(0, value.discount_cents))) : 0
}

/** Cents of the week's budget that are left beside these entries; null: there is no limit. */
export function budgetLeft(entries: readonly PlanEntry[], facts: PlannerFacts): number | null {
  const { budget_cents } = facts.limits
  if (budget_cents === null || budget_cents === undefined) return null
  return budget_cents - entries.reduce((sum, e) => sum + spendOf(e, facts), 0)
}

/** What it would cost and what is left, in money. */
export function budgetWords(entry: Parameters<typeof spendOf>[0], left: number, facts: PlannerFacts): string {
  const money = (cents: number): string => formatCents(cents, facts.currency)
  return `It would cost about ${money(spendOf(entry, facts))} in messages and reductions; of the week’s ${money(facts.limits.budget_cents ?? 0)} ${money(Math.max(0, left))} is left.`
}
