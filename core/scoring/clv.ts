import { expectedOrderValue, type SpendModel } from './gamma-gamma.ts'
import { expectedOrders, orderDistribution, type History, type PurchaseModel } from './mbg-nbd.ts'
import { digamma, normalCdf, trigamma } from './special-functions.ts'

export interface LifetimeValue {
  /** expected repeat orders of the next twelve months */
  orders: number
  /** expected value of one of them, in the unit of the spend model */
  orderValue: number
  /** gross margin of twelve months, discounted 1 % a month */
  value: number
  /** 80 % interval of it */
  low: number
  high: number
}

const months = 12
const weeksPerMonth = 4.345
const monthlyDiscount = 1.01

/**
 * Twelve-month customer value: expected orders month by month times expected order value times margin.
 * The interval is that of the model, with its parameters held fixed: the exact predictive distribution of the number
 * of orders, times order values whose sum is taken as log-normal with the Gamma-Gamma posterior's log moments.
 * @param mean mean value of the customer's repeat transactions (anything when there are none)
 * @param marginShare 0..1
 */
export function scoreLifetimeValue(
  purchases: PurchaseModel,
  spend: SpendModel,
  history: History,
  mean: number,
  marginShare: number,
): LifetimeValue {
  let discounted = 0
  let before = 0
  for (let month = 1; month <= months; month++) {
    const until = expectedOrders(purchases, history, weeksPerMonth * month)
    discounted += (until - before) / monthlyDiscount ** month
    before = until
  }
  const orderValue = expectedOrderValue(spend, history.x, mean)
  const weight = before > 0 ? (marginShare * discounted) / before : 0
  const interval = spendInterval(purchases, spend, history, mean)
  return {
    orders: before,
    orderValue,
    value: marginShare * discounted * orderValue,
    low: weight * interval.low,
    high: weight * interval.high,
  }
}

/** 10th and 90th percentile of the undiscounted spend of twelve months. */
function spendInterval(
  purchases: PurchaseModel,
  spend: SpendModel,
  history: History,
  mean: number,
): { low: number; high: number } {
  const chances = orderDistribution(purchases, history, weeksPerMonth * months)
  const none = chances[0] ?? 1
  const known = history.x > 0 && mean > 0
  const shape = Math.max(spend.q, 1.05) + (known ? spend.p * history.x : 0)
  const rate = spend.v + (known ? history.x * mean : 0)
  // Sum of n orders given the posterior Gamma(shape, rate) of the customer's scale: log moments of a beta prime.
  const nodes = bin(chances).map(({ n, chance }) => ({
    chance,
    mu: digamma(n * spend.p) - digamma(shape) + Math.log(rate),
    sd: Math.sqrt(trigamma(n * spend.p) + trigamma(shape)),
  }))
  const quantile = (p: number): number => {
    if (nodes.length === 0 || none >= p) return 0
    let low = Math.min(...nodes.map((node) => node.mu - 6 * node.sd))
    let high = Math.max(...nodes.map((node) => node.mu + 6 * node.sd))
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2
      const below = none + nodes.reduce((sum, node) => sum + node.chance * normalCdf((middle - node.mu) / node.sd), 0)
      if (below < p) low = middle
      else high = middle
    }
    return Math.exp((low + high) / 2)
  }
  return { low: quantile(0.1), high: quantile(0.9) }
}

/** At most sixteen counts that stand for their neighbours: heavy buyers have hundreds. */
function bin(chances: readonly number[]): { n: number; chance: number }[] {
  const width = Math.max(1, Math.ceil((chances.length - 1) / 16))
  const bins: { n: number; chance: number }[] = []
  for (let from = 1; from < chances.length; from += width) {
    const part = chances.slice(from, from + width)
    const chance = part.reduce((sum, p) => sum + p, 0)
    if (chance > 0) bins.push({ n: part.reduce((sum, p, i) => sum + p * (from + i), 0) / chance, chance })
  }
  return bins
}
