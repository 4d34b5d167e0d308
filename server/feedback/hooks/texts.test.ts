import { createHmac } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemActor } from '#server/audit.ts'
import { addProvider } from '#server/delivery/providers.ts'
import { classifyReply } from '#core/feedback/inbound.ts'
import { startSmsGateway } from '#sim/providers/sms-gateway.ts'
import { startTwilio } from '#sim/providers/twilio.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { never, text } from '#test/outgoing.ts'
import { provider } from '#test/providers.ts'
import { suppressionOf } from '../../suppression.ts'
import { processInbox } from './process.ts'

let t: TestApp
const twilio = await startTwilio()
const gateway = await startSmsGateway()
let n = 0

beforeAll(async () => {
  t = await testApp()
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  t.ctx.config.publicUrl = `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`
  const one = await addProvider(
    t.ctx,
    systemActor,
    provider(
      'twilio',
      { account_sid: twilio.accountSid, from: '+15005550006', base_url: twilio.url },
      { auth_token: twilio.authToken },
    ),
  )
  const two = await addProvider(
    t.ctx,
    systemActor,
    provider(
      'sms_http',
      { url: `${gateway.url}/send`, from: '+15005550006' },
      { api_key: gateway.token, webhook_secret: gateway.webhookSecret },
    ),
  )
  twilio.hooks.settings.url = one.hook_url
  gateway.hooks.settings.url = two.hook_url
})
afterAll(async () => {
  await Promise.all([twilio.close(), gateway.close()])
})

/** A customer who may be texted, with a text that was sent and one that waits. */
async function customer(): Promise<{ phone: string; id: string; sendId: string; waiting: string }> {
  n += 1
  const phone = `+1518555${String(1000 + n)}`
  const { rows } = await t.ctx.pool.query<{ id: string; send_id: string; waiting: string }>(
    `with c as (insert into customers (name, phone, sms_consent, age_status) values ('Ann', $1, 'granted', 'dob_verified') returning id),
     s as (insert into sends (customer_id, channel, recipient, due_at, window_end, status, sent_at) select c.id, 'sms', $1, now(), now(), 'sent', now() - interval '1 minute' from c returning id),
     w as (insert into sends (customer_id, channel, recipient, due_at, window_end) select c.id, 'sms', $1, now() + interval '1 day', now() + interval '2 days' from c returning id)
     select c.id, s.id as send_id, w.id as waiting from c, s, w`,
    [phone],
  )
  return { phone, id: rows[0]!.id, sendId: rows[0]!.send_id, waiting: rows[0]!.waiting }
}
const statusOf = async (id: string): Promise<string> =>
  (await t.ctx.pool.query<{ status: string }>('select status from sends where id = $1', [id])).rows[0]!.status
const consentOf = async (id: string): Promise<string> =>
  (await t.ctx.pool.query<{ c: string }>('select sms_consent as c from customers where id = $1', [id])).rows[0]!.c
const settle = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 90))
  await twilio.hooks.idle()
  await gateway.hooks.idle()
  await processInbox(t.ctx)
}
const closed = async (phone: string): Promise<string | null> =>
  (await suppressionOf(t.ctx.pool, t.ctx.config, 'sms', phone))?.reason ?? null

test('a text goes out, its reports come back signed over their own address: sent, delivered, or why not', async () => {
  const channel = await t.ctx.channels.find('sms', 'twilio')
  const [good, away, landline] = [await customer(), await customer(), await customer()]
  twilio.undeliverable.set(away.phone, 30003).set(landline.phone, 30006)
  for (const c of [good, away, landline])
    expect(await channel!.send(text({ sendId: c.sendId, recipient: c.phone }), never)).toMatchObject({
      kind: 'accepted',
    })
  await settle()
  expect(await Promise.all([good, away, landline].map((c) => statusOf(c.sendId)))).toEqual([
    'delivered',
    'bounced',
    'bounced',
  ])
  expect(await Promise.all([good, away, landline].map((c) => closed(c.phone)))).toEqual([null, null, 'hard_bounce'])
  expect(await statusOf(landline.waiting)).toBe('cancelled')
  expect(await statusOf(away.waiting)).toBe('pending')
})

test('STOP closes the number at once, cancels what waits, and is proven; twice is once', async () => {
  const c = await customer()
  twilio.text(c.phone, 'Stop')
  await settle()
  twilio.text(c.phone, 'STOP ')
  await settle()
  expect([await closed(c.phone), await consentOf(c.id), await statusOf(c.waiting)]).toEqual([
    'stop',
    'denied',
    'cancelled',
  ])
  const { rows } = await t.ctx.pool.query(
    `select (select count(*) from consents where customer_id = $1 and source = 'text_reply') as proofs,
       (select count(*) from analytics_events where customer_id = $1 and event_type = 'unsubscribe') as events,
       (select count(*) from inbound_messages where customer_id = $1) as texts`,
    [c.id],
  )
  expect(rows[0]).toEqual({ proofs: 1, events: 1, texts: 2 })
  // Twilio answers its own keywords: a second confirmation would be one too many.
  expect(twilio.hooks.sent.at(-1)!.status).toBe(200)
})

