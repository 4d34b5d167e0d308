import type { ClientBase, Pool } from 'pg'
import type { Day } from '#core/calendar.ts'
import {
  dueBands, dueBounds, groupKey, pressureBands, pressureDays, readerBands, saverShare, traitsOf, type ShopHabits, type TraitFacts, type Traits,
} from '#core/planning/groups.ts' // prettier-ignore

/**
 * core/planning/groups.ts over rows of the database. Whole segments are counted in SQL by the core's bounds; customer by
 * customer the facts go through the core's function. server/planning/groups.test.ts holds the two against each other.
 */
export interface GroupColumns {
  due_ratio: number | null
  delivered: number
  opened: number
  clicked: number
  is_night_buyer: boolean
  price_sensitivity: number | null
  can_be_texted: boolean
}

/**
 * Columns of `GroupColumns` over customers as c, customer_scores as sc, customer_reading as r.
 * @param now placeholder of the moment @param adult placeholder of the last birth date of somebody who is 21
 */
export const groupColumns = (now: string, adult: string): string =>
  `(case when sc.expected_gap_days > 0 and sc.last_purchase_at is not null
      then greatest(0, extract(epoch from ${now}::timestamptz - sc.last_purchase_at) / 86400 / sc.expected_gap_days) else sc.due_ratio end)::float8 as due_ratio,
   coalesce(r.delivered, 0) as delivered, coalesce(r.opened, 0) as opened, coalesce(r.clicked, 0) as clicked,
   coalesce(sc.is_night_buyer, false) as is_night_buyer, sc.price_sensitivity::float8 as price_sensitivity,
   ${adultWith(`c.phone is not null and c.sms_consent = 'granted' and c.age_status = 'dob_verified'`, adult)} as can_be_texted`

/** A condition and the legal age. */
export const adultWith = (condition: string, adult: string): string =>
  `(${condition} and (c.birth_date is null or c.birth_date <= ${adult}::date))`

const nobody: TraitFacts = {
  dueRatio: 0,
  delivered: 0,
  opened: 0,
  clicked: 0,
  recent: 0,
  isNightBuyer: false,
  priceSensitivity: 0,
  canBeTexted: false,
}

export type Reading = Pick<TraitFacts, 'delivered' | 'opened' | 'clicked'>
/** How these people read, as a number of `groupSql`. */
export const readerOf = (reading: Reading, habits: ShopHabits): number =>
  readerBands.indexOf(traitsOf({ ...nobody, ...reading }, habits).reader)

/** The group as a number over columns of `GroupColumns`, `recent` and `reader`; `f` is the row. */
export const groupSql = (f: string, habits: ShopHabits): string =>
  `(((((width_bucket(coalesce(${f}.due_ratio, 1), '{${dueBounds.join()}}'::float8[]) * 8 + ${f}.reader) * 8 + least(${f}.recent, ${pressureBands.length - 1})) * 2 + ${f}.is_night_buyer::int) * 2
    + (coalesce(${f}.price_sensitivity, 0) >= ${saverShare(habits)}::float8)::int) * 2 + ${f}.can_be_texted::int)`

/** The key of a number of `groupSql`. */
export function groupOfCode(code: number): string {
  const bit = (at: number): boolean => ((code >> at) & 1) === 1
  const traits: Traits = {
    due: dueBands[code >> 9]!,
    reader: readerBands[(code >> 6) & 7]!,
    pressure: pressureBands[(code >> 3) & 7]!,
    isNight: bit(2),
    isSaver: bit(1),
    isTexted: bit(0),
  }
  return groupKey(traits)
}

/** Messages per customer in the days before that count as pressure, those of weekly plans and all others. */
export const recentSql = (now: string): string =>
  `select s.customer_id, count(*)::int as recent from sends as s
   where s.id >= uuidv7_floor(${now}::timestamptz - interval '${pressureDays + 40} days') and s.customer_id is not null
     and s.status in ('sent', 'delivered') and s.sent_at > ${now}::timestamptz - interval '${pressureDays} days' and s.sent_at <= ${now}::timestamptz`

export function groupOf(row: GroupColumns, recent: number, habits: ShopHabits): string {
  return groupKey(
    traitsOf(
      {
        dueRatio: row.due_ratio,
        delivered: row.delivered,
        opened: row.opened,
        clicked: row.clicked,
        recent,
        isNightBuyer: row.is_night_buyer,
        priceSensitivity: row.price_sensitivity,
        canBeTexted: row.can_be_texted,
      },
      habits,
    ),
  )
}

/** How many messages each of these people got lately. */
export async function countRecent(
  client: ClientBase | Pool,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ customer_id: string; recent: number }>(
    `${recentSql('$1')} and s.customer_id = any($2) group by 1`,
    [now, ids],
  )
  return new Map(rows.map((r) => [r.customer_id, r.recent]))
}

/** The last birth date of somebody who is 21 on this day; 29 February becomes the day before, so nobody counts as older. */
export function adultSince(day: Day): Day {
  const earlier = `${Number(day.slice(0, 4)) - 21}${day.slice(4)}`
  return earlier.endsWith('-02-29') ? `${earlier.slice(0, 8)}28` : earlier
}

/** A fixed whole number for each customer, of their id, below `placesOf(1)`: asked for millions, so it must be quick. */
export const idPlace = (id: string): string => `(uuid_hash(${id}) & ${2 ** 24 - 1})`
/** A share of the customers, 0 to 1, is whoever's `idPlace` is below this. */
export const placesOf = (share: number): number => Math.round(share * 2 ** 24)
