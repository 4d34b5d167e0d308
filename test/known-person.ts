import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import type { Customer } from '#contract/knowledge.ts'
import type { Merge } from '#contract/merges.ts'
import { noOffer } from '#core/planning/offer.ts'
import { addressHash } from '#server/suppression.ts'
import type { TestApp } from './app.ts'
import { resultOf } from './jobs.ts'

/** Somebody whose every word can be recognised wherever it turns up. */
export const person = {
  external_id: 'LOYALTY-70117',
  email: 'zelda.quimby+wine@mail.example.org',
  phone: '+12127369911',
  name: 'Zelda Quimby',
  birth_date: '1971-02-13',
  address: '77 Marmalade Row',
  city: 'Zzyzxville',
  zip: '99777',
}
/** The same person under an older address, merged into the first. */
export const former = { email: 'zq1971@old.example.org', phone: '+12127369922', external_id: 'LOYALTY-70118' }

/** What must not be found: addresses, however they are written, and what names or places the person. */
export const traces = [
  person.email,
  former.email,
  'zelda',
  'quimby',
  '12127369911',
  '2127369922',
  '(212) 736-9911',
  '212.736.9922',
  'marmalade',
  'zzyzxville',
  '99777',
  'LOYALTY-7011',
  '1971-02-13',
  '203.0.113.77',
]

export interface Known {
  id: string
  formerId: string
  sendId: string
  pendingSendId: string
  campaignId: string
  segmentId: string
  importId: string
  mergeId: string
  viewId: string
  exportId: string
  exportPath: string
  rejectsPath: string
  sandboxId: string
  orderIds: string[]
}

