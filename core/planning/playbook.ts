import { addDays, localMinutes, clockOf, weekdayName, type Day } from '../calendar.ts'
import { openHours, type ContactLimits } from '../compliance/contact-hours.ts'
import type { Policy } from '../compliance/policy.ts'
import { checkOffer } from '../compliance/rules.ts'
import type { Verdict } from '../compliance/verdict.ts'
import type { StoreForGate } from './assign.ts'
import { joinStores } from './week.ts'
import { describeOffer, noOffer, offerKinds, type Offer } from './offer.ts'
import type { Window } from './plan.ts'

/** What a segment is best told, as far as law and limits can be asked about it. */
export interface PlaybookTerms {
  /** kinds of offers or keys of offers, best first */
  recommended_offers: readonly string[]
  optimal_channels: readonly ('email' | 'sms')[]
  optimal_send_window: Window
}

/** What one state says: allowed unless something denies it everywhere in the state. */
export interface StateVerdict {
  state: string
  /** names of the shop's stores there */
  stores: string[]
  allowed: boolean
  verdicts: Verdict[]
}

export interface PlaybookCheck {
  offers: {
    /** as the playbook names it */
    name: string
    title: string
    kind: Offer['kind']
    /** false: no offer of this kind is active, so a usual one was asked about */
    is_stored: boolean
    states: StateVerdict[]
  }[]
  channels: { channel: 'email' | 'sms'; states: StateVerdict[] }[]
}

export interface PlaybookCase {
  /** active offers of the shop */
  offers: readonly Offer[]
  stores: readonly StoreForGate[]
  policy: Policy
  limits: ContactLimits
  currency: string
  /** a Monday: hours are looked at over its week */
  week: Day
}

/** Playbooks name offers by kind or key, as text or as {kind} / {key}. */
export function offerNames(list: readonly unknown[]): string[] {
  return list.flatMap((item) => {
    if (typeof item === 'string') return [item]
    if (typeof item !== 'object' || item === null) return []
    return ['key', 'kind'].flatMap((field) => {
      const value: unknown = Reflect.get(item, field)
      return typeof value === 'string' ? [value] : []
    })
  })
}

const isKind = (name: string): name is Offer['kind'] => (offerKinds as readonly string[]).includes(name)

/** A usual offer of a kind, on the whole range: what the law says about it holds for most. */
function usualOffer(kind: Offer['kind'], currency: string): Offer {
  const figures: Partial<Record<Offer['kind'], Partial<Offer>>> = {
    percent_off: { value: 10 },
    amount_off: { value: 500, min_spend_cents: 5000 },
    multi_buy: { value: 10, min_quantity: 6 },
    bogo: { min_quantity: 1 },
    points: { value: 100 },
    price_point: { value: 1999 },
    free_item: { title: 'A free item with a purchase' },
    gift: { title: 'A gift with a purchase' },
    early_access: { title: 'First look at new arrivals' },
    tasting_event: { title: 'A tasting in the store' },
    content: { title: 'News and recommendations' },
  }
  const offer = { ...noOffer, key: `usual_${kind}`, title: '', kind, ...figures[kind] }
  return { ...offer, title: offer.title || describeOffer(offer, currency) }
}

/** Asks the policy about every offer, channel and hour of a playbook, state by state of the shop's stores. Pure. */
export function checkPlaybook(playbook: PlaybookTerms, facts: PlaybookCase): PlaybookCheck {
  const states = statesOf(facts.stores)
  const offers = playbook.recommended_offers.flatMap((name) => {
    const stored = facts.offers.filter((o) => o.key === name || o.kind === name)
    const asked = stored.length > 0 ? stored : isKind(name) ? [usualOffer(name, facts.currency)] : []
    return asked.map((offer) => ({
      name,
      title: offer.title,
      kind: offer.kind,
      is_stored: stored.length > 0,
      states: states.map(([state, stores]) =>
        judged(
          state,
          stores,
          joinStores(stores.map((store) => ({ store, verdicts: checkOffer(offer, store, facts.policy) }))),
        ),
      ),
    }))
  })
  const channels = playbook.optimal_channels.map((channel) => ({
    channel,
    states: states.map(([state, stores]) =>
      judged(state, stores, windowVerdicts(channel, playbook, state, stores[0]!, facts)),
    ),
  }))
  return { offers, channels }
}

function statesOf(stores: readonly StoreForGate[]): [string, StoreForGate[]][] {
  const states = new Map<string, StoreForGate[]>()
  for (const store of stores) {
    if (store.id === 'shop') continue
    const own = states.get(store.state)
    if (own) own.push(store)
    else states.set(store.state, [store])
  }
  return [...states]
}

const judged = (state: string, stores: readonly StoreForGate[], verdicts: Verdict[]): StateVerdict => ({
  state,
  stores: stores.map((s) => s.name),
  allowed: !verdicts.some((v) => v.outcome === 'deny'),
  verdicts,
})

/** When messages of the playbook's window would arrive there: never, not on some days, or later and shorter than it says. */
function windowVerdicts(
  channel: 'email' | 'sms',
  { optimal_send_window: wanted }: PlaybookTerms,
  state: string,
  store: StoreForGate,
  { limits, policy, week }: PlaybookCase,
): Verdict[] {
  const zone = store.time_zone
  const days = Array.from({ length: 7 }, (_, i) => addDays(week, i)).map((day) => {
    const { span, rule } = openHours(day, { channel, state, zones: [zone], limits, policy }, wanted)
    const clock = (at: Date, isEnd: boolean): string => clockOf(localMinutes(at, zone) || (isEnd ? 1440 : 0))
    return { day, rule, open: span ? { start: clock(span.from, false), end: clock(span.to, true) } : null }
  })
  const what = channel === 'email' ? 'emails' : 'texts'
  const verdict = (
    rule: (typeof days)[number]['rule'],
    rest: Pick<Verdict, 'outcome' | 'summary' | 'cure'>,
  ): Verdict => ({
    rule_id: rule.id,
    source: rule.source,
    confidence: rule.confidence,
    ...rest,
  })
  const closed = days.filter((d) => !d.open)
  if (closed.length === days.length)
    return [
      verdict(closed[0]!.rule, {
        outcome: 'deny',
        summary: `No ${what} would go out between ${wanted.start} and ${wanted.end}. ${closed[0]!.rule.summary}`,
        cure: 'Choose hours inside these, or another channel.',
      }),
    ]
  const out: Verdict[] = []
  if (closed.length > 0)
    out.push(
      verdict(closed[0]!.rule, {
        outcome: 'warn',
        summary: `No ${what} go out on ${closed.map((d) => `${weekdayName(d.day)}s`).join(' and ')}. ${closed[0]!.rule.summary}`,
        cure: 'Plan these customers for other days.',
      }),
    )
  const cut = days.find((d) => d.open && (d.open.start !== wanted.start || d.open.end !== wanted.end))
  if (cut?.open)
    out.push(
      verdict(cut.rule, {
        outcome: 'warn',
        summary: `The hours are cut to ${cut.open.start} to ${cut.open.end}. ${cut.rule.summary}`,
        cure: `Choose ${cut.open.start} to ${cut.open.end}, so that the plan says what happens.`,
      }),
    )
  return out
}
