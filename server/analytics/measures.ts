import type { EventRow } from './series.ts'

/** What is counted per day; every KPI is made from these, so parts always add up. */
export interface Sums {
  revenue_cents: number
  orders: number
  discount_cents: number
  sends: number
  sms_sends: number
  opens: number
  machine_opens: number
  clicks: number
  conversions: number
  attributed_cents: number
  unsubscribes: number
  complaints: number
  bounces: number
}

export function noSums(): Sums {
  return {
    revenue_cents: 0,
    orders: 0,
    discount_cents: 0,
    sends: 0,
    sms_sends: 0,
    opens: 0,
    machine_opens: 0,
    clicks: 0,
    conversions: 0,
    attributed_cents: 0,
    unsubscribes: 0,
    complaints: 0,
    bounces: 0,
  }
}

export function addSums(to: Sums, from: Sums): void {
  for (const key of Object.keys(to) as (keyof Sums)[]) to[key] += from[key]
}

/** Adds rows of a rollup to the sums. A message is opened and clicked once per person, so these are messages, not hits. */
export function measureOf(
  sums: Sums,
  row: Pick<EventRow, 'event_type' | 'machine' | 'channel' | 'events' | 'cents'>,
): void {
  switch (row.event_type) {
    case 'sent':
      sums.sends += row.events
      if (row.channel === 'sms') sums.sms_sends += row.events
      return
    case 'open':
      if (row.machine) sums.machine_opens += row.events
      else sums.opens += row.events
      return
    case 'click':
      if (!row.machine) sums.clicks += row.events
      return
    case 'conversion':
      sums.conversions += row.events
      sums.attributed_cents += row.cents
      return
    case 'conversion_adjusted':
      // A refund of a part: the order stays, its value does not; the amount is negative.
      sums.attributed_cents += row.cents
      return
    case 'conversion_withdrawn':
      sums.conversions -= row.events
      sums.attributed_cents += row.cents
      return
    case 'unsubscribe':
      sums.unsubscribes += row.events
      return
    case 'complaint':
      sums.complaints += row.events
      return
    case 'bounce':
      sums.bounces += row.events
  }
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)
const inPercent = (part: number, whole: number): number | null => {
  const share = ratio(part, whole)
  return share === null ? null : Math.round(share * 10_000) / 100
}
const each = (cents: number, n: number): number | null => {
  const value = ratio(cents, n)
  return value === null ? null : Math.round(value)
}
export const rates = { inPercent, each }
