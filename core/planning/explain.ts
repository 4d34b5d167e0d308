import { weekdayName } from '../calendar.ts'
import { formatCents } from '../money.ts'
import type { PlannerFacts, SegmentFacts } from './facts.ts'
import type { Candidate } from './entry.ts'
import { describeGroups } from './groups.ts'
import type { Arm } from './learn.ts'
import { isDiscount } from './offer.ts'
import type { Alternative } from './plan.ts'
import type { MessageValue } from './response.ts'
import { dayFactor } from './week.ts'
import { scalesOf } from './weigh.ts'

/** Why this offer, for these customers, on this day, in a shopkeeper's words. */
export function explainEntry(
  { segment, offer, day, audience, part }: Candidate,
  value: MessageValue,
  facts: PlannerFacts,
): string {
  const { share, before } = dayFactor(segment, day)
  const when =
    share > 0
      ? `${weekdayName(day)}: ${Math.round(share * 100)}% of these customers’ orders fall on this day and the next.`
      : `${weekdayName(day)}: there are too few orders yet to know their days.`
  const holiday = before ? ` ${before} is close.` : ''
  const per = formatCents(Math.max(1, Math.round(value.margin_cents)), facts.currency)
  const isQuiet = segment.churn >= 0.6
  const why = !isDiscount(offer)
    ? isQuiet
      ? 'They have gone quiet: a reason to come back that costs no margin.'
      : 'It costs no margin, so every extra visit counts in full.'
    : isQuiet
      ? 'They have gone quiet: few would have bought anyway, so the discount is paid for real returns.'
      : `The discount pays for itself here even though ${Math.round((1 - Math.exp(-segment.orders_per_week)) * 100)}% of the segment would have bought this week anyway.`
  return `${when}${holiday} ${why}${whom(segment, audience)}${part === 'evening' ? ' In the evening, when they open more.' : ''} About ${per} of extra margin per message${source(facts)}.`
}

function whom(segment: SegmentFacts, audience: readonly string[] | undefined): string {
  const words = audience && segment.groups ? describeGroups(audience) : null
  return words && audience!.length < segment.groups!.length
    ? ` Only for those who ${words}: for the others it would not pay.`
    : ''
}

function source(facts: PlannerFacts): string {
  return scalesOf(facts).learning.isKnown ? ', measured against customers held out' : ''
}

/** Why another arm was left for the same customers. */
export function rejection(arm: Arm, value: MessageValue, chosen: MessageValue, currency: string): Alternative {
  const money = (cents: number): string => formatCents(Math.round(cents), currency)
  const given = value.discount_cents - chosen.discount_cents
  const reason =
    value.margin_cents <= 0
      ? value.discount_cents > 0.5 && value.extra_orders > 0
        ? 'It would lose money: the reduction is paid to all who would have bought anyway.'
        : 'It would not bring enough to pay for itself.'
      : given > 1 && value.extra_orders >= chosen.extra_orders
        ? `It brings more orders, but gives away ${money(given)} more on each message.`
        : value.cost_cents > chosen.cost_cents + 1 && value.extra_orders >= chosen.extra_orders
          ? `It brings more orders, but each message costs ${money(value.cost_cents)}.`
          : `It brings ${money(chosen.margin_cents - value.margin_cents)} less on each message.`
  return {
    offer_title: arm.offer.title,
    channel: arm.channel,
    margin_cents: Math.round(value.margin_cents * 10) / 10,
    reason,
  }
}
