import { localMinutes, type Day } from '../calendar.ts'
import type { StoreHours } from '../knowledge/store-hours.ts'
import { openHours, type ContactLimits } from '../compliance/contact-hours.ts'
import { gate, type Recipient, type TemplateFlags } from '../compliance/gate.ts'
import type { Policy } from '../compliance/policy.ts'
import { checkOffer, type StoreFacts } from '../compliance/rules.ts'
import { decisive, type Verdict } from '../compliance/verdict.ts'
import type { PlanEntry } from './plan.ts'

export type AssignableEntry = Pick<
  PlanEntry,
  'id' | 'day' | 'segment' | 'channel' | 'offer' | 'window' | 'score' | 'audience'
>

export interface StoreForGate extends StoreFacts, Partial<StoreHours> {
  id: string
  time_zone: string
  zip?: string
}

/** One customer as planning needs them; addresses stay outside. */
export interface AssignableCustomer extends Omit<Recipient, 'is_suppressed'> {
  suppressed: { email: boolean; sms: boolean }
  store: StoreForGate
  segments: readonly string[]
  /** by behaviour (groups.ts); left out: not known, so entries for certain groups only do not reach the customer */
  group?: string
  /** hour of the day they usually buy, 0..24; null: no pattern */
  usual_hour: number | null
  /** marketing messages of other campaigns around this week, sent or waiting */
  contacts: readonly { at: Date; channel: 'email' | 'sms' }[]
  held_out: boolean
  /** stable number in [0, 1): spreads due times */
  spread: number
}

export interface Assignment {
  entry: AssignableEntry
  outcome: 'pending' | 'holdout' | 'skipped'
  /** what stopped it, when skipped */
  verdict: Verdict | null
  due_at: Date | null
  window_end: Date | null
}

export interface AssignRules {
  entries: readonly AssignableEntry[]
  policy: Policy
  limits: ContactLimits
  template: TemplateFlags
  now: Date
  /** as soon as the window allows, instead of the customer's usual hour */
  soonest?: boolean
  /** days a segment's customers are left in peace after a message, by its playbook */
  coolDowns?: ReadonlyMap<string, number>
}

/** The rule of entries that speak to other groups of the segment. */
export const otherGroups = 'planner-other-groups'

const dayMs = 86_400_000
const weekMs = 7 * dayMs
const hourMs = 3_600_000

/**
 * Says for each entry that speaks to one of the customer's segments whether the customer gets it, when, or what stops
 * it. The same function counts the reach of a draft and makes the sends of a start, so the two agree. Customers held
 * out pass the same gate and use up the same caps, so that both groups stay comparable.
 */
export function createAssigner(rules: AssignRules): (customer: AssignableCustomer) => Assignment[] {
  // A shop of a million asks for each of its customers: nothing is searched or made anew that can be kept.
  const entriesOf = Map.groupBy(
    rules.entries
      .toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1))
      .map((entry, place) => ({
        entry,
        place,
        audience: entry.audience && new Set(entry.audience),
        notMeant: skipped(entry, notForThem),
      })),
    ({ entry }) => entry.segment,
  )
  const lawOf = new Map<string, Verdict[]>()
  const law = (entry: AssignableEntry, store: StoreForGate): Verdict[] => {
    const key = `${entry.id}|${store.id}`
    let found = lawOf.get(key)
    if (!found) lawOf.set(key, (found = checkOffer(entry.offer, store, rules.policy, entry.day)))
    return found
  }

  return (customer) => {
    const planned: { at: Date; channel: 'email' | 'sms' }[] = []
    const taken = new Set<Day>()
    const out: Assignment[] = []
    const own = customer.segments.flatMap((segment) => entriesOf.get(segment) ?? []).sort((a, b) => a.place - b.place)
    for (const { entry, audience, notMeant } of own) {
      if (audience && (customer.group === undefined || !audience.has(customer.group))) {
        out.push(notMeant)
        continue
      }
      const skip = (verdict: Verdict): void => void out.push(skipped(entry, verdict))
      if (taken.has(entry.day)) {
        skip(shopVerdict('shop-one-a-day', 'The customer gets another message on that day.', 'Move one of the two.'))
        continue
      }
      const slot = slotOf(entry, customer, rules)
      // A closed window is told only when nothing graver is in the way, so the gate is asked in any case.
      const at = 'due' in slot ? slot.due : rules.now
      const contacts = [...customer.contacts, ...planned]
      const texts = contacts.filter((c) => c.channel === 'sms')
      const verdicts = gate({
        recipient: { ...customer, is_suppressed: customer.suppressed[entry.channel] },
        channel: entry.channel,
        offer: entry.offer,
        template: rules.template,
        store: customer.store,
        policy: rules.policy,
        limits: rules.limits,
        history: {
          week: busiestWeek(contacts, at),
          sms_week: busiestWeek(texts, at),
          sms_day: texts.filter((c) => Math.abs(c.at.getTime() - at.getTime()) < dayMs).length,
          nearest_ms: customer.wishes?.every_days ? nearestContact(contacts, at) : null,
        },
        at,
        offerVerdicts: law(entry, customer.store),
      })
      const stop = 'due' in slot ? decisive(verdicts) : (verdicts.find((v) => v.outcome === 'deny') ?? slot.closed)
      if (stop || !('due' in slot)) {
        skip(stop ?? shopVerdict('shop-window-over', 'The window is over.', 'Move the entry to a later day.'))
        continue
      }
      const rest = rules.coolDowns?.get(entry.segment) ?? 0
      const last = rest > 0 ? nearestContact(contacts, slot.due) : null
      if (last !== null && last < rest * dayMs) {
        skip(
          shopVerdict(
            'playbook-cool-down',
            `There is another message within ${Math.max(1, Math.floor(last / dayMs))} ${last < 2 * dayMs ? 'day' : 'days'}; the playbook of this segment waits ${rest}.`,
            'Wait, or shorten the cool-down in the playbook of the segment.',
          ),
        )
        continue
      }
      taken.add(entry.day)
      planned.push({ at: slot.due, channel: entry.channel })
      out.push({
        entry,
        outcome: customer.held_out ? 'holdout' : 'pending',
        verdict: null,
        due_at: slot.due,
        window_end: slot.end,
      })
    }
    return out
  }
}