test('what a person would read as a no counts as one, and gets a single confirmation', async () => {
  const c = await customer()
  const answer = await fetchHook(c.phone, 'Please take me off your list, I don’t drink any more')
  expect(answer).toContain('<Message>My shop: you will get no more marketing texts.</Message>')
  await processInbox(t.ctx)
  expect(await closed(c.phone)).toBe('stop')
})

test('START takes a no back; from somebody who never said no it is no consent', async () => {
  const c = await customer()
  twilio.text(c.phone, 'STOP')
  await settle()
  twilio.text(c.phone, 'START')
  await settle()
  expect([await closed(c.phone), await consentOf(c.id)]).toEqual([null, 'granted'])
  const other = await customer()
  await t.ctx.pool.query(`update customers set sms_consent = 'unknown' where id = $1`, [other.id])
  twilio.text(other.phone, 'YES')
  await settle()
  expect(await consentOf(other.id)).toBe('unknown')
})

test('a question is kept for somebody to read, and closes nothing', async () => {
  const c = await customer()
  twilio.text(c.phone, 'Do you have Rittenhouse? Stop by at six?')
  await settle()
  expect(await closed(c.phone)).toBeNull()
  const replies = (await t.as('user')({ url: `/api/v1/replies?customer_id=${c.id}` })).json()
  expect(replies).toMatchObject({
    total: 1,
    data: [{ meaning: 'other', customer_name: 'Ann', send_id: c.sendId, is_read: false }],
  })
  const read = await t.as('user')({
    method: 'POST',
    url: '/api/v1/replies/read',
    payload: { ids: [replies.data[0].id] },
  })
  expect(read.json()).toEqual({ read: 1 })
  expect((await t.as('user')({ url: `/api/v1/replies?customer_id=${c.id}&unread=true` })).json().total).toBe(0)
})

test('a text with a forged signature changes nothing', async () => {
  const c = await customer()
  twilio.hooks.settings.badSignature = 1
  twilio.text(c.phone, 'STOP')
  await settle()
  twilio.hooks.settings.badSignature = 0
  expect(twilio.hooks.sent.at(-1)!.status).toBe(403)
  expect(await closed(c.phone)).toBeNull()
})

test('a gateway reports by our reference, and its answer says what to text back', async () => {
  const channel = await t.ctx.channels.find('sms', 'sms_http')
  const [good, bad] = [await customer(), await customer()]
  gateway.undeliverable.add(bad.phone)
  for (const c of [good, bad]) await channel!.send(text({ sendId: c.sendId, recipient: c.phone }), never)
  await settle()
  expect([await statusOf(good.sendId), await statusOf(bad.sendId), await closed(bad.phone)]).toEqual([
    'delivered',
    'bounced',
    null,
  ])
  gateway.text(good.phone, 'no more texts please')
  await settle()
  expect([await closed(good.phone), await statusOf(good.waiting)]).toEqual(['stop', 'cancelled'])
})

test.each([
  ['STOP', 'stop'],
  ['  stop!! ', 'stop'],
  ['Opt-out', 'stop'],
  ['opt out', 'stop'],
  ['Stop please', 'stop'],
  ['Unsubscribe me', 'stop'],
  ['ARRÊT', 'stop'],
  ['stop texting me', 'stop'],
  ['Please stop sending me these texts', 'stop'],
  ['do not text this number again', 'stop'],
  ['wrong number', 'stop'],
  ['I revoke my consent', 'stop'],
  ['no more messages', 'stop'],
  ['start', 'start'],
  ['HELP', 'help'],
  ['Info?', 'help'],
  ['Can I stop by tonight?', 'other'],
  ['when does the offer end?', 'other'],
  ['cancel my pickup order please', 'other'],
  ['Not interested in gin, got rye?', 'other'],
  ['Yes please, two bottles', 'other'],
  ['', 'other'],
  ['👍', 'other'],
])('%j means %s', (body, meaning) => {
  expect(classifyReply(body).meaning).toBe(meaning)
})

/** Posts a text as Twilio would and reads the answer. */
async function fetchHook(from: string, body: string): Promise<string> {
  const url = twilio.hooks.settings.url!
  const fields: Record<string, string> = { Body: body, From: from, MessageSid: `SM${n}x`, To: '+15005550006' }
  const data =
    url +
    Object.keys(fields)
      .toSorted()
      .map((k) => k + fields[k]!)
      .join('')
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': createHmac('sha1', twilio.authToken).update(data, 'utf8').digest('base64'),
    },
    body: new URLSearchParams(fields),
  })
  return answer.text()
}
