import { daysBetween, type Day } from '../calendar.ts'
import { chooseArms, type Choice } from './choose.ts'
import { entryOf } from './entry.ts'
import type { PlannerFacts } from './facts.ts'
import { legalOffers } from './legal.ts'
import type { PlanEntry, Refusal } from './plan.ts'
import { dayFactor, daysOf, overlap } from './week.ts'
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
  const days = daysOf(facts)
  const chosen: PlanEntry[] = [...locked]
  const choices = facts.segments
    .flatMap((segment) => chooseArms(scalesOf(facts), segment, legal, locked))
    .toSorted((a, b) => b.gain - a.gain)
  for (const choice of choices) {
    const day = bestDay(choice, days, chosen, facts)
    if (day === null) continue
    const isKnown = scalesOf(facts).learning.isKnown && choice.segment.groups !== undefined
    const factor = isKnown ? 1 : dayFactor(choice.segment, day).factor
    const value = choice.valueOn(factor)
    if (value.margin_cents <= 0) continue
    chosen.push(entryOf({ ...choice, day }, value, value.margin_cents * choice.reach, facts))
  }
  return { entries: chosen.toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1)), refused }
}

/** Days after Monday: who is due was read on Monday morning, so the first message goes while that is fresh. */
const firstOfWeek = 1
const secondOfWeek = 4

/** The day on which the choice is worth most, or null when no day has room for it. */
function bestDay(choice: Choice, days: readonly Day[], chosen: readonly PlanEntry[], facts: PlannerFacts): Day | null {
  const { segment, channel, reach } = choice
  const limit = facts.limits.email_per_day
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
    const emails = same.reduce((sum, e) => sum + (e.channel === 'email' ? e.reach : 0), 0)
    if (channel === 'email' && limit !== null && emails + reach > limit) continue
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
