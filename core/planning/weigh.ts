import { eveningFrom, type DayPart } from './evidence.ts'
import type { PlanChannel, PlannerFacts, SegmentFacts } from './facts.ts'
import { atPressures, groupKey, pressureBands, traitsOfGroup, type Traits } from './groups.ts'
import { learnGroups, type Arm, type Learning } from './learn.ts'
import type { Offer } from './offer.ts'
import {
  learnResponse,
  netOf,
  seen,
  valueOfMessage,
  type MessageValue,
  type Outlook,
  type PastResponse,
} from './response.ts'
import { lawfulReach } from './worth.ts'

/** What an arm is worth to each group of a segment; a segment without groups has one, ''. */
export interface WeighedArm extends Arm {
  reach: ReadonlyMap<string, number>
  /** what the choice goes by: as expected, less what tiredness will cost later */
  net: ReadonlyMap<string, number>
  /** as expected, for forecasts: a row of `terms` for each group of `reach`, in its order */
  values: Float64Array
}

/** The terms of a message's value, in a fixed order: an object for each of a million values would be most of the work. */
const terms = ['open', 'click', 'order', 'extra_orders', 'discount_cents', 'cost_cents', 'margin_cents', 'leaving_cents', 'spread'] as const satisfies readonly (keyof MessageValue)[] // prettier-ignore

interface Price {
  tired: readonly (readonly number[])[]
  reader_cents: number
}

/** All that is known for weighing, made once per facts. */
export interface Scales {
  facts: PlannerFacts
  past: PastResponse
  learning: Learning
  /** per segment and habit: what the first and second message of the week cost in later tiredness, by pressure; and a reader's worth */
  prices: Map<string, Price>
}

const known = new WeakMap<PlannerFacts, Scales>()

/** The scales of these facts: the same facts give the same plan. Draws (Thompson sampling) cost more than they found. */
export function scalesOf(facts: PlannerFacts): Scales {
  let scales = known.get(facts)
  if (!scales) {
    scales = {
      facts,
      past: learnResponse(facts.past, facts.segments),
      learning: learnGroups(facts, null),
      prices: new Map(),
    }
    known.set(facts, scales)
  }
  return scales
}

/** Day and evening where results tell them apart and both are open; else the whole day. */
export function partsOf(facts: PlannerFacts, channel: PlanChannel): DayPart[] {
  const { start, end } = channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
  const parts: DayPart[] = []
  if (start < eveningFrom) parts.push('day')
  if (end > eveningFrom && (facts.evidence?.sent.length ?? 0) > 0 && channel === 'email') parts.push('evening')
  return parts.length > 0 ? parts : ['evening']
}

const noPrice: Price = { tired: [[0, 0, 0, 0]], reader_cents: 0 }
/** Share of a message's worth that is left when it is the second of a week: whoever has not read the first. */
const again = 0.6

/** The value of one message of the arm to one customer of the group. */
export function valueInGroup(
  scales: Scales,
  segment: SegmentFacts,
  group: string,
  arm: Arm,
  options: { dayFactor?: number; earlier?: number } = {},
): MessageValue {
  const { facts, learning, past } = scales
  const traits = traitsOfGroup(group)
  const earlier = options.earlier ?? 0
  let outlook: Outlook | undefined
  if (traits) {
    const pressed = pressureBands.indexOf(traits.pressure) + earlier
    const level = Math.min(pressureBands.length - 1, pressed)
    outlook = learning.outlook(segment, atPressures(traits)[level]!, arm, false)
    // A second message in the week presses more than the last level that is told apart.
    const fresh = further ** (pressed - level) * unread(outlook.open, arm, traits) ** earlier
    outlook.lift *= fresh
    outlook.returns *= fresh
    outlook.reach_value_cents = (scales.prices.get(priceKey(segment, traits)) ?? noPrice).reader_cents
  }
  return valueOfMessage({
    segment,
    offer: arm.offer,
    channel: arm.channel,
    day_factor: options.dayFactor ?? 1,
    earlier,
    margin_share: facts.margin_share,
    past,
    outlook,
  })
}

/**
 * Only who has not read the first message of a week is moved by the second: it takes its place with the others. Where texts
 * are allowed the first one mostly was a text.
 */
