import type { PoolClient } from 'pg'
import { IntegrationSettings } from '#contract/integrations.ts'
import type { TillFact } from '#core/knowledge/till.ts'
import type { Ctx } from '../../context.ts'
import { refreshCampaignCounters } from '../../counters.ts'
import type { Reading, TillKind } from '../../ports/till.ts'
import { followOrders, inTurn, readShop, type Shop } from '../ingest/batch.ts'
import { applyCustomers } from './apply-customers.ts'
import { applyOrders } from './apply-orders.ts'

export interface TillRow {
  id: string
  kind: TillKind
  prefix: string
  store_id: string | null
  store_name: string | null
  settings: unknown
}

/** A hook with what it says; each step writes down what became of it. */
export interface Told {
  id: string
  fact: TillFact
  subject: string | null
  verdict: Verdict | null
}

export type Verdict =
  | { status: 'done' | 'ignored' | 'parked'; outcome: string }
  /** somebody stood in the way this time */
  | { status: 'retry'; error: string }

interface HookRow {
  id: string
  topic: string
  body: Buffer | null
  sent_at: Date | null
  received_at: Date
}

interface Done {
  hooks: number
  orders: number
  campaigns: string[]
}

const batchSize = 500
/** After so many tries a hook waits for a person. */
const mostAttempts = 5

/**
 * Works on what tills posted: whole batches as sets, one till after the other, until nothing is due. Run by every
 * worker; they take turns. Returns how many hooks were worked on.
 */
export async function processHooks(ctx: Ctx, signal?: AbortSignal): Promise<number> {
  const { rows: tills } = await ctx.pool.query<TillRow>(
    `select i.id, i.kind, i.prefix, i.store_id, coalesce(st.external_id, st.name) as store_name, i.settings
     from integrations as i left join stores as st on st.id = i.store_id
     where i.status = 'active' and exists (select from till_hooks as h where h.integration_id = i.id and h.status = 'received' and h.next_try_at <= now())
     order by i.id`,
  )
  let worked = 0
  let orders = 0
  const campaigns = new Set<string>()
  for (const till of tills) {
    for (;;) {
      if (signal?.aborted) break
      const done = await workOn(ctx, till, batchSize, null)
      worked += done.hooks
      orders += done.orders
      for (const id of done.campaigns) campaigns.add(id)
      if (done.hooks < batchSize) break
    }
  }
  if (orders > 0) await followOrders(ctx)
  await refreshCampaignCounters(ctx.pool, [...campaigns])
  return worked
}

/** One batch in one transaction; when it fails, its halves, until the one hook that is to blame stands alone. */
async function workOn(ctx: Ctx, till: TillRow, most: number, only: readonly string[] | null): Promise<Done> {
  const shop = await readShop(ctx)
  let taken: string[] = []
  try {
    return await inTurn(ctx, async (tx) => {
      const hooks = await due(tx, till.id, most, only)
      taken = hooks.map((h) => h.id)
      if (hooks.length === 0) return { hooks: 0, orders: 0, campaigns: [] }
      const told = hooks.map((hook) => tell(ctx, till, shop, hook))
      const done = await apply(ctx, tx, till, shop, told)
      await writeVerdicts(tx, told)
      return { hooks: hooks.length, ...done }
    })
  } catch (error) {
    // The database is away, not a hook wrong: all of them wait.
    if (/^(08|57P0|53|ECONN)/.test((error as { code?: string }).code ?? '') || taken.length === 0) throw error
    if (taken.length === 1) {
      ctx.log.warn({ err: error, hook: taken[0], till: till.id }, 'hook failed')
      await writeVerdicts(ctx.pool, [
        {
          id: taken[0]!,
          subject: null,
          verdict: { status: 'retry', error: 'Something broke on our side while it was worked on.' },
        },
      ])
      return { hooks: 1, orders: 0, campaigns: [] }
    }
    const half = Math.ceil(taken.length / 2)
    const a = await workOn(ctx, till, half, taken.slice(0, half))
    const b = await workOn(ctx, till, half, taken.slice(half))
    return { hooks: taken.length, orders: a.orders + b.orders, campaigns: [...a.campaigns, ...b.campaigns] }
  }
}

