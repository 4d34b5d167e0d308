import { dataNeeded, meanAndVariance, welch, type Arm, type Interval } from '../experiments/stats.ts'
import { normalQuantile } from '../experiments/distributions.ts'
import { formatCents } from '../money.ts'

/** One campaign: spend in cents of who was to be contacted and of who was held out, everybody counted, buyers or not. */
export interface HoldoutArms {
  contacted: Arm
  heldOut: Arm
}

export interface LiftResult {
  contacted: number
  held_out: number
  contacted_mean_cents: number
  held_out_mean_cents: number
  per_customer_cents: Interval
  revenue_cents: Interval
  margin_cents: Interval
  p_value: number | null
  outcome: 'more' | 'less' | 'too_small'
  weeks_needed: number | null
  verdict: string
}

/** A lift of this share of what held-out customers spend is worth knowing about. */
const liftWorthSeeing = 0.1
/** Beyond ten years "about N more weeks" is no help. */
const hopelessWeeks = 520

/**
 * What contact earned over being held out: Welch's 95 % interval for one campaign; for several, their differences
 * weighted by the customers contacted (facts/science.md §4.3). Null without two customers in each arm somewhere.
 * @param weeks how long the data took to collect
 */
export function measureLift(
  campaigns: readonly HoldoutArms[],
  marginPct: number,
  weeks: number,
  currency: string,
): LiftResult | null {
  const read = campaigns.flatMap((c) => {
    const result = welch(c.heldOut, c.contacted)
    return result ? [{ ...c, result }] : []
  })
  const contacted = sum(read.map((c) => c.contacted.n))
  const heldOut = sum(read.map((c) => c.heldOut.n))
  if (read.length === 0 || contacted === 0) return null
  const weighted = (of: (c: (typeof read)[number]) => number): number =>
    sum(read.map((c) => (c.contacted.n / contacted) * of(c)))
  const heldOutMean = weighted((c) => meanAndVariance(c.heldOut).mean)
  const mid = weighted((c) => c.result.mid)
  const standardError = Math.sqrt(sum(read.map((c) => ((c.contacted.n / contacted) * c.result.standardError) ** 2)))
  const single = read.length === 1 ? read[0]!.result : null
  const half = single ? single.high - single.mid : normalQuantile(0.975) * standardError
  const per: Interval = { low: mid - half, mid, high: mid + half }
  const times = (factor: number): Interval => ({
    low: Math.round(per.low * factor),
    mid: Math.round(per.mid * factor),
    high: Math.round(per.high * factor),
  })
  const outcome = per.low > 0 ? 'more' : per.high < 0 ? 'less' : 'too_small'
  const more =
    outcome === 'too_small' && heldOutMean > 0
      ? Math.ceil((dataNeeded(standardError, liftWorthSeeing * heldOutMean) - 1) * Math.max(1, weeks))
      : null
  const weeksNeeded = more !== null && more > 0 ? more : null
  return {
    contacted,
    held_out: heldOut,
    contacted_mean_cents: round2(weighted((c) => meanAndVariance(c.contacted).mean)),
    held_out_mean_cents: round2(heldOutMean),
    per_customer_cents: { low: round2(per.low), mid: round2(per.mid), high: round2(per.high) },
    revenue_cents: times(contacted),
    margin_cents: times((contacted * marginPct) / 100),
    p_value: single ? single.pValue : null,
    outcome,
    weeks_needed: weeksNeeded !== null && weeksNeeded <= hopelessWeeks ? weeksNeeded : null,
    verdict: sayVerdict({ outcome, per, contacted, heldOut, heldOutMean, weeksNeeded, currency }),
  }
}

function sayVerdict(v: {
  outcome: LiftResult['outcome']
  per: Interval
  contacted: number
  heldOut: number
  heldOutMean: number
  weeksNeeded: number | null
  currency: string
}): string {
  const money = (cents: number): string => formatCents(Math.round(cents), v.currency)
  const count = (n: number): string => n.toLocaleString('en-US')
  const range = `95% sure: between ${money(v.per.low)} and ${money(v.per.high)}; ${count(v.contacted)} contacted, ${count(v.heldOut)} held out`
  if (v.outcome === 'more')
    return `Contacted customers spent ${money(v.per.mid)} more each than those held out (${range}).`
  if (v.outcome === 'less')
    return `Contacted customers spent ${money(-v.per.mid)} less each than those held out (${range}). Look at the offers before the next week.`
  const start = `Too small to tell: the difference is ${money(v.per.mid)} per customer (${range}).`
  if (v.heldOutMean <= 0) return `${start} Nobody held out has bought yet.`
  if (v.weeksNeeded === null) return `${start} A lift of 10% would have shown by now.`
  if (v.weeksNeeded > hopelessWeeks)
    return `${start} A shop of this size cannot read a lift of 10% from revenue; look at orders and several campaigns together.`
  return `${start} About ${count(v.weeksNeeded)} more ${v.weeksNeeded === 1 ? 'week' : 'weeks'} like this would show a lift of 10%.`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, v) => total + v, 0)
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
