import type { PoolClient } from 'pg'
import { createAssembler, type Assembled } from '#core/scoring/assemble.ts'
import type { Answered } from '#core/scoring/response.ts'
import type { PreviousSegment } from '#core/scoring/rfm.ts'
import { createScorer } from '#core/scoring/scorecard.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { moveRfmMembers } from '../rfm-segments.ts'
import { readSetting } from '../settings.ts'
import { readModel, type StoredModel } from './model-store.ts'
import { readProducts, type Products } from './products.ts'
import { mergeScores, openScoreWriter } from './score-table.ts'
import { kindOf, messagesOf } from './streams.ts'

export interface RescoreResult {
  /** customers with new scores; those without a purchase any more lost theirs */
  customers: number
  model_version: string
}

/** At most so many at once; more are scored faster all together. */
export const mostRescored = 5000

interface Known {
  stored: StoredModel
  score: ReturnType<typeof createScorer>
  products: Products
  readAt: number
}
const known = new WeakMap<object, Known>()
const catalogMs = 10 * 60_000

/**
 * Scores some customers again with the model in force, after an order came in: milliseconds for one. The same orders give
 * the same bytes as a whole run with this model would. Null before the first whole run, when there is no model.
 */
export async function rescoreCustomers(
  ctx: Pick<Ctx, 'pool' | 'log'>,
  input: { customerIds: readonly string[]; asOf: Date },
): Promise<RescoreResult | null> {
  if (input.customerIds.length > mostRescored) throw new RangeError(`at most ${mostRescored} customers at once`)
  return withTx(ctx.pool, async (tx) => {
    // Not beside a whole run: its new table would forget us.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('scoring', 7))`)
    const model = await learned(ctx, tx)
    if (!model) return null
    const { stored, score } = model
    await tx.query(
      'create temp table if not exists score_some (like customer_scores including defaults) on commit delete rows',
    )
    const assembled = await assembleSome(tx, model, input)
    const sink = openScoreWriter(tx, 'score_some', {
      asOf: input.asOf,
      version: stored.version,
      horizonWeeks: stored.model.horizonWeeks,
    })
    for (const [customerId, customer] of assembled) {
      const full = sink.write({ customerId, ...customer, card: score(customer.facts) })
      if (full) await full
    }
    const customers = await sink.finish()
    await mergeScores(tx, 'score_some')
    await tx.query(
      `delete from customer_scores as s where s.customer_id = any($1::uuid[])
         and not exists (select from score_some as n where n.customer_id = s.customer_id)`,
      [input.customerIds],
    )
    await moveRfmMembers(tx, input.asOf, input.customerIds)
    return { customers, model_version: stored.version }
  })
}

export interface OneCustomer {
  model: StoredModel['model']
  /** null without a purchase */
  assembled: Assembled | null
}

/** One customer as scoring sees them, with the model in force; null before the first whole run. */
export async function assembleOne(
  ctx: Pick<Ctx, 'pool'>,
  tx: PoolClient,
  id: string,
  asOf: Date,
): Promise<OneCustomer | null> {
  const model = await learned(ctx, tx)
  if (!model) return null
  const assembled = await assembleSome(tx, model, { customerIds: [id], asOf })
  return { model: model.stored.model, assembled: assembled.get(id) ?? null }
}

/** The model in force with its tables warm; the catalogue is read again every ten minutes. */
async function learned(ctx: Pick<Ctx, 'pool'>, tx: PoolClient): Promise<Known | null> {
  const { rows } = await tx.query<{ version: string }>(
    'select m.version from model_versions as m order by m.created_at desc, m.as_of desc, m.version limit 1',
  )
  if (!rows[0]) return null
  const kept = known.get(ctx.pool)
  if (kept?.stored.version === rows[0].version && performance.now() - kept.readAt < catalogMs) return kept
  const stored = kept?.stored.version === rows[0].version ? kept.stored : (await readModel(tx))!
  const score = kept?.stored === stored ? kept.score : createScorer(stored.model)
  const fresh = { stored, score, products: await readProducts(tx), readAt: performance.now() }
  known.set(ctx.pool, fresh)
  return fresh
}

interface Person {
  id: string
  time_zone: string | null
  previous: PreviousSegment | null
}

/** The same rows as the streams of a whole run, for some customers. */
async function assembleSome(
  tx: PoolClient,
  model: Known,
  input: { customerIds: readonly string[]; asOf: Date },
): Promise<Map<string, Assembled>> {
  const values = [input.customerIds, input.asOf]
  const shop = await readSetting(tx, 'shop')
  const { rows: people } = await tx.query<Person>(
    `select c.id, s.time_zone, case when p.recency_score is not null then jsonb_build_object(
       'segment', p.rfm_segment, 'candidate', p.rfm_candidate, 'recency', p.recency_score, 'frequency', p.frequency_score,
       'monetary', p.monetary_score, 'average', p.aov_score, 'isEarlierRun', p.as_of < $2::timestamptz - interval '12 hours') end as previous
     from customers as c left join stores as s on s.id = c.store_id
     left join customer_scores as p on p.customer_id = c.id and p.as_of <= $2::timestamptz
     where c.id = any($1::uuid[]) and c.deleted_at is null`,
    values,
  )
  const { rows: orders } = await tx.query<{ customer_id: string; at: Date; cents: number; discounted: boolean }>(
    `select o.customer_id, o.ordered_at as at, o.total_cents as cents, (o.discount_cents > 0 or o.coupon_code is not null) as discounted
     from orders as o where o.customer_id = any($1::uuid[]) and o.ordered_at <= $2 order by o.customer_id, o.ordered_at`,
    values,
  )
  const { rows: lines } = await tx.query<{ customer_id: string; at: Date; product_id: string }>(
    `select o.customer_id, o.ordered_at as at, i.product_id
     from orders as o join order_items as i on i.order_id = o.id
     where o.customer_id = any($1::uuid[]) and o.ordered_at <= $2 and i.quantity > 0 and i.total_cents >= 0
     order by o.customer_id, o.ordered_at, i.product_id`,
    values,
  )
  const { rows: messages } = await tx.query<Omit<Answered, 'kind'> & { customer_id: string; kind: string | null }>(
    messagesOf('$2::timestamptz', 'and s.customer_id = any($1::uuid[])'),
    values,
  )
  if (lines.some((line) => model.products.placeOfId(line.product_id) < 0)) model.products = await readProducts(tx)
  const { products } = model
  const assembler = createAssembler({
    asOfMs: input.asOf.getTime(),
    catalog: products.catalog,
    productWords: products.words,
  })
  const [ordersOf, linesOf, messagesOfCustomer] = [grouped(orders), grouped(lines), grouped(messages)]
  const found = new Map<string, Assembled>()
  for (const { id, time_zone, previous } of people) {
    assembler.begin(time_zone ?? shop.time_zone)
    for (const o of ordersOf.get(id) ?? []) assembler.order(o.at.getTime(), o.cents, o.discounted)
    for (const l of linesOf.get(id) ?? []) {
      const place = products.placeOfId(l.product_id)
      if (place >= 0) assembler.line(place, l.at.getTime())
    }
    for (const { kind, channel, delivered, responded, ordered } of messagesOfCustomer.get(id) ?? [])
      assembler.message({ kind: kindOf(kind), channel, delivered, responded, ordered })
    const customer = assembler.finish(previous)
    if (customer) found.set(id, customer)
  }
  return found
}

function grouped<T extends { customer_id: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(row.customer_id)
    if (group) group.push(row)
    else groups.set(row.customer_id, [row])
  }
  return groups
}