/** Lets the person leave traces everywhere the product keeps something: through the API where it has one. */
export async function leaveTraces({ ctx, as }: TestApp): Promise<Known> {
  const manager = as('manager')
  const post = async <T>(url: string, payload: object, headers: Record<string, string> = {}): Promise<T> => {
    const answer = await manager({ method: 'POST', url: `/api/v1${url}`, payload, headers })
    expect(answer.statusCode, answer.body).toBeLessThan(300)
    return answer.json<T>()
  }
  const one = async (sql: string, ...values: unknown[]): Promise<string> =>
    (await ctx.pool.query<{ id: string }>(sql, values)).rows[0]!.id
  const now = ctx.clock()
  const consent = {
    status: 'granted',
    source: 'Form signed by Zelda Quimby',
    text_version: 'v1',
    ip: '203.0.113.77',
    user_agent: 'Quimby Browser',
  }

  const { id } = await post<Customer>(
    '/customers',
    { ...person, state: 'NY', tags: ['friend of zelda'] },
    { 'idempotency-key': 'person-1' },
  )
  await post(`/customers/${id}/consents`, { channel: 'email', ...consent })
  const { id: formerId } = await post<Customer>('/customers', { ...former, name: 'Quimby, Zelda', zip: '99777' })
  for (const [customerId, n] of [
    [id, 2],
    [formerId, 1],
  ] as const)
    await ctx.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) select $1::uuid || '-' || i, $1, $2, 2500 from generate_series(1, $3) as i`,
      [customerId, now, n],
    )
  await ctx.pool.query(`update customers set raw_data = $2 where id = $1`, [
    id,
    JSON.stringify({ Name: person.name, Mail: person.email }),
  ])
  await ctx.pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment) values ($1, 'v1', $2, 'Loyal')`,
    [id, now],
  )

  const campaignId = await one(
    `insert into campaigns (name, status, start_date, end_date) values ('Week', 'active', '2026-11-23', '2026-11-29') returning id`,
  )
  const send = async (status: string, recipient: string, day: string): Promise<string> => {
    const actionId = await one(
      `insert into actions (campaign_id, customer_id, plan_entry_id, segment, priority_score, reason, offer, scheduled_date, status) values ($1, $2, 'e1', 's', 1, 'because', $4, $3, 'pending') returning id`,
      campaignId,
      id,
      day,
      JSON.stringify(noOffer),
    )
    return one(
      `insert into sends (action_id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, variables, error_message)
       values ($1, $2, $3, 'email', $4, $5, $5, $6, '{"first_name": "Zelda"}', $7) returning id`,
      actionId,
      id,
      campaignId,
      recipient,
      now,
      status,
      status === 'bounced' ? `550 5.1.1 <${recipient}>: unknown` : null,
    )
  }
  const sendId = await send('bounced', former.email, '2026-11-23')
  const pendingSendId = await send('pending', person.email, '2026-11-24')
  await ctx.pool.query(
    `insert into delivery_attempts (send_id, attempt, provider, message_id, outcome, code, detail) values ($1, 1, 'smtp', 'm-1', 'rejected', '550', $2)`,
    [sendId, `550 5.1.1 <${former.email}>: unknown`],
  )
  const sandboxId = await one(
    `insert into sandbox_messages (send_id, message_id, channel, sender, recipient, subject, headers, body_html, body_text)
     values ($1, 'm-1', 'email', 'Shop <hello@shop.test>', $2, $3, $4, $5, $6) returning id`,
    sendId,
    former.email,
    `Hello ${former.email}`,
    JSON.stringify({ To: former.email, From: 'hello@shop.test' }),
    `<p>sent to ${former.email}, <a href="https://shop.test/?e=${encodeURIComponent(former.email)}">link</a></p>`,
    `sent to ${former.email}`,
  )
  await ctx.pool.query(
    `insert into analytics_events (event_type, customer_id, campaign_id, send_id, channel, properties, occurred_at) values ('bounce', $1, $2, $3, 'email', $4, $5)`,
    [
      id,
      campaignId,
      sendId,
      JSON.stringify({ class: 'hard', reason: `<${former.email}> unknown`, source: 'Zelda Quimby called' }),
      now,
    ],
  )
  await ctx.pool.query(`insert into webhook_inbox (provider, event_key, body) values ('mailgun', 'k1', $1)`, [
    JSON.stringify({
      event: 'failed',
      recipient: former.email.toUpperCase(),
      phone: '(212) 736-9911',
      number: 12127369911,
      name: person.name,
    }),
  ])
  await ctx.pool.query(
    `insert into suppressions (channel, address_hash, customer_id, reason, send_id) values ('email', $1, $2, 'hard_bounce', $3)`,
    [addressHash(ctx.config, 'email', former.email), id, sendId],
  )
  await post('/suppressions', { channel: 'sms', customer_id: id, note: 'Zelda Quimby asked at the till' })

  await ctx.pool.query(
    `with f as (insert into signup_forms (key, name, headline) values ('news', 'News', 'News') returning id)
     insert into signups (submission_id, form_id, channel, address, first_name, birth_date, zip, text_version, consent_text, via, ip, user_agent, ask_error)
     select gen_random_uuid(), f.id, 'email', $1, 'Zelda', '1971-02-13', '99777', 'v1', 'yes', 'page', '203.0.113.77', 'Quimby Browser', $2 from f`,
    [former.email, `550 <${former.email}> unknown`],
  )
  await ctx.pool.query(`insert into customer_preferences (customer_id, topics_off) values ($1, '{wine}')`, [formerId])
  const segment = await post<{ id: string }>('/segments/hand-picked', {
    name: 'Guests',
    description: 'Zelda Quimby and friends',
  })
  await resultOf(ctx, await post('/customers/bulk', { action: 'add_to_segment', segment_id: segment.id, ids: [id] }))
  await post('/segments', { name: 'Just one', rules: { field: 'email', op: 'is', value: [person.email] } })
  await resultOf(
    ctx,
    await post('/customers/bulk', {
      action: 'suppress',
      channel: 'email',
      note: 'Quimby: no email please. Zelda Quimby',
      ids: [id],
    }),
  )
  await resultOf(
    ctx,
    await post('/customers/bulk', { action: 'unsuppress', note: 'Zelda Quimby changed her mind', ids: [id] }),
  )
  await resultOf(
    ctx,
    await post('/customers/bulk', { action: 'suppress', channel: 'email', note: 'Zelda Quimby again', ids: [id] }),
  )
  const view = await post<{ id: string }>('/views', { name: 'Where is Zelda Quimby', filters: { q: person.email } })
  const { export_id: exportId } = await resultOf<{ export_id: string }>(
    ctx,
    await post('/customers/bulk', { action: 'export', filter: { q: 'quimby' }, reason: 'Zelda Quimby wants her data' }),
  )
  const { merge } = await post<{ merge: Merge }>(`/customers/${id}/merge`, { other_id: formerId })
  await manager({ method: 'PATCH', url: `/api/v1/customers/${id}`, payload: { tags: ['friend of zelda', 'vip'] } })

  const folder = path.join(ctx.config.dataDir, 'imports')
  mkdirSync(folder, { recursive: true })
  const rejectsPath = path.join(folder, 'x-rejects.csv')
  writeFileSync(rejectsPath, `reject_line,email,phone\n7,bad@,(212) 736-9911\n`)
  const importId = await one(
    `insert into imports (kind, source, status, dry_run, options, summary, rejects_path, error) values ('customers', 'till.csv', 'succeeded', true, $1, $2, $3, $4) returning id`,
    JSON.stringify({ repairs: [{ column: 'email', value: person.email, read_as: former.email }] }),
    JSON.stringify({
      reasons: [
        { column: 'phone', reason: 'bad', count: 1, first_line: 7, values: [{ value: '212.736.9922', count: 1 }] },
      ],
    }),
    rejectsPath,
    `Line 7: ${person.email} is there twice`,
  )
  const { rows: exported } = await ctx.pool.query<{ path: string }>('select path from exports where id = $1', [
    exportId,
  ])
  const { rows: orders } = await ctx.pool.query<{ id: string }>('select id from orders where customer_id = $1', [id])
  return {
    id,
    formerId,
    sendId,
    pendingSendId,
    campaignId,
    segmentId: segment.id,
    importId,
    mergeId: merge.id,
    viewId: view.id,
    exportId,
    exportPath: exported[0]!.path,
    rejectsPath,
    sandboxId,
    orderIds: orders.map((o) => o.id),
  }
}
