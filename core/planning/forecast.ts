import { roundCents } from '../money.ts'
import type { Estimate, Forecast } from './plan.ts'
import type { MessageValue } from './response.ts'

const z80 = 1.2816

/** Middle and 80 % interval of a count whose rate is itself uncertain by `spread` (one relative standard deviation). */
function countEstimate(mid: number, spread: number): Estimate {
  const half = z80 * Math.sqrt(mid + (spread * mid) ** 2)
  return { low: Math.max(0, mid - half), mid, high: mid + half }
}

/**
 * What an entry brings when `reach` customers get it. Orders and revenue are those that will be attributed to the
 * messages; margin is incremental: what would not have happened without them, after discount and contact cost.
 */
export function forecastOf(value: MessageValue, reach: number, basketCents: number, marginShare: number): Forecast {
  const orders = countEstimate(reach * value.order, value.spread)
  const paid = Math.max(0, basketCents - (value.open > 0 ? value.discount_cents / Math.max(value.open, 0.01) : 0) * 0.5)
  const margin = reach * value.margin_cents
  const gross = reach * value.extra_orders * basketCents * marginShare
  const noise = Math.sqrt(reach * value.extra_orders) * basketCents * marginShare
  const half = z80 * Math.sqrt((value.spread * gross) ** 2 + noise ** 2)
  return {
    opens: countEstimate(reach * value.open, 0.2),
    clicks: countEstimate(reach * value.click, 0.35),
    orders,
    revenue_cents: {
      low: roundCents(orders.low * paid),
      mid: roundCents(orders.mid * paid),
      high: roundCents(orders.high * paid),
    },
    margin_cents: { low: roundCents(margin - half), mid: roundCents(margin), high: roundCents(margin + half) },
    cost_cents: roundCents(reach * value.cost_cents),
    discount_cents: roundCents(reach * Math.max(0, value.discount_cents)),
  }
}

/** The week's sum. Errors of entries are partly shared (a bad week is bad for all), so half-widths add half-way. */
export function sumForecasts(all: readonly Forecast[]): Forecast {
  const sum = (of: (f: Forecast) => Estimate, floor: number): Estimate => {
    const parts = all.map(of)
    const mid = parts.reduce((total, e) => total + e.mid, 0)
    const width = (side: (e: Estimate) => number): number => {
      const straight = parts.reduce((total, e) => total + side(e), 0)
      const independent = Math.sqrt(parts.reduce((total, e) => total + side(e) ** 2, 0))
      return (straight + independent) / 2
    }
    return { low: Math.max(floor, mid - width((e) => e.mid - e.low)), mid, high: mid + width((e) => e.high - e.mid) }
  }
  const cents = (e: Estimate): Estimate => ({
    low: roundCents(e.low),
    mid: roundCents(e.mid),
    high: roundCents(e.high),
  })
  return {
    opens: sum((f) => f.opens, 0),
    clicks: sum((f) => f.clicks, 0),
    orders: sum((f) => f.orders, 0),
    revenue_cents: cents(sum((f) => f.revenue_cents, 0)),
    margin_cents: cents(sum((f) => f.margin_cents, -Infinity)),
    cost_cents: all.reduce((total, f) => total + f.cost_cents, 0),
    discount_cents: all.reduce((total, f) => total + (f.discount_cents ?? 0), 0),
  }
}
