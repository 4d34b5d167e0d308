import type { ClientBase, Pool } from 'pg'
import { addDays, localDate, localMinutes, minutesOf, type Day } from '#core/calendar.ts'
import { createStoreFinder, type CustomerPlace } from '#core/knowledge/nearest-store.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { PastResult, PlanChannel, PlannerFacts, SegmentFacts, TemplateFacts } from '#core/planning/facts.ts'
import { Window } from '#core/planning/plan.ts'
import { offerNames } from '#core/planning/playbook.ts'
import type { Ctx } from '../context.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { findOffers, offerOf } from '../offers.ts'
import { loadStores } from '../stores.ts'

/** The most segments one plan weighs; the largest come first. */
const maxSegments = 60

/**
 * Everything an engine may see: aggregates of segments, offers, templates, past results, limits and law. No person, no
 * address. @param holdoutShare of the campaign, else the shop's
 */
export async function loadPlannerFacts(ctx: Ctx, weekStart: Day, holdoutShare?: number): Promise<PlannerFacts> {
  const { pool } = ctx
  const now = ctx.clock()
  const [shop, limits, policy, stores, offers, templates] = await Promise.all([
    readSetting(pool, 'shop'),
    readSetting(pool, 'limits'),
    readPolicy(pool),
    loadStores(pool),
    findOffers(pool, { isActive: true, archived: false }),
    findTemplates(pool),
  ])
  const [segments, past] = await Promise.all([
    findSegments(pool, {
      now,
      zone: shop.time_zone,
      ages: limits.email_ages,
      stores,
      emailWindow: limits.email_window,
    }),
    findPastResults(pool, now),
  ])
  const today = localDate(now, shop.time_zone)
  const isLate = localMinutes(now, shop.time_zone) + 60 >= minutesOf(limits.email_window.end)
  return {
    week_start: weekStart,
    first_day: isLate ? addDays(today, 1) : today,
    currency: shop.currency,
    margin_share: shop.margin_pct / 100,
    segments,
    templates,
    stores,
    past,
    policy,
    offers: offers.map(offerOf),
    limits: {
      max_per_customer_week: limits.max_per_customer_week,
      max_sms_per_customer_week: limits.max_sms_per_customer_week,
      holdout_share: holdoutShare ?? limits.holdout_share,
      channels: ['email', 'sms'],
      email_per_day: limits.email_per_day,
    },
    contact: limits,
  }
}

/** Newest active version of each template. */
async function findTemplates(client: ClientBase | Pool): Promise<TemplateFacts[]> {
  const { rows } = await client.query<TemplateFacts>(
    `select distinct on (t.key) t.id, t.key, t.channel, t.category from message_templates as t where t.is_active order by t.key, t.version desc`,
  )
  return rows
}

interface SegmentRow {
  key: string
  name: string
  recommended_offers: unknown[]
  optimal_channels: string[]
  optimal_send_window: unknown
  cool_down_days: number
  size: number
  email: number
  sms: number
  churn: number | null
  new_share: number | null
  due_ratio: number | null
  top_category: string | null
  places: (CustomerPlace & { n: number })[] | null
  recent_orders: number
  basket_cents: number | null
  weekdays: number[] | null
  hours: number[] | null
}