async function due(tx: PoolClient, tillId: string, most: number, only: readonly string[] | null): Promise<HookRow[]> {
  const { rows } = await tx.query<HookRow>(
    `select h.id, h.topic, h.body, h.sent_at, h.received_at from till_hooks as h
     where h.integration_id = $1 and h.status = 'received' and h.next_try_at <= now() and ($3::uuid[] is null or h.id = any($3::uuid[]))
     order by h.id limit $2 for update`,
    [tillId, most, only],
  )
  return rows
}

function tell(ctx: Ctx, till: TillRow, shop: Shop, hook: HookRow): Told {
  const { order_number: orderNumber, consent_fields: consentFields } = IntegrationSettings.parse(till.settings ?? {})
  const reading: Reading = {
    prefix: till.prefix,
    currency: shop.currency,
    rules: shop.rules,
    settings: { orderNumber, consentFields },
  }
  let fact: TillFact
  try {
    fact = hook.body
      ? ctx.tills[till.kind].read(hook.topic, hook.body, hook.sent_at ?? hook.received_at, reading)
      : { kind: 'ignored', why: 'Its content was deleted before it was worked on.' }
  } catch {
    fact = { kind: 'refused', reasons: [{ column: '', reason: 'The content is not the JSON of an object.' }] }
  }
  return { id: hook.id, fact, subject: subjectOf(fact), verdict: verdictOf(fact) }
}

function subjectOf(fact: TillFact): string | null {
  switch (fact.kind) {
    case 'order':
    case 'order_gone':
      return `order ${fact.id}`
    case 'refund':
      return `order ${fact.orderId}`
    case 'customer':
      return fact.person.tillId === null ? null : `customer ${fact.person.tillId}`
    case 'customer_gone':
      return `customer ${fact.id}`
    default:
      return null
  }
}

// Only what needs no look at the database; never with what stood in a field, which may be personal.
function verdictOf(fact: TillFact): Verdict | null {
  if (fact.kind === 'ignored') return { status: 'ignored', outcome: fact.why }
  if (fact.kind !== 'refused') return null
  const said = fact.reasons.map(({ column, reason }) => (column ? `${column}: ${reason}` : reason))
  return { status: 'parked', outcome: said.slice(0, 5).join(' ') }
}

async function apply(
  ctx: Ctx,
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  told: readonly Told[],
): Promise<Omit<Done, 'hooks'>> {
  const open = told.filter((t) => t.verdict === null)
  const people = await applyCustomers(ctx, tx, till, shop, open)
  return applyOrders(tx, till, shop, open, people)
}

async function writeVerdicts(
  client: Pick<PoolClient, 'query'>,
  told: readonly Pick<Told, 'id' | 'subject' | 'verdict'>[],
): Promise<void> {
  const rows = told.map(({ id, subject, verdict }) => ({
    id,
    subject,
    status: verdict?.status ?? 'done',
    text: (verdict === null ? 'Nothing new.' : verdict.status === 'retry' ? verdict.error : verdict.outcome).slice(
      0,
      1000,
    ),
  }))
  await client.query(
    `update till_hooks as h set
       subject = coalesce(v.subject, h.subject),
       attempts = h.attempts + 1,
       status = case when v.status <> 'retry' then v.status when h.attempts + 1 >= $2 then 'parked' else 'received' end,
       outcome = case when v.status in ('done', 'ignored') then v.text end,
       error = case when v.status in ('parked', 'retry') then v.text end,
       -- 10 s, 40 s, 160 s, 640 s
       next_try_at = case when v.status = 'retry' then now() + interval '10 s' * power(4, h.attempts) else h.next_try_at end,
       processed_at = case when v.status <> 'retry' or h.attempts + 1 >= $2 then now() end
     from jsonb_to_recordset($1::jsonb) as v(id uuid, subject text, status text, text text) where h.id = v.id`,
    [JSON.stringify(rows), mostAttempts],
  )
}

/** What was posted is personal data: it goes a week after it was worked on, its line in the log after 90 days. */
export async function forgetHooks(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `update till_hooks set body = null where body is not null and status in ('done', 'ignored') and processed_at < now() - interval '7 days'`,
  )
  await ctx.pool.query(
    `update till_hooks set body = null where body is not null and status = 'parked' and processed_at < now() - interval '30 days'`,
  )
  await ctx.pool.query(
    `delete from till_hooks where status <> 'received' and processed_at < now() - interval '90 days'`,
  )
}
