import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll } from 'vitest'
import { freshDatabase } from './db.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { appendEvents } from '#server/events.ts'
import { sendProblem } from '#server/http/errors.ts'
import type { Routes } from '#server/http/bind.ts'
import { createLog } from '#server/log.ts'

/** A context over a fresh database, and an app of the given slices, with a clock the test moves. */
export async function shopOf(
  ...slices: Routes[]
): Promise<{ ctx: Ctx; app: FastifyInstance; at: (iso: string) => Date }> {
  const database = await freshDatabase()
  let now = new Date('2026-11-20T18:00:00Z')
  const config = {
    ...readConfig({
      LMA_DATA: mkdtempSync(path.join(tmpdir(), 'lma-test-')),
      LMA_SECRET: 'a secret that only tests use, 32+ characters',
      LMA_DEMO: 'off',
      LMA_PRIVATE_ADDRESSES: 'all',
    }),
    publicUrl: 'http://shop.test',
  }
  const ctx = createContext(config, database.url, {
    log: createLog(process.env['TEST_LOG'] ?? 'silent'),
    poolSize: 8,
    clock: () => now,
  })
  const app = fastify()
  app.setErrorHandler(sendProblem)
  await app.register(cookie)
  await app.register(multipart)
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  for (const register of slices) register(app, ctx)
  await app.ready()
  afterAll(async () => {
    await app.close()
    await closeContext(ctx)
  })
  return { ctx, app, at: (iso) => (now = new Date(iso)) }
}

export interface SentMessage {
  campaignId: string
  customerId: string
  actionId: string
  sendId: string
  email: string
}

/** Customers with one message each of one campaign, sent at this time; ids in the order of the customers. */
export async function sendMessages(
  ctx: Ctx,
  count: number,
  sentAt: Date,
  options: { code?: string; holdouts?: number; segment?: string } = {},
): Promise<SentMessage[]> {
  const offer = { title: 'Rye week', kind: 'percent_off', value: 10, code: options.code ?? null }
  const { rows: campaigns } = await ctx.pool.query<{ id: string }>(
    `insert into campaigns (name, status, start_date, end_date, started_at) values ('Rye week', 'active', $1::timestamptz::date, $1::timestamptz::date + 6, $1::timestamptz) returning id`,
    [sentAt],
  )
  const campaignId = campaigns[0]!.id
  const { rows } = await ctx.pool.query<{ customer_id: string; action_id: string; send_id: string; email: string }>(
    `with c as (
       insert into customers (name, email, phone, email_consent, sms_consent, age_status)
       select 'Customer ' || g, 'c' || g || '-' || left($1::uuid::text, 13) || right($1::uuid::text, 6) || '@example.com', null, 'granted', 'unknown', 'dob_verified' from generate_series(1, $2) as g
       returning id, email, name
     ), a as (
       insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status)
       select $1::uuid, c.id, $5, 1, 'due', $3::jsonb, $4::timestamptz::date, 'sent' from c returning id, customer_id
     ), s as (
       insert into sends (action_id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, provider, sent_at)
       select a.id, a.customer_id, $1::uuid, 'email', c.email, $4::timestamptz, $4::timestamptz + interval '8 hours', 'sent', 'sandbox', $4::timestamptz from a join c on c.id = a.customer_id returning id, action_id, customer_id
     )
     select s.customer_id, s.action_id, s.id as send_id, c.email from s join c on c.id = s.customer_id order by length(c.name), c.name`,
    [campaignId, count, JSON.stringify(offer), sentAt, options.segment ?? 'Promising'],
  )
  if (options.holdouts) {
    await ctx.pool.query(
      `with c as (insert into customers (name, email) select 'Held ' || g, 'h' || g || '-' || right($1::uuid::text, 9) || '@example.com' from generate_series(1, $2) as g returning id)
       insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, scheduled_date, status) select $1::uuid, c.id, 'Promising', 1, 'due', $3::jsonb, $4::date, 'holdout' from c`,
      [campaignId, options.holdouts, JSON.stringify(offer), sentAt],
    )
  }
  await appendEvents(
    ctx.pool,
    rows.map((r) => ({
      type: 'sent',
      at: sentAt,
      key: `sent:${r.send_id}`,
      sendId: r.send_id,
      customerId: r.customer_id,
      campaignId,
      channel: 'email',
      segment: options.segment ?? 'Promising',
    })),
  )
  return rows.map((r) => ({
    campaignId,
    customerId: r.customer_id,
    actionId: r.action_id,
    sendId: r.send_id,
    email: r.email,
  }))
}

/** A stored link's id. */
export async function storeLink(ctx: Ctx, url: string): Promise<string> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    'insert into links (url, url_hash) values ($1, $2) returning id',
    [url, createHash('sha256').update(url).digest()],
  )
  return rows[0]!.id
}

/** An order as an import would write it. */
export async function placeOrder(
  ctx: Ctx,
  order: { customerId: string; at: Date; totalCents: number; code?: string },
): Promise<string> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into orders (external_id, customer_id, ordered_at, total_cents, coupon_code) values ('o-' || uuidv7(), $1, $2, $3, $4) returning id`,
    [order.customerId, order.at, order.totalCents, order.code ?? null],
  )
  return rows[0]!.id
}

export const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
