import { minimumDetectable, type PowerInput } from './power.ts'
import { sharedAlpha } from './corrections.ts'

export interface TestQuestion {
  /** what one customer brings without the change: a share (0..1) with sd √p(1-p), or cents */
  mean: number
  standardDeviation: number
  arms: number
  /** relative difference worth acting on, 0.2 = 20 % */
  effect: number
  /** customers a usual week of campaigns reaches */
  perWeek: number
}

export interface TestPlan {
  /** customers in each arm until the effect shows with 80 % power, results read on any day; null: more than a billion */
  per_arm: number | null
  weeks: number | null
  /** smallest relative effect one week shows, in percent; null: nothing below tenfold */
  one_week_pct: number | null
  sentence: string
}

/** Ten years; beyond it a number of weeks is no help. */
const hopelessWeeks = 520

/**
 * How long a test takes before it is started. Intervals are always valid (core/experiments/sequential.ts) and shared
 * among the arms (Bonferroni), exactly as the result will be read.
 */
export function planTest(q: TestQuestion): TestPlan {
  const alpha = sharedAlpha(0.05, q.arms - 1)
  const detectable = (n: number): number | null => {
    const input: PowerInput = {
      mean: q.mean,
      standardDeviation: q.standardDeviation,
      n,
      arms: q.arms,
      alpha,
      sequentialTuning: Math.max(100, (2 * n) / q.arms),
    }
    return minimumDetectable(input)
  }
  const total = q.mean > 0 ? smallest((n) => (detectable(n) ?? Infinity) <= q.effect) : null
  const perArm = total === null ? null : Math.ceil(total / q.arms)
  const weeks = perArm === null || q.perWeek <= 0 ? null : Math.max(1, Math.ceil((perArm * q.arms) / q.perWeek))
  const week = q.mean > 0 && q.perWeek >= 2 * q.arms ? detectable(q.perWeek) : null
  const oneWeek = week === null || week > 10 ? null : Math.round(week * 1000) / 10
  return {
    per_arm: perArm,
    weeks: weeks !== null && weeks <= hopelessWeeks ? weeks : null,
    one_week_pct: oneWeek,
    sentence: say(q, perArm, weeks, oneWeek),
  }
}

function say(q: TestQuestion, perArm: number | null, weeks: number | null, oneWeek: number | null): string {
  const percent = `${Math.round(q.effect * 100)}%`
  const each = perArm?.toLocaleString('en-US')
  if (q.mean <= 0) return 'Nobody did this yet, so nothing can be reckoned. Start, and look again after a week.'
  if (perArm === null) return `A difference of ${percent} is too small to be seen in any shop. Test something bolder.`
  if (q.perWeek <= 0)
    return `Each version needs about ${each} customers. Nothing was sent lately, so weeks cannot be told.`
  if (weeks !== null && weeks <= 1)
    return `One week is enough: each version needs about ${each} customers to show ${percent}.`
  const alone = oneWeek === null ? '' : ` One week alone shows only ${Math.round(oneWeek)}% or more.`
  if (weeks === null || weeks > hopelessWeeks)
    return `Each version needs about ${each} customers to show ${percent}: more weeks than is sensible.${alone} Look at clicks, or test something bolder.`
  return `Each version needs about ${each} customers to show ${percent}: about ${weeks} weeks like the last ones.${alone}`
}

/** Smallest n up to a billion for which it holds; it must hold for all greater ones. */
function smallest(holds: (n: number) => boolean): number | null {
  let low = 10
  let high = 20
  while (!holds(high)) {
    low = high
    high *= 2
    if (high > 1e9) return null
  }
  while (high - low > Math.max(1, low / 500)) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
