import { normalQuantile } from '../experiments/distributions.ts'
import type { PurchaseFacts } from './facts.ts'
import { betaCdf, normalCdf } from './special-functions.ts'

/** How gaps between purchases are spread in this shop, on the log scale of days. */
export interface GapModel {
  /** mean of the customers' own mean log gaps */
  mu: number
  /** spread of one customer's gaps, and between customers */
  within: number
  between: number
  /** median gap of the shop in days, null while nobody came twice */
  medianDays: number | null
}

/** Sums over the shop's customers with at least one gap. */
export interface GapTotals {
  customers: number
  gaps: number
  /** sum and sum of squares of the customers' mean log gaps, and the sum of 1/gaps */
  meanSum: number
  meanSquares: number
  inverseGaps: number
  /** squared deviations from the customers' own means, and their degrees of freedom */
  withinSquares: number
  withinFreedom: number
  medianDays: number | null
}

const typical = { mu: Math.log(30), within: 0.8, between: 0.7, strength: 10 }

/**
 * Empirical Bayes by the method of moments, started from a typical shop that counts as ten customers, so that a
 * shop without a single gap still gets an answer.
 */
export function fitGaps(totals: GapTotals): GapModel {
  const { strength } = typical
  const n = totals.customers
  const mu = (totals.meanSum + strength * typical.mu) / (n + strength)
  const withinVariance = (totals.withinSquares + strength * typical.within ** 2) / (totals.withinFreedom + strength)
  // Spread of the observed means around mu, less what one customer's few gaps add by chance.
  const spread = Math.max(
    0,
    totals.meanSquares - 2 * mu * totals.meanSum + n * mu * mu - withinVariance * totals.inverseGaps,
  )
  const betweenVariance = Math.max(0.01, (spread + strength * typical.between ** 2) / (n + strength))
  return {
    mu,
    within: Math.max(0.05, Math.sqrt(withinVariance)),
    between: Math.sqrt(betweenVariance),
    medianDays: totals.medianDays,
  }
}

/** Sums up the gaps of customers, for fitGaps. */
export function sumGaps(customers: Iterable<Pick<PurchaseFacts, 'gaps' | 'gapLogSum' | 'gapLogSquares'>>): GapTotals {
  const totals: GapTotals = {
    customers: 0,
    gaps: 0,
    meanSum: 0,
    meanSquares: 0,
    inverseGaps: 0,
    withinSquares: 0,
    withinFreedom: 0,
    medianDays: null,
  }
  const means: number[] = []
  for (const { gaps, gapLogSum, gapLogSquares } of customers) {
    if (gaps === 0) continue
    const mean = gapLogSum / gaps
    means.push(mean)
    totals.customers += 1
    totals.gaps += gaps
    totals.meanSum += mean
    totals.meanSquares += mean * mean
    totals.inverseGaps += 1 / gaps
    totals.withinSquares += Math.max(0, gapLogSquares - gaps * mean * mean)
    totals.withinFreedom += gaps - 1
  }
  return { ...totals, medianDays: means.length === 0 ? null : Math.exp(medianOf(Float64Array.from(means))) }
}

function medianOf(values: Float64Array): number {
  values.sort()
  const half = values.length / 2
  return values.length % 2 === 1 ? values[Math.floor(half)]! : (values[half - 1]! + values[half]!) / 2
}

/** The customer's log gaps shrunk towards the shop's, and how sure that is. */
function ownGap(model: GapModel, facts: Pick<PurchaseFacts, 'gaps' | 'gapLogSum'>): { mu: number; weight: number } {
  const own = facts.gaps / model.within ** 2
  const shop = 1 / model.between ** 2
  return { mu: (facts.gapLogSum / model.within ** 2 + model.mu * shop) / (own + shop), weight: own + shop }
}

