import type { ClientBase, Pool } from 'pg'
import { localDate, type Day } from '#core/calendar.ts'
import { createStoreFinder, type CustomerPlace } from '#core/knowledge/nearest-store.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { GroupFacts, PlanChannel, SegmentFacts } from '#core/planning/facts.ts'
import type { ShopHabits } from '#core/planning/groups.ts'
import { Window } from '#core/planning/plan.ts'
import { offerNames } from '#core/planning/playbook.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import {
  adultSince, adultWith, groupColumns, groupOfCode, groupSql, idPlace, placesOf, readerOf, recentSql, type Reading,
} from './groups.ts' // prettier-ignore

/** The most segments one plan weighs; the largest come first. */
const maxSegments = 60
/** Members whose orders tell a segment's rhythm: more only cost time. */
const sampled = 2500
/** So many customers are counted one by one; of more, a fixed share stands for all: groups of a hundred are still seen. */
const mostCounted = 250_000
const counted = 60_000

interface SegmentQuery {
  now: Date
  zone: string
  ages: readonly string[]
  stores: readonly StoreForGate[]
  emailWindow: Window
  habits: ShopHabits
}

export interface SegmentRow {
  id: string
  key: string
  name: string
  recommended_offers: unknown[]
  optimal_channels: string[]
  optimal_send_window: unknown
  cool_down_days: number
  customer_count: number
}
interface RhythmRow {
  segment_id: string
  weekday: number
  hour: number
  orders: number
  cents: number
  /** of the last eight weeks */
  recent: number
  /** members looked at, over all members */
  share: number
}
/** One row per segment and group, per segment and category, and per segment and place. */
interface PeopleRow extends CustomerPlace {
  segment_id: string
  kind: 'group' | 'category' | 'place'
  code: number | null
  category: string | null
  size: number
  email: number
  sms: number
  churn: number | null
  new_share: number | null
  due_ratio: number | null
}

/** The active segments that a plan weighs, the largest first. */
export async function findLargest(client: ClientBase | Pool): Promise<SegmentRow[]> {
  const { rows } = await client.query<SegmentRow>(
    `select g.id, g.key, g.name, g.recommended_offers, g.optimal_channels, g.optimal_send_window, g.cool_down_days, g.customer_count from segments as g
     where g.is_active and g.deleted_at is null order by g.customer_count desc, g.key limit $1`,
    [maxSegments],
  )
  return rows
}

