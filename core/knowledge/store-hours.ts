import { intersectWindows, isoWeekday, weekdayName, type Day } from '../calendar.ts'
import type { Verdict } from '../compliance/verdict.ts'
import { isDiscount, type Department, type Offer } from '../planning/offer.ts'

/** A stretch of the day by the store's clock, half-open; "24:00" ends the day. What lies after midnight belongs to the next day. */
export interface Stretch {
  start: string
  end: string
}
/** Seven lists, Monday first; an empty list is a closed day. */
export type WeekHours = readonly (readonly Stretch[])[]

/** What is known of a store's week; what is not stated forbids nothing. */
export interface StoreHours {
  opening_hours: WeekHours | null
  /** where a department is sold at other times than the store is open */
  sale_hours: Partial<Record<Department, WeekHours | null>>
}

/** When this department is sold on this ISO weekday (1 = Monday): the store is open and may sell it. Null: not stated. */
export function sellingHours(store: Partial<StoreHours>, department: Department, weekday: number): Stretch[] | null {
  const open = store.opening_hours?.[weekday - 1] ?? null
  const sale = store.sale_hours?.[department]?.[weekday - 1] ?? null
  if (!open || !sale) return open || sale ? [...(open ?? sale)!] : null
  return open.flatMap((o) => sale.flatMap((s) => intersectWindows(o, s) ?? []))
}

/**
 * A warning when a message would call customers to a shelf that is closed on its day. Only where the message asks for a
 * purchase or a visit; a state's own rule on closed days stands in the policy.
 */
export function closedShelf(
  offer: Pick<Offer, 'kind' | 'department'>,
  store: Partial<StoreHours> & { name: string; sells: readonly Department[] },
  day: Day | null,
): Verdict | null {
  if (!day || !(isDiscount(offer) || offer.kind === 'tasting_event')) return null
  const wanted = offer.department ? [offer.department] : store.sells
  const hours = wanted.map((department) => sellingHours(store, department, isoWeekday(day)))
  if (hours.length === 0 || hours.some((h) => h === null || h.length > 0)) return null
  const isOpen = (store.opening_hours?.[isoWeekday(day) - 1]?.length ?? 1) > 0
  return {
    outcome: 'warn',
    rule_id: 'shop-store-hours',
    summary:
      isOpen && offer.department
        ? `${store.name} does not sell ${offer.department} on ${weekdayName(day)}s.`
        : `${store.name} is closed on ${weekdayName(day)}s.`,
    source: 'shop setting',
    confidence: 'high',
    cure: 'Move it to another day, or correct the hours of the store.',
  }
}

/** Faults of a week as sentences with their place; empty when it is sound. */
export function checkWeek(week: WeekHours): { day: number; message: string }[] {
  return week.flatMap((stretches, day) => {
    const faults = stretches.filter((s) => s.end <= s.start)
    if (faults.length > 0)
      return [
        {
          day,
          message: `${faults[0]!.start} to ${faults[0]!.end} ends before it begins; what lies after midnight belongs to the next day.`,
        },
      ]
    const sorted = stretches.toSorted((a, b) => (a.start < b.start ? -1 : 1))
    const overlap = sorted.find((s, i) => i > 0 && s.start < sorted[i - 1]!.end)
    return overlap ? [{ day, message: `${overlap.start} to ${overlap.end} overlaps with the stretch before it.` }] : []
  })
}
