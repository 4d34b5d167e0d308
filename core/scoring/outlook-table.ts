import { outlookOf, type Outlook } from './clv.ts'
import type { PurchaseModel } from './purchase-model.ts'

/** Every number of purchases and every day up to here has an entry of its own; beyond, every 4th and 2nd per cent has. */
const exactPurchases = 40
const exactDays = 56
const purchaseStep = 1.04
const dayStep = 1.02

/**
 * Outlooks of one model, each computed once. A million customers share some ten thousand of them: histories are made of
 * days, and between two entries the outlook is as good as straight (within 0.1 %, tested). The answer does not depend
 * on what was asked before.
 */
export function createOutlookTable(
  model: PurchaseModel,
  spendShape: number,
): (x: number, T: number, phase: number) => Outlook {
  const known = new Map<number, Outlook>()
  const entry = (x: number, days: number, phase: number): Outlook => {
    const key = (x * 100_000 + days) * 16 + phase
    let found = known.get(key)
    if (!found) {
      found = outlookOf(model, spendShape, x, days / 7, phase)
      known.set(key, found)
    }
    return found
  }
  return (x, T, phase) => {
    const days = Math.min(99_999, Math.max(0, T * 7))
    const [d0, d1] = corners(days, exactDays, dayStep)
    const [x0, x1] = corners(x, exactPurchases, purchaseStep)
    const low = between(entry(x0, d0, phase), d0 === d1 ? null : entry(x0, d1, phase), (days - d0) / (d1 - d0))
    if (x0 === x1) return low
    const high = between(entry(x1, d0, phase), d0 === d1 ? null : entry(x1, d1, phase), (days - d0) / (d1 - d0))
    return between(low, high, (x - x0) / (x1 - x0))
  }
}

/** The two places of the table around a value; both the same where it has its own. */
function corners(value: number, exact: number, step: number): [number, number] {
  const whole = Math.floor(value)
  if (whole < exact) return [whole, whole === value ? whole : whole + 1]
  const n = Math.floor(Math.log(value / exact) / Math.log(step))
  const placeOf = (i: number): number => Math.round(exact * step ** i)
  // Rounding may shift a place by one.
  let i = Math.max(0, n - 1)
  while (placeOf(i + 1) <= value) i++
  const low = placeOf(i)
  return [low, low === value ? low : placeOf(i + 1)]
}

function between(a: Outlook, b: Outlook | null, share: number): Outlook {
  if (b === null) return a
  const mix = (of: (o: Outlook) => number): number => of(a) + share * (of(b) - of(a))
  return {
    orders: mix((o) => o.orders),
    discounted: mix((o) => o.discounted),
    some: mix((o) => o.some),
    logMean: mix((o) => o.logMean),
    logVariance: mix((o) => o.logVariance),
  }
}