/** Segments with customers in them: sizes by group, reach by channel, rhythm, taste and stores; sets in SQL, never a person. */
export async function findSegments(ctx: Pick<Ctx, 'pool'>, by: SegmentQuery): Promise<SegmentFacts[]> {
  const adult = adultSince(localDate(by.now, by.zone))
  const segments = await findLargest(ctx.pool)
  const share = await shareOf(ctx.pool)
  // Beside each other, each with its own share of the memberships.
  const [people, rhythm] = await Promise.all([
    withTx(ctx.pool, async (tx) => {
      await pickMembers(tx, segments, () => share)
      return findPeople(tx, share, by, adult)
    }),
    withTx(ctx.pool, async (tx) => {
      await pickMembers(tx, segments, (s) => Math.min(1, sampled / Math.max(1, s.customer_count)))
      return findRhythm(tx, by)
    }),
  ])
  const peopleOf = Map.groupBy(people, (r) => r.segment_id)
  const rhythmOf = Map.groupBy(rhythm, (r) => r.segment_id)
  const orders = sum(rhythm, (r) => r.orders)
  const shopBasket = orders > 0 ? sum(rhythm, (r) => r.cents) / orders : 4000
  const storeOf = createStoreFinder(by.stores)
  return segments
    .flatMap((s) => {
      const own = peopleOf.get(s.id)
      return own
        ? [factsOf(s, own, rhythmOf.get(s.id) ?? [], { shopBasket, storeOf, emailWindow: by.emailWindow })]
        : []
    })
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** The share of the customers that is looked at, by what the database believes it holds. */
async function shareOf(client: ClientBase | Pool): Promise<number> {
  const { rows } = await client.query<{ n: number }>(
    `select c.reltuples::float8 as n from pg_class as c where c.oid = 'customers'::regclass`,
  )
  return rows[0]!.n > mostCounted ? counted / rows[0]!.n : 1
}

/**
 * Reads the memberships of all segments into a table `picked` of this transaction, of each segment a share. Who is in it hangs
 * on their id alone, so it is the same people in all of their segments.
 */
async function pickMembers(
  tx: ClientBase,
  segments: readonly SegmentRow[],
  shareIn: (segment: SegmentRow) => number,
): Promise<void> {
  // A hash table of a million customers; sorting them on disk would take several times as long.
  await tx.query(`select set_config('work_mem', '256MB', true)`)
  const shares = segments.map(shareIn)
  await tx.query(
    `create temporary table picked on commit drop as
     select m.segment_id, m.customer_id, t.share
     from unnest($1::uuid[], $2::float8[], $3::int[]) as t(segment_id, share, places) join segment_members as m on m.segment_id = t.segment_id
     where ${idPlace('m.customer_id')} < t.places`,
    [segments.map((s) => s.id), shares, shares.map(placesOf)],
  )
  await tx.query('analyze picked')
}

/**
 * Every customer once, then by membership: the sets are the same however many segments somebody is in. A large shop's numbers
 * are those of a share, scaled up.
 */
async function findPeople(tx: ClientBase, share: number, by: SegmentQuery, adult: Day): Promise<PeopleRow[]> {
  const chosen = (id: string): string => (share < 1 ? ` and ${idPlace(id)} < ${placesOf(share)}` : '')
  const { rows: readings } = await tx.query<Reading>(
    'select r.delivered, r.opened, r.clicked from customer_reading as r group by 1, 2, 3',
  )
  const { rows } = await tx.query<PeopleRow>(
    `with closed as (
         -- addresses on the suppression list, as far as they belong to a customer; exact by address when counted
         select s.customer_id, bool_or(s.channel in ('email', 'all')) as email, bool_or(s.channel in ('sms', 'all')) as sms
         from suppressions as s where s.customer_id is not null group by 1
       ), heard as materialized (${recentSql('$1')}${chosen('s.customer_id')} group by 1
       ), reading as (
         select t.* from unnest($4::int[], $5::int[], $6::int[], $7::int[]) as t(delivered, opened, clicked, reader)
       ), known as (
         select c.id, ${groupColumns('$1', '$3')}, coalesce(heard.recent, 0) as recent, coalesce(reading.reader, $8::int) as reader,
           (${adultWith(`c.email is not null and c.email_consent = 'granted' and c.age_status = any($2)`, '$3')} and closed.email is not true)::int as email,
           closed.sms is not true as takes_texts, sc.churn_probability as churn, (sc.first_purchase_at > $1::timestamptz - interval '60 days')::int as is_new,
           sc.primary_category as category, c.store_id, case when c.store_id is null then c.state end as state, case when c.store_id is null then left(c.zip, 3) end as zip
         from customers as c left join customer_scores as sc on sc.customer_id = c.id${chosen('sc.customer_id')} left join customer_reading as r on r.customer_id = c.id${chosen('r.customer_id')}
         left join reading on reading.delivered = r.delivered and reading.opened = r.opened and reading.clicked = r.clicked
         left join heard on heard.customer_id = c.id left join closed on closed.customer_id = c.id
         where c.deleted_at is null${chosen('c.id')}
       ), person as materialized (
         select f.id, ${groupSql('f', by.habits)} as code, f.email, (f.can_be_texted and f.takes_texts)::int as sms, f.churn, f.is_new, least(f.due_ratio, 5) as due_ratio,
           f.category, f.store_id, f.state, f.zip from known as f
       )
       select m.segment_id, case when grouping(p.code) = 0 then 'group' when grouping(p.category) = 0 then 'category' else 'place' end as kind,
         p.code, p.category, p.store_id, p.state, p.zip, count(*)::int as size, sum(p.email)::int as email, sum(p.sms)::int as sms,
         avg(p.churn)::float8 as churn, avg(p.is_new)::float8 as new_share, avg(p.due_ratio)::float8 as due_ratio
       from picked as m join person as p on p.id = m.customer_id
       group by grouping sets ((m.segment_id, p.code), (m.segment_id, p.category), (m.segment_id, p.store_id, p.state, p.zip))`,
    [
      by.now,
      by.ages,
      adult,
      readings.map((r) => r.delivered),
      readings.map((r) => r.opened),
      readings.map((r) => r.clicked),
      readings.map((r) => readerOf(r, by.habits)),
      readerOf({ delivered: 0, opened: 0, clicked: 0 }, by.habits),
    ],
  )
  return share < 1 ? rows.map((r) => scaled(r, 1 / share)) : rows
}

const scaled = (r: PeopleRow, by: number): PeopleRow => ({
  ...r,
  size: Math.round(r.size * by),
  email: Math.round(r.email * by),
  sms: Math.round(r.sms * by),
})

/** Orders of a year by weekday and hour of the shop, of a fixed share of each large segment's members. */
async function findRhythm(tx: ClientBase, { now, zone }: SegmentQuery): Promise<RhythmRow[]> {
  const { rows } = await tx.query<RhythmRow>(
    `with bought as materialized (
       select o.customer_id, extract(isodow from l.at)::int as weekday, extract(hour from l.at)::int as hour, o.total_cents,
         (o.ordered_at >= $1::timestamptz - interval '56 days')::int as recent
       from (select distinct p.customer_id from picked as p) as who join orders as o on o.customer_id = who.customer_id
         and o.ordered_at >= $1::timestamptz - interval '365 days' and o.ordered_at < $1
       cross join lateral (select o.ordered_at at time zone $2 as at) as l
     )
     select p.segment_id, b.weekday, b.hour, count(*)::int as orders, sum(b.total_cents)::float8 as cents, sum(b.recent)::int as recent, p.share
     from bought as b join picked as p on p.customer_id = b.customer_id group by p.segment_id, p.share, b.weekday, b.hour`,
    [now, zone],
  )
  return rows
}

function factsOf(
  segment: SegmentRow,
  people: readonly PeopleRow[],
  rhythm: readonly RhythmRow[],
  by: { shopBasket: number; storeOf: ReturnType<typeof createStoreFinder<StoreForGate>>; emailWindow: Window },
): SegmentFacts {
  const of = (kind: PeopleRow['kind']): PeopleRow[] => people.filter((r) => r.kind === kind)
  const rows = of('group')
  const size = sum(rows, (r) => r.size)
  const meanOf = (value: (r: PeopleRow) => number | null, none: number): number => {
    const told = rows.filter((r) => value(r) !== null)
    const weight = sum(told, (r) => r.size)
    return weight > 0 ? sum(told, (r) => r.size * value(r)!) / weight : none
  }
  const groups = rows
    .map((r): GroupFacts => ({ key: groupOfCode(r.code!), size: r.size, reachable: { email: r.email, sms: r.sms } }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const orders = sum(rhythm, (r) => r.orders)
  const top = of('category')
    .filter((r) => r.category !== null)
    .toSorted((a, b) => b.size - a.size || (a.category! < b.category! ? -1 : 1))[0]
  return {
    key: segment.key,
    name: segment.name,
    size,
    reachable: { email: sum(rows, (r) => r.email), sms: sum(rows, (r) => r.sms) },
    playbook: {
      offers: offerNames(segment.recommended_offers),
      channels: segment.optimal_channels.filter((c): c is PlanChannel => c === 'email' || c === 'sms'),
      window: Window.safeParse(segment.optimal_send_window).data ?? by.emailWindow,
      cool_down_days: segment.cool_down_days,
    },
    orders_per_week: sum(rhythm, (r) => r.recent / r.share) / 8 / Math.max(1, size),
    basket_cents: orders > 0 ? sum(rhythm, (r) => r.cents) / orders : by.shopBasket,
    churn: meanOf((r) => r.churn, 0.5),
    new_share: meanOf((r) => r.new_share, 0),
    due_ratio: meanOf((r) => r.due_ratio, 1),
    weekday_share: shares(rhythm, (r) => r.weekday - 1, 7),
    hour_share: shares(rhythm, (r) => r.hour, 24),
    top_category: top?.category ?? null,
    stores: countStores(of('place'), by.storeOf),
    groups,
  }
}

const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, r) => total + of(r), 0)

/** How many of a segment shop where: at their own store, else at the nearest to where they live. */
function countStores(
  places: readonly PeopleRow[],
  storeOf: ReturnType<typeof createStoreFinder<StoreForGate>>,
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const place of places) {
    const { id } = storeOf(place).store
    counts[id] = (counts[id] ?? 0) + place.size
  }
  return counts
}

function shares(rows: readonly RhythmRow[], at: (r: RhythmRow) => number, length: number): number[] {
  const counts = new Array<number>(length).fill(0)
  for (const r of rows) counts[at(r)]! += r.orders
  const total = counts.reduce((a, b) => a + b, 0)
  return counts.map((n) => (total > 0 ? n / total : 0))
}
