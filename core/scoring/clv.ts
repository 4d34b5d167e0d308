import { normalQuantile } from '../experiments/distributions.ts'
import { expectedOrderValue, scaleOf, type SpendModel } from './gamma-gamma.ts'
import { ordersFromPhase, ordersWhileThere, standingOf, type History, type PurchaseModel } from './purchase-model.ts'
import { digamma, trigamma } from './special-functions.ts'

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
export const yearWeeks = months * weeksPerMonth

/** What the next twelve months hold for one who is there now, whose clock stands at one phase (purchase-model.ts). */
export interface Outlook {
  orders: number
  /** orders weighted by the discount of their month */
  discounted: number
  /** chance of at least one order; given that, mean and variance of the logarithm of what the orders are worth, without the customer's own scale */
  some: number
  logMean: number
  logVariance: number
}

/** Outlook of one history and phase. It costs a sum over all possible numbers of orders: outlook-table.ts keeps them. */
export function outlookOf(model: PurchaseModel, spendShape: number, x: number, T: number, phase: number): Outlook {
  const chances = ordersWhileThere(model, { x, T }, phase, yearWeeks, 1e-9)
  const some = Math.max(0, 1 - (chances[0] ?? 1))
  let discounted = 0
  let orders = 0
  for (let month = 1; month <= months; month++) {
    const until = ordersFromPhase(model, { x, T }, phase, weeksPerMonth * month)
    discounted += (until - orders) / monthlyDiscount ** month
    orders = until
  }
  let first = 0
  let second = 0
  for (let n = 1; n < chances.length; n++) {
    const p = chances[n]!
    // A sum of n order values is Gamma(n p) times the customer's scale.
    const mu = digamma(n * spendShape)
    first += p * mu
    second += p * (trigamma(n * spendShape) + mu * mu)
  }
  const logMean = some > 0 ? first / some : 0
  return {
    orders,
    discounted,
    some,
    logMean,
    logVariance: some > 0 ? Math.max(0, second / some - logMean * logMean) : 0,
  }
}

/**
 * Twelve-month customer value: expected orders month by month times expected order value times margin. The interval is
 * that of the model with its parameters held fixed: no order at all with its own chance, else a log-normal with the
 * moments of (number of orders) x (order values given the Gamma-Gamma posterior of the customer's scale).
 * @param mean mean value of the customer's repeat transactions (anything when there are none)
 * @param marginShare 0..1
 * @param outlook from a table where many customers are scored, else computed
 */
export function scoreLifetimeValue(
  purchases: PurchaseModel,
  spend: SpendModel,
  history: History,
  mean: number,
  marginShare: number,
  outlook: (x: number, T: number, phase: number) => Outlook = (x, T, phase) =>
    outlookOf(purchases, spend.p, x, T, phase),
): LifetimeValue {
  const { alive, phases } = standingOf(purchases, history)
  const all = phases.map((_, j) => outlook(history.x, history.T, j))
  const weighted = (of: (o: Outlook) => number): number => phases.reduce((sum, w, j) => sum + w * of(all[j]!), 0)
  const orders = alive * weighted((o) => o.orders)
  const discounted = alive * weighted((o) => o.discounted)
  const orderValue = expectedOrderValue(spend, history.x, mean)
  const value = marginShare * discounted * orderValue

  const someWhileThere = weighted((o) => o.some)
  const some = alive * someWhileThere
  const logMean = someWhileThere > 0 ? weighted((o) => o.some * o.logMean) / someWhileThere : 0
  const square = someWhileThere > 0 ? weighted((o) => o.some * (o.logVariance + o.logMean ** 2)) / someWhileThere : 0
  const { shape, rate } = scaleOf(spend, history.x, mean)
  const mu = logMean - digamma(shape) + Math.log(rate)
  const sd = Math.sqrt(Math.max(0, square - logMean ** 2) + trigamma(shape))
  const weight = orders > 0 ? (marginShare * discounted) / orders : 0
  const quantile = (p: number): number =>
    p <= 1 - some ? 0 : weight * Math.exp(mu + sd * normalQuantile((p - (1 - some)) / some))
  return { orders, orderValue, value, low: quantile(0.1), high: quantile(0.9) }
}
