import type { Day } from '../calendar.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts } from './facts.ts'
import { explainEntry } from './explain.ts'
import { forecastOf } from './forecast.ts'
import type { Offer } from './offer.ts'
import type { Alternative, PlanEntry } from './plan.ts'
import type { MessageValue } from './response.ts'
import { chooseTemplate } from './template-choice.ts'
import { dayFactor, partOf, storeVerdicts, windowOfPart } from './week.ts'
import type { DayPart } from './evidence.ts'
import { scalesOf, valueOver } from './weigh.ts'

export interface Candidate {
  segment: SegmentFacts
  offer: Offer
  channel: PlanChannel
  day: Day
  part?: DayPart
  /** groups it speaks to; left out: the whole segment */
  audience?: readonly string[]
  rejected?: readonly Alternative[]
}

/** Values and texts of an entry, for the engines and for edits by hand. */
export function entryOf(candidate: Candidate, value: MessageValue, score: number, facts: PlannerFacts): PlanEntry {
  const { segment, offer, channel, day, audience, rejected } = candidate
  const part = candidate.part ?? 'day'
  const reach = valueOver(scalesOf(facts), segment, { offer, channel, part }, audience).reach
  return {
    id: `${day}:${segment.key}:${channel}:${offer.key}${part === 'evening' ? ':evening' : ''}`,
    day,
    segment: segment.key,
    channel,
    offer,
    template_id: chooseTemplate(facts.templates, channel, offer, segment)?.id ?? null,
    window:
      windowOfPart(segment, channel, part, facts) ?? facts.contact[channel === 'email' ? 'email_window' : 'sms_window'],
    reach,
    matched: segment.size,
    held_out: 0,
    kept_back: [],
    reason: explainEntry(candidate, value, facts),
    score,
    verdicts: storeVerdicts(offer, segment, day, facts),
    forecast: forecastOf(value, reach, segment.basket_cents, facts.margin_share),
    locked: false,
    ...(audience ? { audience: [...audience] } : {}),
    ...(rejected && rejected.length > 0 ? { rejected: [...rejected] } : {}),
  }
}

/** The mean value of one message of this entry, as the engine sees it. @param earlier messages of the plan before it */
export function valueOfEntry(
  entry: Pick<PlanEntry, 'segment' | 'offer' | 'channel' | 'day'> & Partial<Pick<PlanEntry, 'audience' | 'window'>>,
  earlier: number,
  facts: PlannerFacts,
): MessageValue | null {
  const segment = facts.segments.find((s) => s.key === entry.segment)
  if (!segment) return null
  const scales = scalesOf(facts)
  const part = entry.window ? partOf({ window: entry.window }) : 'day'
  // Results were measured on the days that were chosen; only without them does the calendar change the value.
  const factor = scales.learning.isKnown && segment.groups ? 1 : dayFactor(segment, entry.day).factor
  const arm = { offer: entry.offer, channel: entry.channel, part }
  return valueOver(scales, segment, arm, entry.audience, { dayFactor: factor, earlier }).value
}
