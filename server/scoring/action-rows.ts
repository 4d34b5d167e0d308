import type { ClientBase } from 'pg'
import type { ActionCustomer, ActionPlaybook } from '#core/planning/actions.ts'
import type { Offer } from '#core/planning/offer.ts'
import type { Window } from '#core/planning/plan.ts'

export interface CandidateRow extends Omit<ActionCustomer, 'departments' | 'channels' | 'emails'> {
  emailsDelivered: number
  emailsOpened: number
  emailsOpenedLate: number
  customerId: string
  email: string | null
  phone: string | null
}

/** Offers that may be used on a local day, by key. */
export async function readOffers(tx: ClientBase, day: string): Promise<Offer[]> {
  const { rows } = await tx.query<Offer>(
    `select o.id, o.key, o.title, o.kind, o.value::float8 as value, o.min_quantity, o.department, o.category, o.product_ids, o.min_spend_cents,
       o.funded_by, o.redeemable_as_coupon, o.code, o.unit_cost_cents, o.regular_price_cents, o.valid_from, o.valid_to
     from offers as o
     where o.is_active and (o.valid_from is null or o.valid_from <= $1::date) and (o.valid_to is null or o.valid_to >= $1::date)
     order by o.key`,
    [day],
  )
  return rows
}

/** Playbooks of the active RFM segments by segment key. recommended_offers may hold names or objects with a kind or key. */
export async function readPlaybooks(tx: ClientBase): Promise<Map<string, ActionPlaybook>> {
  const { rows } = await tx.query<{ key: string; offers: unknown; channels: ('email' | 'sms')[]; window: Window }>(
    `select g.key, g.recommended_offers as offers, g.optimal_channels as channels, g.optimal_send_window as window from segments as g where g.kind = 'rfm' and g.is_active`,
  )
  return new Map(
    rows.map((row) => [row.key, { offers: readNames(row.offers), channels: row.channels, window: row.window }]),
  )
}

function readNames(offers: unknown): string[] {
  if (!Array.isArray(offers)) return []
  return offers.flatMap((offer: unknown) => {
    if (typeof offer === 'string') return [offer]
    const { key, kind } = (offer ?? {}) as { key?: unknown; kind?: unknown }
    return typeof key === 'string' ? [key] : typeof kind === 'string' ? [kind] : []
  })
}

/** category -> department, by the department that most of its products have. */
export async function readDepartments(tx: ClientBase): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ category: string; department: string }>(
    'select p.category, mode() within group (order by p.department) as department from products as p group by p.category',
  )
  return new Map(rows.map((row) => [row.category, row.department]))
}

/** Opens a cursor named action_rows over everybody who was scored and may get a message on some channel. */
export async function openCandidates(tx: ClientBase, now: Date, zone: string): Promise<void> {
  await tx.query({
    text: `declare action_rows no scroll cursor for
     with contacts as (
       select s.customer_id, max(s.sent_at) as last_at, count(*) filter (where s.sent_at > $1::timestamptz - interval '7 days') as week,
         count(*) filter (where s.sent_at > p.last_purchase_at) as unanswered
       from sends as s join customer_scores as p on p.customer_id = s.customer_id
       where s.status in ('sent', 'delivered') and s.sent_at <= $1::timestamptz and s.id >= uuidv7_floor($1::timestamptz - interval '12 months')
       group by s.customer_id
     ), emails as (
       select r.customer_id, count(*) as delivered, count(r.opened_at) as opened,
         count(*) filter (where extract(hour from r.opened_at at time zone $2) >= 20 or extract(hour from r.opened_at at time zone $2) < 4) as late
       from (
         select s.customer_id, case when s.opened_at <= $1::timestamptz then s.opened_at end as opened_at,
           row_number() over (partition by s.customer_id order by s.sent_at desc) as nth
         from sends as s
         where s.channel = 'email' and s.status in ('sent', 'delivered') and s.sent_at <= $1::timestamptz
           and s.id >= uuidv7_floor($1::timestamptz - interval '12 months') and s.customer_id is not null
       ) as r where r.nth <= 4 group by 1
     )
     select c.id as "customerId",
       case when c.email_consent = 'granted' then c.email::text end as email,
       case when c.sms_consent = 'granted' and c.age_status = 'dob_verified' then c.phone end as phone,
       p.rfm_segment as segment, p.purchase_frequency as orders,
       greatest(0, extract(epoch from $1::timestamptz - l.at)::float8 / 86400) as "daysSinceLast", p.expected_gap_days as "expectedGapDays",
       greatest(0, extract(epoch from $1::timestamptz - l.at)::float8 / 86400) / p.expected_gap_days as "dueRatio",
       p.churn_probability as "churnProbability", p.avg_order_value_cents as "averageOrderCents", p.clv_cents as "clvCents",
       p.primary_category as "primaryCategory", p.secondary_category as "secondaryCategory", p.price_sensitivity as "priceSensitivity",
       p.avg_purchase_hour as "averageHour", p.is_night_buyer as "isNightBuyer", p.preferred_weekday as "preferredWeekday",
       p.preferred_offer as "preferredOffer", p.preferred_channel as "preferredChannel",
       coalesce(e.delivered, 0) as "emailsDelivered", coalesce(e.opened, 0) as "emailsOpened", coalesce(e.late, 0) as "emailsOpenedLate",
       extract(epoch from $1::timestamptz - k.last_at)::float8 / 86400 as "daysSinceMessage", coalesce(k.week, 0) as "messagesThisWeek", coalesce(k.unanswered, 0) as unanswered
     from customer_scores as p
     join customers as c on c.id = p.customer_id
     left join contacts as k on k.customer_id = p.customer_id
     left join emails as e on e.customer_id = p.customer_id
     -- scores may be a night old; what was bought since counts
     cross join lateral (
       select coalesce(max(o.ordered_at), p.last_purchase_at) as at from orders as o
       where o.customer_id = p.customer_id and o.total_cents >= 0 and o.ordered_at <= $1::timestamptz
     ) as l
     where c.deleted_at is null and c.age_status <> 'under_age' and p.expected_gap_days > 0 and p.churn_probability is not null`,
    values: [now, zone],
  })
}
