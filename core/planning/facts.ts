import type { ContactLimits } from '../compliance/contact-hours.ts'
import type { Policy } from '../compliance/policy.ts'
import type { StoreFacts } from '../compliance/rules.ts'
import type { Day } from '../calendar.ts'
import type { StoreHours } from '../knowledge/store-hours.ts'
import type { Evidence } from './evidence.ts'
import type { ShopHabits } from './groups.ts'
import type { Offer } from './offer.ts'
import type { PlanLimits, Window } from './plan.ts'

export type PlanChannel = 'email' | 'sms'

/** Customers of a segment who behave alike (groups.ts). */
export interface GroupFacts {
  key: string
  size: number
  /** customers whose address, consent and age allow the channel */
  reachable: Record<PlanChannel, number>
}

/** What the planner knows of a segment: sizes, means and shares, never a person. */
export interface SegmentFacts {
  key: string
  name: string
  size: number
  /** customers whose address, consent and age allow the channel */
  reachable: Record<PlanChannel, number>
  playbook: {
    offers: readonly string[]
    channels: readonly PlanChannel[]
    window: Window
    /** days since the last message of any campaign; 0 or absent: only the weekly limits */
    cool_down_days?: number
  }
  /** per customer, over the last eight weeks */
  orders_per_week: number
  basket_cents: number
  /** mean chance of no further purchase, 0..1 */
  churn: number
  /** share whose first purchase is less than 60 days old */
  new_share: number
  /** mean of days since the last purchase over the usual gap; 1 = due now */
  due_ratio: number
  /** share of orders per ISO weekday, Monday first; sums to 1, or all zero without orders */
  weekday_share: readonly number[]
  hour_share: readonly number[]
  top_category: string | null
  /** share of its customers per store id */
  stores: Readonly<Record<string, number>>
  /** the segment by behaviour; left out: it is planned for as a whole */
  groups?: readonly GroupFacts[]
}

/** What became of earlier messages. */
export interface PastResult {
  segment: string
  offer_kind: Offer['kind']
  channel: PlanChannel
  sends: number
  opens: number
  orders: number
}

export interface TemplateFacts {
  id: string
  key: string
  channel: PlanChannel
  category: string
}

export interface StoreOfPlan extends StoreFacts, Partial<StoreHours> {
  id: string
}

export interface PlannerFacts {
  week_start: Day
  /** the first day that can still be used */
  first_day: Day
  currency: string
  /** gross margin, 0..1 */
  margin_share: number
  segments: readonly SegmentFacts[]
  offers: readonly Offer[]
  templates: readonly TemplateFacts[]
  stores: readonly StoreOfPlan[]
  past: readonly PastResult[]
  /** what planned messages changed, measured against customers held out of them; left out: nothing is known yet */
  evidence?: Evidence
  /** against which customers were put into groups; left out: usual ones */
  habits?: ShopHabits
  limits: PlanLimits
  contact: ContactLimits
  policy: Policy
}