async function findSegments(
  client: ClientBase | Pool,
  by: { now: Date; zone: string; ages: readonly string[]; stores: readonly StoreForGate[]; emailWindow: Window },
): Promise<SegmentFacts[]> {
  const { rows } = await client.query<SegmentRow>(
    `with chosen as (
       select g.id, g.key, g.name, g.recommended_offers, g.optimal_channels, g.optimal_send_window, g.cool_down_days from segments as g
       where g.is_active and g.deleted_at is null order by g.customer_count desc, g.key limit $4
     ), closed as (
       -- addresses on the suppression list, as far as they belong to a customer; exact by address when counted
       select s.customer_id, bool_or(s.channel in ('email', 'all')) as email, bool_or(s.channel in ('sms', 'all')) as sms
       from suppressions as s where s.customer_id is not null group by 1
     ), people as (
       select m.segment_id, count(*) as size,
         count(*) filter (where c.email is not null and c.email_consent = 'granted' and c.age_status = any($3) and (c.birth_date is null or c.birth_date <= $5::date) and closed.email is not true) as email,
         count(*) filter (where c.phone is not null and c.sms_consent = 'granted' and c.age_status = 'dob_verified' and (c.birth_date is null or c.birth_date <= $5::date) and closed.sms is not true) as sms,
         avg(sc.churn_probability)::float8 as churn,
         avg((sc.first_purchase_at > $1::timestamptz - interval '60 days')::int)::float8 as new_share,
         avg(least(sc.due_ratio, 5))::float8 as due_ratio,
         mode() within group (order by sc.primary_category) as top_category
       from segment_members as m join customers as c on c.id = m.customer_id and c.deleted_at is null
       left join customer_scores as sc on sc.customer_id = c.id left join closed on closed.customer_id = c.id
       where m.segment_id in (select chosen.id from chosen) group by 1
     ), places as (
       -- who belongs to no store, by where they live: the nearest is found for each place, not for each person
       select p.segment_id, jsonb_agg(jsonb_build_object('store_id', p.store_id, 'state', p.state, 'zip', p.zip, 'n', p.n)) as places from (
         select m.segment_id, c.store_id, case when c.store_id is null then c.state end as state, case when c.store_id is null then left(c.zip, 3) end as zip, count(*) as n
         from segment_members as m join customers as c on c.id = m.customer_id where m.segment_id in (select chosen.id from chosen) group by 1, 2, 3, 4) as p group by 1
     ), bought as (
       select m.segment_id, extract(isodow from o.ordered_at at time zone $2)::int as weekday, extract(hour from o.ordered_at at time zone $2)::int as hour,
         count(*) as orders, sum(o.total_cents) as cents, count(*) filter (where o.ordered_at >= $1::timestamptz - interval '56 days') as recent
       from orders as o join segment_members as m on m.customer_id = o.customer_id
       where o.ordered_at >= $1::timestamptz - interval '365 days' and o.ordered_at < $1 and m.segment_id in (select chosen.id from chosen)
       group by 1, 2, 3
     ), rhythm as (
       select b.segment_id, sum(b.recent)::int as recent_orders, (sum(b.cents) / nullif(sum(b.orders), 0))::float8 as basket_cents,
         array(select coalesce(sum(x.orders), 0)::int from generate_series(1, 7) as d left join bought as x on x.segment_id = b.segment_id and x.weekday = d group by d order by d) as weekdays,
         array(select coalesce(sum(x.orders), 0)::int from generate_series(0, 23) as h left join bought as x on x.segment_id = b.segment_id and x.hour = h group by h order by h) as hours
       from bought as b group by b.segment_id
     )
     select chosen.key, chosen.name, chosen.recommended_offers, chosen.optimal_channels, chosen.optimal_send_window, chosen.cool_down_days, people.size::int as size, people.email::int as email,
       people.sms::int as sms, people.churn, people.new_share, people.due_ratio, people.top_category, places.places, coalesce(rhythm.recent_orders, 0) as recent_orders,
       rhythm.basket_cents, rhythm.weekdays, rhythm.hours
     from chosen join people on people.segment_id = chosen.id left join places on places.segment_id = chosen.id left join rhythm on rhythm.segment_id = chosen.id
     order by chosen.key`,
    [by.now, by.zone, by.ages, maxSegments, yearsBefore(localDate(by.now, by.zone), 21)],
  )
  const storeOf = createStoreFinder(by.stores)
  const shopBasket =
    rows.reduce((sum, r) => sum + (r.basket_cents ?? 0) * r.recent_orders, 0) /
    Math.max(
      1,
      rows.reduce((sum, r) => sum + (r.basket_cents === null ? 0 : r.recent_orders), 0),
    )
  return rows.map((r) => ({
    key: r.key,
    name: r.name,
    size: r.size,
    reachable: { email: r.email, sms: r.sms },
    playbook: {
      offers: offerNames(r.recommended_offers),
      channels: r.optimal_channels.filter((c): c is PlanChannel => c === 'email' || c === 'sms'),
      window: Window.safeParse(r.optimal_send_window).data ?? by.emailWindow,
      cool_down_days: r.cool_down_days,
    },
    orders_per_week: r.recent_orders / 8 / Math.max(1, r.size),
    basket_cents: r.basket_cents ?? (shopBasket > 0 ? shopBasket : 4000),
    churn: r.churn ?? 0.5,
    new_share: r.new_share ?? 0,
    due_ratio: r.due_ratio ?? 1,
    weekday_share: shares(r.weekdays, 7),
    hour_share: shares(r.hours, 24),
    top_category: r.top_category,
    stores: countStores(r.places ?? [], storeOf),
  }))
}

/** How many of a segment shop where: at their own store, else at the nearest. */
function countStores(
  places: readonly (CustomerPlace & { n: number })[],
  storeOf: ReturnType<typeof createStoreFinder<StoreForGate>>,
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const place of places) {
    const { id } = storeOf(place).store
    counts[id] = (counts[id] ?? 0) + place.n
  }
  return counts
}

/** The same calendar day so many years earlier; 29 February becomes the day before, so nobody counts as older. */
function yearsBefore(day: Day, years: number): Day {
  const earlier = `${Number(day.slice(0, 4)) - years}${day.slice(4)}`
  return earlier.endsWith('-02-29') ? `${earlier.slice(0, 8)}28` : earlier
}

function shares(counts: number[] | null, length: number): number[] {
  const total = counts?.reduce((a, b) => a + b, 0) ?? 0
  return Array.from({ length }, (_, i) => (total > 0 ? (counts?.[i] ?? 0) / total : 0))
}

/** What half a year of our own messages brought, per segment, kind of offer and channel. */
async function findPastResults(client: ClientBase | Pool, now: Date): Promise<PastResult[]> {
  const { rows } = await client.query<PastResult>(
    `select actions.segment, actions.offer ->> 'kind' as offer_kind, sends.channel, count(*)::int as sends, count(sends.opened_at)::int as opens, count(sends.converted_at)::int as orders
     from sends join actions on actions.id = sends.action_id
     where sends.id >= uuidv7_floor($1::timestamptz - interval '190 days') and sends.status in ('sent', 'delivered') and sends.sent_at >= $1::timestamptz - interval '180 days'
       and sends.sent_at < $1 - interval '3 days'
     group by 1, 2, 3`,
    [now],
  )
  return rows
}
