/** One order as scoring sees it: on which local day and hour, for how much, with a discount or not. */
export interface OrderFact {
  /** local calendar day of the customer, days since 1970-01-01 */
  day: number
  /** local hour 0..24, or null when only the date is known */
  hour: number | null
  /** negative for a refund */
  amountCents: number
  isDiscounted: boolean
}

/**
 * What scoring needs to know of one customer's orders. A transaction is a customer-day: all orders of one local
 * calendar day merged. Sums, so that the database can build it for millions (server/scoring/facts.ts).
 */
export interface PurchaseFacts {
  /** orders that are not refunds */
  orders: number
  /** transactions */
  transactions: number
  /** first transaction to as-of */
  tenureDays: number
  daysSinceLast: number
  totalCents: number
  /** of the transactions after the first */
  repeatCents: number
  /** gaps between transactions, on the log scale: count, sum, sum of squares */
  gaps: number
  gapLogSum: number
  gapLogSquares: number
  /** orders with a known hour; sums of their cosine and sine on the 24 h clock; those at 20:00-04:00 */
  timedOrders: number
  hourCos: number
  hourSin: number
  nightOrders: number
  /** orders on Monday .. Sunday */
  weekdays: readonly number[]
  discountedOrders: number
}

export const isNightHour = (hour: number): boolean => hour >= 20 || hour < 4

/**
 * Facts as of the end of a local day; orders after it do not exist. Null without a purchase: a refund alone is none.
 * The database's summary is tested against this one.
 */
export function summariseOrders(orders: readonly OrderFact[], asOfDay: number): PurchaseFacts | null {
  const known = orders.filter((order) => order.day <= asOfDay && Number.isFinite(order.amountCents))
  const purchases = known.filter((order) => order.amountCents >= 0)
  const days = [...new Set(purchases.map((order) => order.day))].sort((a, b) => a - b)
  const [first] = days
  const last = days.at(-1)
  if (first === undefined || last === undefined) return null
  const totalCents = sum(known.map((order) => order.amountCents))
  const gaps = days.slice(1).map((day, i) => Math.log(day - days[i]!))
  const angles = purchases.flatMap((order) => (order.hour === null ? [] : [(order.hour * Math.PI) / 12]))
  return {
    orders: purchases.length,
    transactions: days.length,
    tenureDays: asOfDay - first,
    daysSinceLast: asOfDay - last,
    totalCents,
    repeatCents: totalCents - sum(known.filter((order) => order.day === first).map((order) => order.amountCents)),
    gaps: gaps.length,
    gapLogSum: sum(gaps),
    gapLogSquares: sum(gaps.map((gap) => gap * gap)),
    timedOrders: angles.length,
    hourCos: sum(angles.map(Math.cos)),
    hourSin: sum(angles.map(Math.sin)),
    nightOrders: purchases.filter((order) => order.hour !== null && isNightHour(order.hour)).length,
    weekdays: [0, 1, 2, 3, 4, 5, 6].map(
      (weekday) => purchases.filter((order) => weekdayOf(order.day) === weekday).length,
    ),
    discountedOrders: purchases.filter((order) => order.isDiscounted).length,
  }
}

/** 0 for Monday; 1970-01-01 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Repeat purchases, recency and age in weeks, as the purchase models read them. */
export function historyOf(facts: Pick<PurchaseFacts, 'transactions' | 'tenureDays' | 'daysSinceLast'>): {
  x: number
  tx: number
  T: number
} {
  return { x: facts.transactions - 1, tx: (facts.tenureDays - facts.daysSinceLast) / 7, T: facts.tenureDays / 7 }
}

/** Mean value of a transaction, never negative. */
export function averageTransactionCents(facts: Pick<PurchaseFacts, 'totalCents' | 'transactions'>): number {
  return Math.max(0, facts.totalCents) / facts.transactions
}