function unread(open: number, arm: Arm, traits: Traits): number {
  return 1 - (traits.isTexted && arm.channel === 'email' ? seen.sms : Math.min(seen.email * 1.5, open))
}

/** What tiredness after one more message will cost, in cents. */
function tiredPrice(scales: Scales, segment: SegmentFacts, group: string, earlier: number): number {
  const traits = traitsOfGroup(group)
  if (!traits) return 0
  const { tired } = scales.prices.get(priceKey(segment, traits)) ?? noPrice
  return tired[Math.min(earlier, tired.length - 1)]![pressureBands.indexOf(traits.pressure)]!
}

/** Groups of a segment that have anybody; '' when it is planned for as a whole. */
export function groupsOf(segment: SegmentFacts): string[] {
  return segment.groups?.map((g) => g.key) ?? ['']
}

/** @param only groups that matter; left out: all of the segment */
export function weighArm(
  scales: Scales,
  segment: SegmentFacts,
  arm: Arm,
  earlier: number,
  only?: ReadonlySet<string>,
): WeighedArm {
  const share = segment.reachable[arm.channel]
  const lawful = share === 0 ? 0 : lawfulReach(arm.offer, segment, arm.channel, scales.facts) / share
  const reach = new Map<string, number>()
  const net = new Map<string, number>()
  const counts = new Map(segment.groups?.map((g) => [g.key, g.reachable[arm.channel]]) ?? [['', share]])
  const values = new Float64Array(counts.size * terms.length)
  for (const [group, n] of counts) {
    if (n === 0 || lawful === 0 || (only && !only.has(group))) continue
    const mean = valueInGroup(scales, segment, group, arm, { earlier })
    for (let t = 0, at = reach.size * terms.length; t < terms.length; t++) values[at + t] = mean[terms[t]!]
    reach.set(group, n * lawful)
    net.set(group, netOf(mean) - tiredPrice(scales, segment, group, earlier))
  }
  return { ...arm, reach, net, values }
}

/** Mean terms of one message of an arm to these groups, null where none of them can be reached by it. */
export function meanOver(arm: WeighedArm, groups: ReadonlySet<string>): MessageValue | null {
  const sums = new Float64Array(terms.length)
  let people = 0
  let row = 0
  for (const [group, n] of arm.reach) {
    const at = terms.length * row++
    if (!groups.has(group)) continue
    people += n
    for (let t = 0; t < terms.length; t++) sums[t]! += n * arm.values[at + t]!
  }
  if (people === 0) return null
  return Object.fromEntries(terms.map((name, t) => [name, sums[t]! / people])) as unknown as MessageValue
}

const discount = 0.95
const readerWeeks = 26
/** Beyond the messages that results tell apart, each further one of 14 days leaves this share of the worth. */
const further = 0.85

/**
 * Habits stay while the rhythm turns, and who has stopped is not in it: tiredness is paid for with one's own later messages,
 * not with others'.
 */
const priceKey = (segment: SegmentFacts, t: Traits): string =>
  `${segment.key}|${t.due === 'gone' || t.due === 'lost' ? 'gone.' : ''}${t.reader}${t.isNight ? '.night' : ''}${t.isSaver ? '.saver' : ''}${t.isTexted ? '.text' : ''}`

/**
 * Prices the next message to each habit of a segment: what it takes from later ones. Over the weeks a customer is a small
 * decision problem: none, one or two messages last week and the week before; every message now makes those of the next two
 * weeks worth less. Solved by value iteration on the mean values at each pressure, it says how often to write, without a
 * constant that fits one market only.
 */
export function priceSegment(scales: Scales, segment: SegmentFacts, arms: readonly Arm[]): void {
  const habits = new Map<string, { traits: Traits; size: number }[]>()
  for (const g of segment.groups ?? []) {
    const traits = traitsOfGroup(g.key)!
    const key = priceKey(segment, traits)
    const own = habits.get(key) ?? []
    own.push({ traits, size: Math.max(g.reachable.email, g.reachable.sms) })
    habits.set(key, own)
  }
  for (const [key, groups] of habits)
    if (!scales.prices.has(key)) scales.prices.set(key, priceOf(scales, pressureBands.map((_, level) => meanBest(scales, segment, arms, groups, level)))) // prettier-ignore
}