/** 90th percentile of the customer's gaps in days: quiet for longer is the hiatus rule. */
export function hiatusDaysOf(model: GapModel, facts: Pick<PurchaseFacts, 'gaps' | 'gapLogSum'>): number {
  const { mu, weight } = ownGap(model, facts)
  return Math.exp(mu + Math.sqrt(model.within ** 2 + 1 / weight) * ninetieth)
}
const ninetieth = normalQuantile(0.9)

/** The customer's usual gap in days, at least one. */
export function expectedGapDays(model: GapModel, facts: Pick<PurchaseFacts, 'gaps' | 'gapLogSum'>): number {
  return Math.max(1, Math.exp(ownGap(model, facts).mu))
}

export interface Rhythm {
  /** the customer's usual gap: own log gaps shrunk towards the shop's */
  expectedGapDays: number
  /** days since the last purchase as a multiple of the usual gap */
  dueRatio: number
  /** 90th percentile of the customer's gaps */
  hiatusDays: number
  /** days from as-of to the next purchase: quartiles, or null when it is unlikely to come */
  next: { from: number; middle: number; to: number } | null
}

const leastAlive = 0.3
const farAwayDays = 365

/**
 * When the customer is due. The next purchase is the log-normal predictive of the shrunk gap, given that it has not
 * happened yet; null below a 30 % chance that the customer is still there, or when the middle lies beyond a year.
 */
export function scoreRhythm(
  model: GapModel,
  facts: Pick<PurchaseFacts, 'gaps' | 'gapLogSum' | 'daysSinceLast'>,
  alive: number,
): Rhythm {
  const { mu, weight } = ownGap(model, facts)
  const sd = Math.sqrt(model.within ** 2 + 1 / weight)
  const expectedGapDays = Math.max(1, Math.exp(mu))
  const elapsed = facts.daysSinceLast
  const passed = elapsed > 0 ? normalCdf((Math.log(elapsed) - mu) / sd) : 0
  const quantile = (p: number): number => {
    const u = passed + p * (1 - passed)
    return u >= 1 ? Infinity : Math.max(0, Math.exp(mu + sd * normalQuantile(u)) - elapsed)
  }
  const [from, middle, to] = [quantile(0.25), quantile(0.5), quantile(0.75)]
  return {
    expectedGapDays,
    dueRatio: elapsed / expectedGapDays,
    hiatusDays: Math.exp(mu + sd * ninetieth),
    next: alive < leastAlive || !(middle <= farAwayDays) ? null : { from, middle, to: Math.min(to, 2 * farAwayDays) },
  }
}

export interface HourHabit {
  /** circular mean of the order hours 0..24; null without a clear peak */
  averageHour: number | null
  isNightBuyer: boolean
  /** ISO weekday 1..7, null without a favourite */
  preferredWeekday: number | null
}

const nightPrior = { yes: 1.5, no: 6.5 }

/** Hour of day and weekday. 23:00 and 01:00 average to midnight; a night buyer is one of whom we are 80 % sure that over 40 % of orders come at 20:00-04:00. */
export function scoreHours(
  facts: Pick<PurchaseFacts, 'timedOrders' | 'hourCos' | 'hourSin' | 'nightOrders' | 'weekdays'>,
): HourHabit {
  const n = facts.timedOrders
  const resultant = n > 0 ? Math.hypot(facts.hourCos, facts.hourSin) / n : 0
  const hour = ((Math.atan2(facts.hourSin, facts.hourCos) * 12) / Math.PI + 24) % 24
  const night = 1 - betaCdf(0.4, nightPrior.yes + facts.nightOrders, nightPrior.no + n - facts.nightOrders)
  const orders = facts.weekdays.reduce((sum, count) => sum + count, 0)
  const most = Math.max(...facts.weekdays, 0)
  return {
    averageHour: resultant < 0.3 ? null : hour,
    isNightBuyer: n >= 3 && night >= 0.8,
    preferredWeekday: orders >= 4 && most >= 0.35 * orders ? facts.weekdays.indexOf(most) + 1 : null,
  }
}
