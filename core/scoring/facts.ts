import { occasionOf, occasions, weekdayOf } from './occasions.ts'

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
 * calendar day merged. Sums only, so that millions of customers can stream by.
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
  /** orders by occasion, in the order of `occasions` */
  occasions: readonly number[]
  discountedOrders: number
}

export const isNightHour = (hour: number): boolean => hour >= 20 || hour < 4

// Orders carry minutes at best: 1,440 cosines instead of one per order.
const cosines = Float64Array.from({ length: 1440 }, (_, minute) => Math.cos((minute * Math.PI) / 720))

export interface FactsBuilder {
  /** Orders must come by ascending day. Those whose amount is no number are left out. */
  add(day: number, hour: number | null, amountCents: number, isDiscounted: boolean): void
  /** Facts as of the end of a day, and a clean slate for the next customer. Null without a purchase: a refund alone is none. */
  finish(asOfDay: number): PurchaseFacts | null
}

/**
 * Sums up one customer after the other.
 * @param onTransactions days and sums of the transactions of each customer as it is finished, for training
 */
export function createFactsBuilder(
  onTransactions?: (days: readonly number[], cents: readonly number[]) => void,
): FactsBuilder {
  const clean = () => ({
    orders: 0,
    transactions: 0,
    firstDay: 0,
    lastDay: 0,
    totalCents: 0,
    firstCents: 0,
    gapLogSum: 0,
    gapLogSquares: 0,
    timedOrders: 0,
    hourCos: 0,
    hourSin: 0,
    nightOrders: 0,
    weekdays: [0, 0, 0, 0, 0, 0, 0],
    occasions: occasions.map(() => 0),
    discountedOrders: 0,
    // the day that is being summed up, refunds included
    day: -Infinity,
    dayCents: 0,
  })
  let s = clean()
  const days: number[] = []
  const cents: number[] = []
  return {
    add(day, hour, amountCents, isDiscounted) {
      if (!Number.isFinite(amountCents)) return
      if (day !== s.day) {
        s.day = day
        s.dayCents = 0
      }
      s.dayCents += amountCents
      s.totalCents += amountCents
      if (amountCents >= 0) {
        if (s.transactions === 0 || day !== s.lastDay) {
          if (s.transactions === 0) s.firstDay = day
          else {
            const gap = Math.log(day - s.lastDay)
            s.gapLogSum += gap
            s.gapLogSquares += gap * gap
          }
          s.transactions += 1
          s.lastDay = day
          if (onTransactions) days.push(day)
        }
        s.orders += 1
        s.weekdays[weekdayOf(day)]! += 1
        const occasion = occasionOf(day, hour)
        if (occasion >= 0) s.occasions[occasion]! += 1
        if (isDiscounted) s.discountedOrders += 1
        if (hour !== null) {
          s.timedOrders += 1
          const minute = Math.floor(hour * 60 + 1e-6) % 1440
          s.hourCos += cosines[minute]!
          s.hourSin += cosines[(minute + 1080) % 1440]!
          if (isNightHour(hour)) s.nightOrders += 1
        }
      }
      if (s.transactions > 0 && day === s.firstDay) s.firstCents = s.dayCents
      if (onTransactions && s.transactions > 0)
        cents[s.transactions - 1] = day === s.lastDay ? s.dayCents : cents[s.transactions - 1]! + amountCents
    },
    finish(asOfDay) {
      const done = s
      s = clean()
      if (onTransactions && done.transactions > 0) onTransactions(days.splice(0), cents.splice(0))
      if (done.transactions === 0) return null
      return {
        orders: done.orders,
        transactions: done.transactions,
        tenureDays: asOfDay - done.firstDay,
        daysSinceLast: asOfDay - done.lastDay,
        totalCents: done.totalCents,
        repeatCents: done.totalCents - done.firstCents,
        gaps: done.transactions - 1,
        gapLogSum: done.gapLogSum,
        gapLogSquares: done.gapLogSquares,
        timedOrders: done.timedOrders,
        hourCos: done.hourCos,
        hourSin: done.hourSin,
        nightOrders: done.nightOrders,
        weekdays: done.weekdays,
        occasions: done.occasions,
        discountedOrders: done.discountedOrders,
      }
    },
  }
}

/** Facts as of the end of a local day, from orders in any order; orders after it do not exist. */
export function summariseOrders(orders: readonly OrderFact[], asOfDay: number): PurchaseFacts | null {
  const builder = createFactsBuilder()
  const known = orders.filter((order) => order.day <= asOfDay).sort((a, b) => a.day - b.day)
  for (const order of known) builder.add(order.day, order.hour, order.amountCents, order.isDiscounted)
  return builder.finish(asOfDay)
}

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