/** @param known mean worth of a message after none, one, two, and more of 14 days */
function priceOf(scales: Scales, known: readonly number[]): Price {
  const worth = [...known, known[3]! * further, known[3]! * further ** 2]
  // State 3a + b: a messages last week, b the week before.
  const states = Array.from({ length: 9 }, (_, state) => ({
    last: Math.floor(state / 3),
    level: Math.floor(state / 3) + (state % 3),
  }))
  let values = new Array<number>(9).fill(0)
  const after = (last: number, sent: number): number => discount * values[sent * 3 + last]!
  const most = Math.min(2, scales.facts.limits.max_per_customer_week)
  for (let i = 0; i < 100; i++)
    values = states.map(({ last, level }) => {
      let best = after(last, 0)
      let gained = 0
      for (let sent = 1; sent <= most; sent++) {
        gained += worth[level + sent - 1]! * again ** (sent - 1)
        best = Math.max(best, gained + after(last, sent))
      }
      return best
    })
  /** what the first, and the second, message of a week costs, by messages before */
  const price = (sent: number): number[] =>
    [[0], [1, 3], [2, 4, 6], [5, 7, 8]].map((same) => {
      const costs = same.map((state) => after(states[state]!.last, sent) - after(states[state]!.last, sent + 1))
      return Math.max(0, costs.reduce((a, b) => a + b, 0) / costs.length)
    })
  return {
    tired: [price(0), price(1)],
    reader_cents: Math.max(50, readerWeeks * (1 - discount) * values[0]!),
  }
}

/** Mean over customers of the best arm's value at a pressure, nothing where nothing pays. */
function meanBest(
  scales: Scales,
  segment: SegmentFacts,
  arms: readonly Arm[],
  groups: readonly { traits: Traits; size: number }[],
  level: number,
): number {
  let sum = 0
  let people = 0
  const mixed = new Map<string, number>()
  for (const { traits, size } of groups) {
    const group = groupKey(atPressures(traits)[level]!)
    mixed.set(group, (mixed.get(group) ?? 0) + size)
  }
  for (const [group, size] of mixed) {
    let best = 0
    for (const arm of arms)
      if (arm.channel === 'email' || traitsOfGroup(group)!.isTexted)
        best = Math.max(best, netOf(valueInGroup(scales, segment, group, arm)))
    sum += size * best
    people += size
  }
  return people > 0 ? sum / people : 0
}

/** Mean value of a message over the groups an entry speaks to, and how many they are. */
export function valueOver(
  scales: Scales,
  segment: SegmentFacts,
  arm: Arm,
  audience: readonly string[] | undefined,
  options: { dayFactor?: number; earlier?: number } = {},
): { value: MessageValue; reach: number } {
  const share = segment.reachable[arm.channel]
  const lawful = share === 0 ? 0 : lawfulReach(arm.offer, segment, arm.channel, scales.facts) / share
  const groups = segment.groups?.filter((g) => !audience || audience.includes(g.key)) ?? []
  const people = groups.reduce((n, g) => n + g.reachable[arm.channel], 0)
  if (people === 0 || !segment.groups)
    return {
      value: valueInGroup(scales, segment, '', arm, options),
      reach: segment.groups && audience ? 0 : Math.round(share * lawful),
    }
  const sum: MessageValue = { open: 0, click: 0, order: 0, extra_orders: 0, discount_cents: 0, cost_cents: 0, margin_cents: 0, leaving_cents: 0, spread: 0 } // prettier-ignore
  for (const g of groups) {
    const weight = g.reachable[arm.channel] / people
    if (weight === 0) continue
    const value = valueInGroup(scales, segment, g.key, arm, options)
    for (const field of Object.keys(sum) as (keyof MessageValue)[]) sum[field] += weight * value[field]
  }
  return { value: sum, reach: Math.round(people * lawful) }
}

/** The groups for which the arm is expected to earn more than it takes from later messages. */
export function audienceFor(
  scales: Scales,
  segment: SegmentFacts,
  offer: Offer,
  channel: PlanChannel,
): string[] | undefined {
  if (!segment.groups) return undefined
  const arm: Arm = { offer, channel, part: 'day' }
  const weighed = weighArm(scales, segment, arm, 0)
  const paying = [...weighed.net].filter(([, net]) => net > 0).map(([group]) => group)
  return paying.length > 0 ? paying : undefined
}
