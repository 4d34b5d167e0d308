import type { PlanChannel, SegmentFacts } from './facts.ts'
import { rejection } from './explain.ts'
import { traitsOfGroup } from './groups.ts'
import type { Arm } from './learn.ts'
import { isDiscount, type Offer } from './offer.ts'
import type { Alternative, PlanEntry } from './plan.ts'
import type { MessageValue } from './response.ts'
import { chooseTemplate } from './template-choice.ts'
import { windowOf } from './week.ts'
import {
  groupsOf,
  meanOver,
  partsOf,
  priceSegment,
  valueOver,
  weighArm,
  type Scales,
  type WeighedArm,
} from './weigh.ts'

/** An arm for some groups of a segment, ready for a day. */
export interface Choice extends Arm {
  segment: SegmentFacts
  audience?: string[]
  /** what it adds to the segment's plan, in cents; orders what is placed first */
  gain: number
  reach: number
  valueOn(dayFactor: number): MessageValue
  rejected: Alternative[]
}

/** More entries than this for one segment nobody reads. */
const mostEntries = 6
/** An entry must add this share of what the segment's best one brings. */
const leastGain = 0.015
const shownAlternatives = 3

interface Had {
  messages: number
  texts: number
  offers: Set<string>
  discount: boolean
}

/**
 * The best few arms of a segment and who gets which: greedily the arm that adds most, where each group goes to the best
 * arm there is for it, and gets nothing where nothing pays. A second message in the week is weighed in a second round,
 * with the tiredness of the first.
 */
export function chooseArms(
  scales: Scales,
  segment: SegmentFacts,
  legal: readonly Offer[],
  locked: readonly PlanEntry[],
): Choice[] {
  const { limits } = scales.facts
  const arms = armsOf(scales, segment, legal)
  if (arms.length === 0) return []
  priceSegment(scales, segment, arms)
  const had = hadOf(segment, locked)
  const out: Choice[] = []
  for (let round = 0; round < limits.max_per_customer_week; round++) {
    const eligible = new Set([...had].filter(([, h]) => h.messages === round).map(([group]) => group))
    if (eligible.size === 0) continue
    const weighed = arms.map((arm) => weighArm(scales, segment, arm, round, eligible))
    const chosen = chooseSome(weighed, (group, arm) => fitsBeside(group, had.get(group)!, arm, limits))
    if (chosen.length === 0) break
    for (const { arm, groups, gain } of chosen) {
      out.push(choiceOf(scales, segment, arm, groups, gain, round, weighed))
      for (const group of groups) note(had.get(group)!, arm)
    }
  }
  return out
}

function armsOf(scales: Scales, segment: SegmentFacts, legal: readonly Offer[]): Arm[] {
  const { facts } = scales
  const open = (channel: PlanChannel): boolean =>
    segment.reachable[channel] > 0 && windowOf(segment, channel, facts) !== null
  return facts.limits.channels
    .filter(open)
    .flatMap((channel) =>
      legal
        .filter((offer) => chooseTemplate(facts.templates, channel, offer, segment) !== null)
        .flatMap((offer) =>
          (segment.groups ? partsOf(facts, channel) : (['day'] as const)).map((part) => ({ offer, channel, part })),
        ),
    )
}

function hadOf(segment: SegmentFacts, locked: readonly PlanEntry[]): Map<string, Had> {
  const had = new Map<string, Had>()
  for (const group of groupsOf(segment)) {
    const own: Had = { messages: 0, texts: 0, offers: new Set(), discount: false }
    for (const e of locked)
      if (e.segment === segment.key && (group === '' || !e.audience || e.audience.includes(group))) note(own, e)
    had.set(group, own)
  }
  return had
}

function note(had: Had, { offer, channel }: Pick<Arm, 'offer' | 'channel'>): void {
  had.messages++
  if (channel === 'sms') had.texts++
  had.offers.add(offer.id)
  if (isDiscount(offer)) had.discount = true
}

/**
 * No offer twice in a week, and one discount at most: a second one only teaches people to wait. Who has stopped coming waits
 * for nothing: the same way back may be shown to them again, for those who did not open the first message.
 */
function fitsBeside(
  group: string,
  had: Had,
  { offer, channel }: Arm,
  limits: { max_sms_per_customer_week: number },
): boolean {
  const due = traitsOfGroup(group)?.due
  const isBack = due === 'gone' || due === 'lost'
  if (!isBack && (had.offers.has(offer.id) || (had.discount && isDiscount(offer)))) return false
  return channel !== 'sms' || had.texts < limits.max_sms_per_customer_week
}

function chooseSome(
  weighed: readonly WeighedArm[],
  fits: (group: string, arm: WeighedArm) => boolean,
): { arm: WeighedArm; groups: string[]; gain: number }[] {
  const best = new Map<string, { arm: WeighedArm; worth: number }>()
  const gains = new Map<WeighedArm, number>()
  const usable = new Map(
    weighed.map((arm) => [arm, [...arm.net].filter(([group, net]) => net > 0 && fits(group, arm))]),
  )
  let first = 0
  while (gains.size < mostEntries) {
    let top: { arm: WeighedArm; gain: number } | null = null
    for (const [arm, groups] of usable) {
      if (gains.has(arm)) continue
      let gain = 0
      for (const [group, net] of groups)
        gain += Math.max(0, net * arm.reach.get(group)! - (best.get(group)?.worth ?? 0))
      if (gain > 0 && (!top || gain > top.gain)) top = { arm, gain }
    }
    if (!top || top.gain < leastGain * first) break
    first ||= top.gain
    gains.set(top.arm, top.gain)
    for (const [group, net] of usable.get(top.arm)!) {
      const worth = net * top.arm.reach.get(group)!
      if (worth > (best.get(group)?.worth ?? 0)) best.set(group, { arm: top.arm, worth })
    }
  }
  return [...gains].flatMap(([arm, gain]) => {
    const groups = [...best].filter(([, b]) => b.arm === arm).map(([group]) => group)
    return groups.length > 0 ? [{ arm, groups, gain }] : []
  })
}

function choiceOf(
  scales: Scales,
  segment: SegmentFacts,
  arm: WeighedArm,
  groups: readonly string[],
  gain: number,
  earlier: number,
  weighed: readonly WeighedArm[],
): Choice {
  const { offer, channel, part } = arm
  const audience = segment.groups ? [...groups] : undefined
  const valueOn = (dayFactor: number): MessageValue =>
    valueOver(scales, segment, arm, audience, { dayFactor, earlier }).value
  const reach = Math.round(groups.reduce((n, group) => n + (arm.reach.get(group) ?? 0), 0))
  const own = new Set(groups)
  const chosen = meanOver(arm, own)
  const rejected = weighed
    .filter((other) => other.offer.id !== offer.id || other.channel !== channel)
    .map((other) => ({ other, value: meanOver(other, own) }))
    .filter(({ value }) => value !== null)
    .toSorted((a, b) => b.value!.margin_cents - a.value!.margin_cents)
    .filter(
      ({ other }, i, all) =>
        all.findIndex((o) => o.other.offer.id === other.offer.id && o.other.channel === other.channel) === i,
    )
    .slice(0, shownAlternatives)
    .map(({ other, value }) => rejection(other, value!, chosen ?? value!, scales.facts.currency))
  return { offer, channel, part, segment, ...(audience ? { audience } : {}), gain, reach, valueOn, rejected }
}
