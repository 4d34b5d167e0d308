import { createHash } from 'node:crypto'
import type { Customer, CustomerRow } from '#contract/knowledge.ts'
import type { z } from 'zod'
import { createStoreFinder, type CustomerPlace } from '#core/knowledge/nearest-store.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { customerColumns, customerFrom, showCustomer } from '../customer-rows.ts'
import { notFound } from '../http/errors.ts'
import { loadStores } from '../stores.ts'
import { reasonsOf } from '../score-reasons.ts'
import { suppressionOf } from '../suppression.ts'
import { customerPreferencesPath } from '../tokens.ts'
import { readWishes } from '../wishes.ts'
import { contactability } from './contactability.ts'

type Answer = z.input<typeof import('#contract/knowledge.ts').Customer>
type Stored = Omit<CustomerRow, 'is_masked'> &
  Pick<
    Customer,
    | 'first_name'
    | 'birth_date'
    | 'address'
    | 'city'
    | 'zip'
    | 'time_zones'
    | 'store_name'
    | 'raw_data'
    | 'import_id'
    | 'merged_into'
    | 'erased_at'
    | 'scores'
  > & { version: string }

/** All we know about a customer, as this reader may see it. Throws not_found. */
export async function readCustomer(ctx: Ctx, actor: Actor, id: string): Promise<Answer> {
  const { rows } = await ctx.pool.query<Stored>({
    name: 'customer',
    text: `select ${customerColumns}, c.first_name, c.birth_date, c.address, c.city, c.zip, c.time_zones, c.raw_data, c.import_id, c.merged_into, c.erased_at, stores.name as store_name,
       extract(epoch from c.updated_at)::text as version,
       case when s.customer_id is not null then jsonb_build_object('model_version', s.model_version, 'as_of', ${iso('s.as_of')}, 'computed_at', ${iso('s.computed_at')},
         'recency_score', s.recency_score, 'frequency_score', s.frequency_score, 'monetary_score', s.monetary_score, 'aov_score', s.aov_score,
         'churn_probability', s.churn_probability, 'clv_low_cents', s.clv_low_cents, 'clv_high_cents', s.clv_high_cents,
         'expected_gap_days', s.expected_gap_days, 'due_ratio', s.due_ratio, 'next_purchase_at', ${iso('s.next_purchase_at')},
         'next_purchase_from', ${iso('s.next_purchase_from')}, 'next_purchase_to', ${iso('s.next_purchase_to')}, 'first_purchase_at', ${iso('s.first_purchase_at')},
         'preferred_weekday', s.preferred_weekday, 'price_sensitivity', s.price_sensitivity, 'reasons', '{}'::jsonb) end as scores
     from ${customerFrom} left join stores on stores.id = c.store_id where c.id = $1`,
    values: [id],
  })
  const found = rows[0]
  if (!found) throw notFound('customer', id)
  const { version, ...row } = found
  const [segments, consents, email, sms, reasons, wishes] = await Promise.all([
    ctx.pool.query<Customer['segments'][number]>({
      name: 'segments of a customer',
      text: `select g.id, g.key, g.name, m.entered_at from segment_members as m join segments as g on g.id = m.segment_id where m.customer_id = $1 order by g.name`,
      values: [id],
    }),
    ctx.pool.query<Customer['consents'][number]>({
      name: 'consents of a customer',
      text: `select k.id, k.channel, k.status, k.source, k.text_version, host(k.ip) as ip, k.given_at, k.created_at,
         (select jsonb_build_object('words', g.consent_text, 'page', g.page, 'confirmed_at', ${iso('g.confirmed_at')}, 'confirmed_by', g.confirmed_by) from signups as g where g.id = k.signup_id) as signup
       from consents as k
       where k.customer_id = $1 order by k.given_at desc, k.id desc limit 100`,
      values: [id],
    }),
    row.email ? suppressionOf(ctx.pool, ctx.config, 'email', row.email) : null,
    row.phone ? suppressionOf(ctx.pool, ctx.config, 'sms', row.phone) : null,
    reasonsOf(ctx.pool, [id]),
    readWishes(ctx.pool, [id]),
  ])
  const shown = showCustomer(row, actor)
  const wished = wishes.get(id)
  return {
    ...row,
    ...shown,
    scores: row.scores && {
      ...row.scores,
      reasons: Object.fromEntries((reasons.get(id) ?? []).map(({ term, words }) => [term, words])),
    },
    ...(shown.is_masked ? { address: null, birth_date: null, raw_data: null } : {}),
    nearest_store: row.store_id ? null : nearestOf(row, await loadStores(ctx.pool)),
    segments: segments.rows,
    consents: consents.rows.map((k) => (shown.is_masked ? { ...k, ip: null } : k)),
    contactability: await contactability(ctx, row, { email: email?.reason ?? null, sms: sms?.reason ?? null }),
    wishes: wished ? { ...wished, topics_off: [...wished.topics_off] } : null,
    preferences_url:
      shown.is_masked || row.deleted_at || (!row.email && !row.phone)
        ? null
        : ctx.config.publicUrl + customerPreferencesPath(ctx.config.secret, id),
    etag: etagOf(id, version),
  }
}

function nearestOf(customer: CustomerPlace, stores: readonly StoreForGate[]): Customer['nearest_store'] {
  const { store } = createStoreFinder(stores)(customer)
  return store.id === 'shop' ? null : { id: store.id, name: store.name }
}

/** Changes with every edit. @param version epoch of updated_at with microseconds, as text */
export function etagOf(id: string, version: string): string {
  return `"${createHash('sha256').update(`${id}:${version}`).digest('base64url').slice(0, 22)}"`
}

function iso(sql: string): string {
  return `to_char(${sql} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ')`
}
