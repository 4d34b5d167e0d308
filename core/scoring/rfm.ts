/** The eleven RFM segments, in the order in which their rules are tried. */
export const rfmSegments = [
  'New_Customers',
  'One_Time_Buyers',
  'Very_Frequent_Buyers',
  'Low_Value_Frequent',
  'High_Value_Loyal',
  'At_Risk_High_Value',
  'High_Value_Occasional',
  'Promising',
  'Needs_Attention',
  'Hibernating',
  'Lost',
] as const
export type RfmSegment = (typeof rfmSegments)[number]

/** 1 (worst) to 5 (best) for how recently, how often, for how much, and for how much per transaction. */
export interface RfmScores {
  recency: number
  frequency: number
  monetary: number
  average: number
}

export interface RfmInput extends RfmScores {
  /** customer-days with a purchase */
  transactions: number
  daysSinceFirst: number
  /** mean value of a transaction */
  averageCents: number
}

/** Shops with fewer customers are scored on fixed thresholds: fifths of 50 people jump about. */
export const smallShopCustomers = 200
export const defaultAverageThresholdCents = 5000
const newForDays = 60

/**
 * Tie-safe quintiles: min(5, 1 + floor(5 * percent_rank)), as PostgreSQL's percent_rank() gives them. Equal values get
 * equal scores (ntile would split them).
 */
export function quintiles(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const scores = new Array<number>(values.length).fill(1)
  let smaller = 0
  order.forEach((place, rank) => {
    if (rank > 0 && values[order[rank - 1]!]! < values[place]!) smaller = rank
    scores[place] = Math.min(5, 1 + Math.floor((5 * smaller) / Math.max(1, values.length - 1)))
  })
  return scores
}

/** Where the fifths of a shop begin: the least value that scores 2, 3, 4 and 5; null where no value does. */
export interface RfmCuts {
  /** of minus the days since the last purchase, so that more is better in all four */
  recency: (number | null)[]
  frequency: (number | null)[]
  monetary: (number | null)[]
  average: (number | null)[]
}

/**
 * The bounds of tie-safe quintiles: for every value of the list, scoreByCuts gives what `quintiles` gives, and it
 * answers for values that were not there. Sorts the list.
 */
export function cutsOf(values: Float64Array): (number | null)[] {
  values.sort()
  const n = values.length
  return [2, 3, 4, 5].map((score) => {
    // #smaller >= (score - 1) / 5 * (n - 1)
    let at = Math.ceil(((score - 1) * Math.max(1, n - 1)) / 5)
    // Ties that began before this place have fewer below them: the next greater value is the first that passes.
    if (at > 0 && at < n && values[at - 1] === values[at]) {
      const tied = values[at]!
      while (at < n && values[at] === tied) at++
    }
    return at < n ? values[at]! : null
  })
}

/** 1 to 5. */
export function scoreByCuts(cuts: readonly (number | null)[], value: number): number {
  let score = 1
  for (const cut of cuts) if (cut !== null && value >= cut) score += 1
  return score
}

export interface RfmFacts {
  transactions: number
  daysSinceLast: number
  totalCents: number
  averageCents: number
}

/** Scores on the fifths of the shop. */
export function scoresByCuts(cuts: RfmCuts, facts: RfmFacts): RfmScores {
  return {
    recency: scoreByCuts(cuts.recency, -facts.daysSinceLast),
    frequency: scoreByCuts(cuts.frequency, facts.transactions),
    monetary: scoreByCuts(cuts.monetary, facts.totalCents),
    average: scoreByCuts(cuts.average, facts.averageCents),
  }
}

/** Scores on fixed thresholds, for shops below `smallShopCustomers`. */
export function absoluteScores(facts: RfmFacts): RfmScores {
  return {
    recency: 5 - countPassed(facts.daysSinceLast, [30, 60, 90, 180]),
    frequency: 1 + countReached(facts.transactions, [2, 3, 6, 10]),
    monetary: 1 + countReached(facts.totalCents, [10_000, 25_000, 50_000, 100_000]),
    average: 1 + countReached(facts.averageCents, [2500, 5000, 7500, 10_000]),
  }
}

const countPassed = (value: number, bounds: readonly number[]): number => bounds.filter((bound) => value > bound).length
const countReached = (value: number, bounds: readonly number[]): number =>
  bounds.filter((bound) => value >= bound).length

const rules: Record<RfmSegment, (c: RfmInput, averageThresholdCents: number) => boolean> = {
  New_Customers: (c) => c.transactions <= 1 && c.daysSinceFirst <= newForDays,
  One_Time_Buyers: (c) => c.transactions <= 1,
  Very_Frequent_Buyers: (c) => c.frequency === 5 && c.recency >= 4 && c.monetary >= 4,
  Low_Value_Frequent: (c, threshold) => c.frequency >= 4 && c.recency >= 3 && c.averageCents < threshold,
  High_Value_Loyal: (c) => c.frequency >= 4 && c.recency >= 3,
  At_Risk_High_Value: (c) => c.recency <= 2 && c.monetary >= 4,
  High_Value_Occasional: (c) => c.average === 5 && c.recency >= 3,
  Promising: (c) => c.recency >= 4,
  Needs_Attention: (c) => c.recency === 3,
  Hibernating: (c) => c.recency === 2,
  Lost: () => true,
}

/** The one segment of a customer with at least one purchase: the first rule that matches (facts/science.md §7.1). */
export function segmentOf(customer: RfmInput, averageThresholdCents = defaultAverageThresholdCents): RfmSegment {
  return rfmSegments.find((segment) => rules[segment](customer, averageThresholdCents)) ?? 'Lost'
}

/** What the last run stored. */
export interface PreviousSegment extends RfmScores {
  segment: RfmSegment
  /** the segment that run computed but held back */
  candidate: RfmSegment | null
  /** false when this is the same run repeated: it must give the same answer */
  isEarlierRun: boolean
}

/**
 * Keeps customers from flickering between segments at a fifth's edge: a change counts when a score moved by two or
 * more, when two runs in a row say the same, or when the number of orders decides alone (first and second order).
 */
export function settleSegment(
  computed: RfmSegment,
  scores: RfmScores,
  previous: PreviousSegment | null,
): { segment: RfmSegment; candidate: RfmSegment | null } {
  if (!previous || computed === previous.segment) return { segment: computed, candidate: null }
  const byOrders = (segment: RfmSegment): boolean => segment === 'New_Customers' || segment === 'One_Time_Buyers'
  const jumped = (['recency', 'frequency', 'monetary', 'average'] as const).some(
    (key) => Math.abs(scores[key] - previous[key]) >= 2,
  )
  const confirmed = previous.isEarlierRun && previous.candidate === computed
  if (byOrders(computed) || byOrders(previous.segment) || jumped || confirmed)
    return { segment: computed, candidate: null }
  return { segment: previous.segment, candidate: computed }
}