const skipped = (entry: AssignableEntry, verdict: Verdict): Assignment => ({
  entry,
  outcome: 'skipped',
  verdict,
  due_at: null,
  window_end: null,
})

const notForThem = shopVerdict(otherGroups, 'The entry speaks to other customers of the segment.', 'Open it to all.')

function shopVerdict(rule_id: string, summary: string, cure: string): Verdict {
  return { outcome: 'deny', rule_id, summary, source: 'shop setting', confidence: 'high', cure }
}

/** The moment inside the customer's open window that lies nearest to an hour before they usually buy. */
function slotOf(
  entry: AssignableEntry,
  customer: AssignableCustomer,
  { limits, policy, now, soonest }: AssignRules,
): { due: Date; end: Date } | { closed: Verdict } {
  const zones = customer.time_zones.length > 0 ? customer.time_zones : [customer.store.time_zone]
  const { span, rule } = openHours(
    entry.day,
    { channel: entry.channel, state: customer.state ?? customer.store.state, zones, limits, policy },
    entry.window,
  )
  if (!span)
    return {
      closed: {
        outcome: 'deny',
        rule_id: rule.id,
        summary: `The window never opens on ${entry.day}: ${rule.summary}`,
        source: rule.source,
        confidence: rule.confidence,
        cure: 'Choose another day or a wider window.',
      },
    }
  const from = Math.max(span.from.getTime(), now.getTime())
  const to = span.to.getTime()
  if (from >= to)
    return {
      closed: shopVerdict('shop-window-over', `The window of ${entry.day} is over.`, 'Move the entry to a later day.'),
    }
  if (soonest) return { due: new Date(from), end: span.to }
  return { due: new Date(dueMs(customer, span.from, from, to, zones[0]!)), end: span.to }
}

function dueMs(
  { usual_hour, spread }: AssignableCustomer,
  opens: Date,
  from: number,
  to: number,
  zone: string,
): number {
  const ease = Math.min(hourMs, to - from)
  if (usual_hour === null) return Math.floor(from + spread * (to - from - 1))
  const wished =
    opens.getTime() + ((usual_hour - 1) * 60 - localMinutes(opens, zone)) * 60_000 + (spread - 0.5) * 0.5 * hourMs
  // Many wish the same closed hour; they are spread over the first or last open one instead of standing in line.
  if (wished < from) return Math.floor(from + spread * (ease - 1))
  if (wished >= to) return Math.floor(to - 1 - spread * (ease - 1))
  return Math.floor(wished)
}

/** Milliseconds to the contact that lies nearest, before or after; null: there is none. */
function nearestContact(contacts: readonly { at: Date }[], at: Date): number | null {
  return contacts.length === 0 ? null : Math.min(...contacts.map((c) => Math.abs(c.at.getTime() - at.getTime())))
}

/** The most contacts in any seven days that also hold `at`, without the one at `at` itself. */
export function busiestWeek(contacts: readonly { at: Date }[], at: Date): number {
  const moment = at.getTime()
  const times = contacts.map((c) => c.at.getTime()).filter((t) => Math.abs(t - moment) < weekMs)
  let most = 0
  for (const start of [...times.filter((t) => t <= moment), moment])
    most = Math.max(most, times.filter((t) => t >= start && t < start + weekMs).length)
  return most
}
