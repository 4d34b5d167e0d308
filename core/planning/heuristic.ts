import { daysBetween, type Day } from '../calendar.ts'
import { chooseArms, type Choice } from './choose.ts'
import { entryOf } from './entry.ts'
import type { PlanChannel, PlannerFacts } from './facts.ts'
import { legalOffers } from './legal.ts'
import type { Offer } from './offer.ts'
import type { PlanEntry, Refusal } from './plan.ts'
import { budgetLeft, budgetWords, spendOf } from './spend.ts'
import { dayFactor, daysOf, overlap } from './week.ts'
import { netOf } from './response.ts'
import { scalesOf } from './weigh.ts'

/**
 * The rule-based engine: every segment x group x offer x channel x time of day is valued by what it adds (weigh.ts), the best
 * few are chosen for each segment (choose.ts), and the week is filled from the most valuable down: days by the segment's
 * rhythm, apart from each other, under the day's capacity. Reach is what consent, age and law allow; the server counts it
 * exactly later. Locked entries of an earlier plan stay and use up their share of the limits.
 */
export function planHeuristically(
  facts: PlannerFacts,
  locked: readonly PlanEntry[] = [],
): { entries: PlanEntry[]; refused: Refusal[] } {
  const { legal, refused } = legalOffers(facts)
  const chosen: PlanEntry[] = [...locked]
  let channels = facts.limits.channels
  while (channels.length > 0) {
    const full = fillWeek(facts, channels, legal, chosen, refused)
    // Whom a full channel has no room for may still be written to on another.
    if (full.size === 0) break
    channels = channels.filter((channel) => !full.has(channel))
  }
  return { entries: chosen.toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1)), refused }
}

/** Adds what is worth it on these channels beside what is chosen already. Returns channels that had no room for a choice. */
function fillWeek(
  facts: PlannerFacts,
  channels: readonly PlanChannel[],
  legal: readonly Offer[],
  chosen: PlanEntry[],
  refused: Refusal[],
): Set<PlanChannel> {
  const all = scalesOf(facts)
  const scales = { ...all, facts: { ...facts, limits: { ...facts.limits, channels: [...channels] } } }
  const before = [...chosen]
  const found = facts.segments.flatMap((segment) => chooseArms(scales, segment, legal, before))
  const days = daysOf(facts)
  const full = new Set<PlanChannel>()
  let left = budgetLeft(before, facts)
  for (const choice of inOrder(found, left)) {
    const day = bestDay(choice, days, chosen, facts)
    if (day === null) {
      if (capacityOf(choice.channel, facts) !== null) full.add(choice.channel)
      continue
    }
    const isKnown = all.learning.isKnown && choice.segment.groups !== undefined
    const factor = isKnown ? 1 : dayFactor(choice.segment, day).factor
    const value = choice.valueOn(factor)
    if (netOf(value) <= 0) continue
    const entry = entryOf({ ...choice, day }, value, netOf(value) * choice.reach, facts)
    if (chosen.some((e) => e.id === entry.id)) continue
    if (left !== null) {
      const spend = spendOf(entry, facts)
      if (spend > left) {
        refused.push(overBudget(entry, left, facts))
        continue
      }
      left -= spend
    }
    chosen.push(entry)
  }
  return full
}

/** Most messages of a day. */
function capacityOf(channel: PlanChannel, { limits }: PlannerFacts): number | null {
  return channel === 'email' ? limits.email_per_day : (limits.sms_per_day ?? null)
}

/** What adds most goes first; where the budget is not enough for all, what adds most for each cent of it. */
function inOrder(choices: readonly Choice[], left: number | null): Choice[] {
  const spend = new Map(
    choices.map((c) => {
      const { cost_cents, discount_cents } = c.valueOn(1)
      return [c, Math.max(1, c.reach * (cost_cents + Math.max(0, discount_cents)))]
    }),
  )
  const isShort = left !== null && [...spend.values()].reduce((sum, cents) => sum + cents, 0) > left
  const rank = (c: Choice): number => (isShort ? c.gain / spend.get(c)! : c.gain)
  return choices.toSorted((a, b) => rank(b) - rank(a))
}

function overBudget(entry: PlanEntry, left: number, facts: PlannerFacts): Refusal {
  return {
    segment: entry.segment,
    channel: entry.channel,
    offer_title: entry.offer.title,
    day: entry.day,
    verdict: {
      outcome: 'deny',
      rule_id: 'shop-budget',
      summary: budgetWords(entry, left, facts),
      source: 'shop setting',
      confidence: 'high',
      cure: 'Raise the budget, or remove another message.',
    },
  }
}

/** Days after Monday: who is due was read on Monday morning, so the first message goes while that is fresh. */
const firstOfWeek = 1
const secondOfWeek = 4

/** The day on which the choice is worth most, or null when no day has room for it. */
function bestDay(choice: Choice, days: readonly Day[], chosen: readonly PlanEntry[], facts: PlannerFacts): Day | null {
  const { segment, channel, reach } = choice
  const limit = capacityOf(channel, facts)
  const total = Math.max(
    1,
    chosen.reduce((sum, e) => sum + e.reach, 0),
  )
  const beside = chosen.filter((e) =>
    overlap(e, { segment: segment.key, ...(choice.audience ? { audience: choice.audience } : {}) }),
  )
  let best: { day: Day; rank: number } | null = null
  for (const day of days) {
    // Two messages to the same people lie at least two days apart, and as far as the playbook says.
    if (beside.some((e) => Math.abs(daysBetween(e.day, day)) < Math.max(2, segment.playbook.cool_down_days ?? 0)))
      continue
    const offer = choice.offer
    if ((offer.valid_from && day < offer.valid_from) || (offer.valid_to && day > offer.valid_to)) continue
    const same = chosen.filter((e) => e.day === day)
    const load = same.reduce((sum, e) => sum + e.reach, 0)
    const alike = same.reduce((sum, e) => sum + (e.channel === channel ? e.reach : 0), 0)
    if (limit !== null && alike + reach > limit) continue
    // Where groups are planned for anew each Monday, messages come on the same days every week: a random day between two
    // weeks lets half of them meet a reader who is still tired, and leaves gaps in which nothing works.
    const rank = segment.groups
      ? 1 - Math.abs(daysBetween(facts.week_start, day) - (beside.length === 0 ? firstOfWeek : secondOfWeek)) / 10
      : // A day that already carries much is a little less welcome: the shop's counter has limits too.
        dayFactor(segment, day).factor * (1 - 0.5 * (load / total))
    if (!best || rank > best.rank) best = { day, rank }
  }
  return best?.day ?? null
}
