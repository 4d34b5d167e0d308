import type { PurchaseFacts } from './facts.ts'

/** Transactions of many customers, one after the other, days ascending: what a model is trained and tested on. */
export interface Ledger {
  /** customer i owns the places from[i] .. from[i + 1] */
  from: Int32Array
  /** local calendar days since 1970-01-01, each at most once per customer */
  day: Int32Array
  cents: Float64Array
}

/** The part of the facts that models read; see PurchaseFacts. */
export type Timing = Pick<
  PurchaseFacts,
  | 'transactions'
  | 'tenureDays'
  | 'daysSinceLast'
  | 'totalCents'
  | 'repeatCents'
  | 'gaps'
  | 'gapLogSum'
  | 'gapLogSquares'
>

export function ledgerOf(customers: readonly { days: readonly number[]; cents: readonly number[] }[]): Ledger {
  const from = new Int32Array(customers.length + 1)
  customers.forEach((c, i) => (from[i + 1] = from[i]! + c.days.length))
  const day = new Int32Array(from[customers.length]!)
  const cents = new Float64Array(from[customers.length]!)
  customers.forEach((c, i) => {
    day.set(c.days, from[i]!)
    cents.set(c.cents, from[i]!)
  })
  return { from, day, cents }
}

/** Days of the first and the last transaction of all; null when there is none. */
export function spanOf({ day }: Ledger): { first: number; last: number } | null {
  if (day.length === 0) return null
  let first = Infinity
  let last = -Infinity
  for (const d of day) {
    if (d < first) first = d
    if (d > last) last = d
  }
  return { first, last }
}

/** Customer i at the end of a day, as if nothing later existed; null before the first transaction. */
export function snapshotAt(ledger: Ledger, i: number, asOfDay: number): Timing | null {
  const from = ledger.from[i]!
  let to = from
  let totalCents = 0
  let gapLogSum = 0
  let gapLogSquares = 0
  while (to < ledger.from[i + 1]! && ledger.day[to]! <= asOfDay) {
    totalCents += ledger.cents[to]!
    if (to > from) {
      const log = Math.log(ledger.day[to]! - ledger.day[to - 1]!)
      gapLogSum += log
      gapLogSquares += log * log
    }
    to++
  }
  if (to === from) return null
  return {
    transactions: to - from,
    tenureDays: asOfDay - ledger.day[from]!,
    daysSinceLast: asOfDay - ledger.day[to - 1]!,
    totalCents,
    repeatCents: totalCents - ledger.cents[from]!,
    gaps: to - from - 1,
    gapLogSum,
    gapLogSquares,
  }
}

/** Transactions of customer i after one day, up to and including another. */
export function transactionsBetween(ledger: Ledger, i: number, afterDay: number, untilDay: number): number {
  let count = 0
  for (let at = ledger.from[i]!; at < ledger.from[i + 1]!; at++)
    if (ledger.day[at]! > afterDay && ledger.day[at]! <= untilDay) count++
  return count
}
