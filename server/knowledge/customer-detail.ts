import { createHash } from 'node:crypto'
import type { Customer, CustomerRow } from '#contract/knowledge.ts'
import type { z } from 'zod'
import type { Wishes } from '#core/compliance/wishes.ts'
import { createStoreFinder, type CustomerPlace } from '#core/knowledge/nearest-store.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { customerColumns, customerFrom, showCustomer } from '../customer-rows.ts'
import { notFound } from '../http/errors.ts'
import { loadStores } from '../stores.ts'
import { reasonsOf } from '../score-reasons.ts'
import { readPolicy } from '../policy.ts'
import { readSettings } from '../settings.ts'
import { suppressionsOf } from '../suppression.ts'
import { customerPreferencesPath } from '../tokens.ts'
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
    | 'segments'
    | 'consents'
  > &
  Wishes & { version: string; has_wishes: boolean }

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
         'preferred_weekday', s.preferred_weekday, 'price_sensitivity', s.price_sensitivity, 'reasons', '{}'::jsonb) end as scores,
       p.customer_id is not null as has_wishes, p.topics_off, p.every_days, p.paused_until,
       coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'key', g.key, 'name', g.name, 'entered_at', ${iso('m.entered_at')}) order by g.name)
         from segment_members as m join segments as g on g.id = m.segment_id where m.customer_id = c.id), '[]') as segments,
       coalesce((select jsonb_agg(jsonb_build_object('id', k.id, 'channel', k.channel, 'status', k.status, 'source', k.source, 'text_version', k.text_version,
           'ip', host(k.ip), 'given_at', ${iso('k.given_at')}, 'created_at', ${iso('k.created_at')},
           'signup', (select jsonb_build_object('words', g.consent_text, 'page', g.page, 'confirmed_at', ${iso('g.confirmed_at')}, 'confirmed_by', g.confirmed_by) from signups as g where g.id = k.signup_id))
           order by k.given_at desc, k.id desc)
         from (select * from consents where customer_id = c.id order by given_at desc, id desc limit 100) as k), '[]') as consents
     from ${customerFrom} left join stores on stores.id = c.store_id left join customer_preferences as p on p.customer_id = c.id where c.id = $1`,
    values: [id],
  })
  const found = rows[0]
  if (!found) throw notFound('customer', id)
  const { version, segments, consents, has_wishes, topics_off, every_days, paused_until, ...row } = found
  const settings = readSettings(ctx.pool, ['shop', 'limits'])
  const [suppressed, reasons, stores, policy, { limits }] = await Promise.all([
    suppressionsOf(ctx.pool, ctx.config, row),
    settings.then(({ shop }) => reasonsOf(ctx.pool, [id], shop.currency)),
    loadStores(ctx.pool),
    readPolicy(ctx.pool),
    settings,
  ])
  const shown = showCustomer(row, actor)
  const wishes = has_wishes ? { topics_off, every_days, paused_until } : null
  return {
    ...row,
    ...shown,
    scores: row.scores && {
      ...row.scores,
      reasons: Object.fromEntries((reasons.get(id) ?? []).map(({ term, words }) => [term, words])),
    },
    ...(shown.is_masked ? { address: null, birth_date: null, raw_data: null } : {}),
    nearest_store: row.store_id ? null : nearestOf(row, stores),
    segments,
    consents: consents.map((k) => (shown.is_masked ? { ...k, ip: null } : k)),
    contactability: contactability(row, { policy, limits, stores, wishes, suppressed, at: ctx.clock() }),
    wishes: wishes && { ...wishes, topics_off: [...wishes.topics_off] },
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
