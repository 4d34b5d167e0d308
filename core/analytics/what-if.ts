import { normalQuantile } from '../experiments/distributions.ts'
import { formatCents } from '../money.ts'

/** One usual week: how many customers it reaches, and what one of them spends. */
export interface UsualWeek {
  reached: number
  meanCents: number
  sdCents: number
}

export interface WhatIfPoint {
  holdout_pct: number
  held_out: number
  detectable_pct: (number | null)[]
  cost_cents: number
}

const shares = [2, 5, 10, 15, 20, 30]
export const whatIfWeeks = [1, 4, 13, 26]
/** The lift a holdout is reckoned to give up. */
const assumedLift = 0.1

/**
 * What holding out another share of customers would show, and what it would cost: the smallest lift seen with 80 %
 * power when weeks are pooled, and the margin not earned if contact lifts spending by 10 %.
 */
export function whatIfHoldout(week: UsualWeek, marginPct: number): WhatIfPoint[] {
  const needed = normalQuantile(0.975) + normalQuantile(0.8)
  return shares.map((share) => {
    const held = Math.round((week.reached * share) / 100)
    const contacted = week.reached - held
    const detectable = whatIfWeeks.map((weeks) => {
      if (held < 2 || contacted < 2 || week.meanCents <= 0) return null
      const error = Math.sqrt((week.sdCents ** 2 * (1 / held + 1 / contacted)) / weeks)
      const lift = (100 * needed * error) / week.meanCents
      return lift > 500 ? null : Math.round(lift * 10) / 10
    })
    return {
      holdout_pct: share,
      held_out: held,
      detectable_pct: detectable,
      cost_cents: Math.round((held * week.meanCents * assumedLift * marginPct) / 100),
    }
  })
}

/** Which share to take, in a sentence. */
export function sayWhatIf(week: UsualWeek, points: readonly WhatIfPoint[], currency: string): string {
  if (week.reached < 20 || week.meanCents <= 0)
    return 'There are too few messages and orders yet to say how large a holdout should be. 10% is a good start.'
  const quarter = whatIfWeeks.indexOf(13)
  const good = points.find((p) => (p.detectable_pct[quarter] ?? Infinity) <= 10)
  if (good)
    return `Holding out ${good.holdout_pct}% shows a lift of ${good.detectable_pct[quarter]}% within a quarter and gives up about ${formatCents(good.cost_cents, currency)} of margin a week.`
  const widest = points.at(-1)!
  return widest.detectable_pct[quarter] === null || widest.detectable_pct[quarter] === undefined
    ? 'A shop of this size cannot read lift from revenue, whatever it holds out: look at orders, and at several quarters together.'
    : `Even ${widest.holdout_pct}% held out shows only a lift of ${widest.detectable_pct[quarter]}% or more within a quarter. Keep 10%, and read several quarters together.`
}
