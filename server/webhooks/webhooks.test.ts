import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Webhook, WebhookDelivery } from '#contract/webhooks.ts'
import { chatEvents, webhookEventNames, webhookTries, webhookTypes, webhookWaitMs } from '#core/webhooks.ts'
import { withTx } from '#db/pool.ts'
import { closeContext, createContext } from '#server/context.ts'
import { appendEvents } from '#server/events.ts'
import { createHookPoster } from '#server/adapters/hook-poster.ts'
import { addNotices } from '#server/notices.ts'
import { hookAddressFault, isPublicAddress } from '#server/outbound-address.ts'
import { createLog } from '#server/log.ts'
import { testApp } from '#test/app.ts'
import { createDeliverer, forgetDeliveries, runWebhooks } from './deliver.ts'
import { signStandard } from './sign.ts'

let shift = 0
const { ctx, as } = await testApp({ clock: () => new Date(Date.now() + shift) })
// The receivers of these tests listen on this machine.
Object.assign(ctx.config, { privateAddresses: new Set(['webhooks']) })
const admin = as('admin')
const deliverer = createDeliverer(ctx)
const turn = async (): Promise<void> => {
  while ((await deliverer.begin()) > 0) await deliverer.idle()
}

interface Got {
  headers: IncomingHttpHeaders
  body: string
}
interface Receiver {
  url: string
  got: Got[]
  answer: (nth: number) => { status: number; headers?: Record<string, string>; hang?: boolean }
  server: Server
}
const servers: Server[] = []
afterAll(() => servers.forEach((s) => (s.closeAllConnections(), s.close())))
async function receiver(): Promise<Receiver> {
  const it: Receiver = { url: '', got: [], answer: () => ({ status: 204 }), server: createServer() }
  it.server.on('request', (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      it.got.push({ headers: request.headers, body })
      const { status, headers = {}, hang } = it.answer(it.got.length)
      if (!hang) response.writeHead(status, headers).end('x'.repeat(10))
    })
  })
  servers.push(it.server)
  await new Promise<void>((done) => void it.server.listen(0, '127.0.0.1', done))
  it.url = `http://127.0.0.1:${(it.server.address() as AddressInfo).port}/hooks?k=1`
  return it
}
async function subscribe(
  url: string,
  events: string[],
  kind = 'standard',
): Promise<{ webhook: Webhook; secret: string | null }> {
  const answer = await admin({ method: 'POST', url: '/api/v1/webhooks', payload: { name: 'CRM', kind, url, events } })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ webhook: Webhook; secret: string | null }>()
}
const read = async (id: string): Promise<Webhook> =>
  (await admin({ url: '/api/v1/webhooks' })).json<{ data: Webhook[] }>().data.find((w) => w.id === id)!
const log = async (id: string, query = ''): Promise<WebhookDelivery[]> =>
  (await admin({ url: `/api/v1/webhooks/${id}/deliveries${query}` })).json<{ data: WebhookDelivery[] }>().data
const remove = (id: string) => admin({ method: 'DELETE', url: `/api/v1/webhooks/${id}` })
const event = (type: string, properties = {}) => ({
  type,
  at: ctx.clock(),
  customerId: '00000000-0000-7000-8000-0000000000aa',
  channel: 'email',
  properties,
})

test('signatures are those of the published vectors', () => {
  const { standard_webhooks_resend: vectors } = JSON.parse(
    readFileSync(path.join(import.meta.dirname, '../../test/vectors/messaging.json'), 'utf8'),
  ) as {
    standard_webhooks_resend: { secret: string; id: string; timestamp: string; body_utf8: string; signature: string }[]
  }
  expect(vectors.length).toBeGreaterThan(0)
  for (const v of vectors) expect(signStandard(v.secret, v.id, Number(v.timestamp), v.body_utf8)).toBe(v.signature)
  expect(
    signStandard(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      '{"test": 2432232314}',
    ),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test('the list of events is the same in the code and in the database', async () => {
  for (const [own, name] of Object.entries(webhookTypes)) {
    const { rows } = await ctx.pool.query<{ t: string }>('select webhook_type_of($1) as t', [own])
    expect(rows[0]!.t).toBe(name)
    expect(webhookEventNames).toContain(name)
  }
  expect((await ctx.pool.query('select webhook_type_of($1) as t', ['open_hit'])).rows).toEqual([{ t: null }])
})

test('an event is posted, signed, without names and addresses, and once; nobody listening costs nothing', async () => {
  const listens = async () =>
    (
      await ctx.pool.query(
        `select tgenabled from pg_trigger where tgname = 'webhooks_events' and tgrelid = 'analytics_events'::regclass`,
      )
    ).rows
  expect(await listens()).toEqual([{ tgenabled: 'D' }])
  const r = await receiver()
  const { webhook, secret } = await subscribe(r.url, ['send.bounced', 'customer.unsubscribed'])
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(JSON.stringify(await read(webhook.id))).not.toContain(secret)
  expect(await listens()).toEqual([{ tgenabled: 'O' }])

  await withTx(ctx.pool, (tx) =>
    appendEvents(tx, [
      event('bounce', { class: 'hard', reason: '<ann@example.com> unknown' }),
      event('open'),
      event('unsubscribe', { source: 'one_click' }),
    ]),
  )
  // What was rolled back never leaves.
  await withTx(ctx.pool, async (tx) => {
    await appendEvents(tx, [event('bounce')])
    throw new Error('no')
  }).catch(() => undefined)
  await turn()
  expect(r.got).toHaveLength(2)
  for (const { headers, body } of r.got) {
    const [id, at] = [headers['webhook-id'] as string, Number(headers['webhook-timestamp'])]
    expect(headers['webhook-signature']).toBe(signStandard(secret!, id, at, body))
    expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(30)
    expect(body).not.toContain('ann@example.com')
  }
  const bounced = JSON.parse(r.got.find((g) => g.body.includes('send.bounced'))!.body) as object
  expect(bounced).toMatchObject({
    type: 'send.bounced',
    data: { customer_id: '00000000-0000-7000-8000-0000000000aa', channel: 'email', details: { class: 'hard' } },
  })
  expect(await read(webhook.id)).toMatchObject({ state: 'working', waiting: 0, failed: 0 })
  await remove(webhook.id)
  expect(await listens()).toEqual([{ tgenabled: 'D' }])
})

test('a failure is tried again, later each time, under the same id; Retry-After is kept; replay goes on', async () => {
  const r = await receiver()
  r.answer = (nth) =>
    nth === 1 ? { status: 500 } : nth === 2 ? { status: 503, headers: { 'retry-after': '600' } } : { status: 200 }
  const { webhook } = await subscribe(r.url, ['send.clicked'])
  await appendEvents(ctx.pool, [event('click')])
  await turn()
  expect(await log(webhook.id)).toMatchObject([
    { status: 'waiting', attempts: 1, response_status: 500, error: 'It answered 500.' },
  ])
  expect(await read(webhook.id)).toMatchObject({ state: 'failing', last_error: 'It answered 500.' })
  await turn()
  expect(r.got).toHaveLength(1)
  shift += 6_000
  await turn()
  shift += 300_000
  await turn()
  expect(r.got).toHaveLength(2)
  shift += 320_000
  await turn()
  expect(await log(webhook.id)).toMatchObject([{ status: 'delivered', attempts: 3 }])
  expect(new Set(r.got.map((g) => g.headers['webhook-id'])).size).toBe(1)
  const [done] = await log(webhook.id)
  expect(r.got[0]!.headers['webhook-id']).toBe(done!.message_id)
  const again = await admin({ method: 'POST', url: `/api/v1/webhooks/${webhook.id}/deliveries/${done!.id}/replay` })
  expect(again.json()).toMatchObject({ status: 'waiting', attempts: 0 })
  await turn()
  expect(r.got).toHaveLength(4)
  await remove(webhook.id)
})

test('a process that dies between post and note posts again, and nothing is lost', async () => {
  const r = await receiver()
  const { webhook } = await subscribe(r.url, ['send.delivered'])
  await appendEvents(ctx.pool, [event('delivered'), event('delivered'), event('delivered')])
  // Another process claimed them, posted one, and was killed.
  await ctx.pool.query(
    `update webhook_deliveries set leased_until = now() + interval '1 minute', attempts = 1 where subscription_id = $1`,
    [webhook.id],
  )
  await turn()
  expect(r.got).toHaveLength(0)
  await ctx.pool.query(
    `update webhook_deliveries set leased_until = now() - interval '1 second' where subscription_id = $1`,
    [webhook.id],
  )
  // Two processes at once share the work.
  const other = createContext(ctx.config, ctx.databaseUrl, { log: createLog('silent'), poolSize: 4 })
  const second = createDeliverer(other)
  await Promise.all([turn(), second.begin().then(() => second.idle())])
  await closeContext(other)
  expect(r.got).toHaveLength(3)
  expect(new Set(r.got.map((g) => g.headers['webhook-id'])).size).toBe(3)
  await remove(webhook.id)
})

test('a burst leaves as fast as it is taken, and a stopping process finishes what is in flight', async () => {
  const r = await receiver()
  const { webhook } = await subscribe(r.url, ['send.sent'])
  await appendEvents(
    ctx.pool,
    Array.from({ length: 400 }, () => event('sent')),
  )
  const stop = new AbortController()
  const running = runWebhooks(ctx, stop.signal)
  const began = Date.now()
  await expect.poll(() => r.got.length, { timeout: 10_000, interval: 20 }).toBeGreaterThanOrEqual(300)
  stop.abort()
  await running
  // A look once a second alone would have brought sixty.
  expect(Date.now() - began).toBeLessThan(5_000)
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*)::int as n from webhook_deliveries where subscription_id = $1 and status = 'delivered'`,
    [webhook.id],
  )
  expect(rows[0]!.n).toBe(r.got.length)
  await remove(webhook.id)
})

test('one that hangs holds up only itself', async () => {
  const slow = await receiver()
  slow.answer = () => ({ status: 200, hang: true })
  const quick = await receiver()
  const a = await subscribe(slow.url, ['segment.entered'])
  const b = await subscribe(quick.url, ['segment.entered'])
  await appendEvents(ctx.pool, [event('segment_entered')])
  await deliverer.begin()
  await expect.poll(() => quick.got.length, { timeout: 5_000 }).toBe(1)
  await appendEvents(ctx.pool, [event('segment_entered')])
  await deliverer.begin()
  await expect.poll(() => quick.got.length, { timeout: 5_000 }).toBe(2)
  slow.server.closeAllConnections()
  await deliverer.idle()
  expect((await log(a.webhook.id)).map((d) => d.error)).toContain('The connection was cut.')
  await remove(a.webhook.id)
  await remove(b.webhook.id)
})

test('after days of failure it is switched off with a notice, and switched on again it takes up what waits; 410 at once', async () => {
  const r = await receiver()
  r.answer = () => ({ status: 302, headers: { location: 'http://169.254.169.254/' } })
  const { webhook } = await subscribe(r.url, ['order.attributed'])
  await appendEvents(ctx.pool, [event('conversion')])
  await turn()
  expect((await log(webhook.id))[0]!.error).toContain('redirects are not followed')
  await ctx.pool.query(
    `update webhook_subscriptions set failing_since = failing_since - interval '6 days' where id = $1`,
    [webhook.id],
  )
  shift += 60_000
  await turn()
  expect(await read(webhook.id)).toMatchObject({
    state: 'off',
    disabled_because: 'every try failed for 5 days',
    waiting: 1,
  })
  const { rows } = await ctx.pool.query(`select kind, least_role, path from notices where kind = 'webhook_disabled'`)
  expect(rows).toEqual([{ kind: 'webhook_disabled', least_role: 'admin', path: `/settings/webhooks/${webhook.id}` }])
  const count = r.got.length
  shift += 86_400_000
  await turn()
  expect(r.got).toHaveLength(count)

  r.answer = () => ({ status: 200 })
  await admin({ method: 'PATCH', url: `/api/v1/webhooks/${webhook.id}`, payload: { is_active: true } })
  await turn()
  expect(await read(webhook.id)).toMatchObject({ state: 'working', waiting: 0, disabled_because: null })

  r.answer = () => ({ status: 410 })
  await appendEvents(ctx.pool, [event('conversion')])
  await turn()
  expect(await read(webhook.id)).toMatchObject({ state: 'off', failed: 1 })
  r.answer = () => ({ status: 200 })
  await admin({ method: 'PATCH', url: `/api/v1/webhooks/${webhook.id}`, payload: { is_active: true } })
  expect((await admin({ method: 'POST', url: `/api/v1/webhooks/${webhook.id}/replay`, payload: {} })).json()).toEqual({
    replayed: 1,
  })
  await turn()
  expect(await read(webhook.id)).toMatchObject({ failed: 0 })
  await remove(webhook.id)
  shift = 0
})

test('a new secret signs beside the old one for a day', async () => {
  const r = await receiver()
  const { webhook, secret: old } = await subscribe(r.url, ['send.opened'])
  const fresh = (await admin({ method: 'POST', url: `/api/v1/webhooks/${webhook.id}/secret` })).json<{
    secret: string
  }>().secret
  expect(fresh).not.toBe(old)
  await appendEvents(ctx.pool, [event('open')])
  await turn()
  const sign = (secret: string, { headers, body }: Got): string =>
    signStandard(secret, String(headers['webhook-id']), Number(headers['webhook-timestamp']), body)
  expect(r.got[0]!.headers['webhook-signature']).toBe(`${sign(fresh, r.got[0]!)} ${sign(old!, r.got[0]!)}`)
  shift = 25 * 3_600_000
  await appendEvents(ctx.pool, [event('open')])
  await turn()
  expect(r.got[1]!.headers['webhook-signature']).toBe(sign(fresh, r.got[1]!))
  shift = 0
  await remove(webhook.id)
})

test('campaigns and notices reach a chat room as one line of text', async () => {
  const r = await receiver()
  const { webhook, secret } = await subscribe(
    r.url,
    ['campaign.started', 'campaign.completed', 'notice.created'],
    'slack',
  )
  expect([secret, webhook.url]).toEqual([null, new URL(r.url).origin + '/…'])
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into campaigns (name, status, start_date, end_date) values ('Rye & <Gin>', 'approved', '2026-11-23', '2026-11-29') returning id`,
  )
  await ctx.pool.query(`update campaigns set status = 'active' where id = $1`, [rows[0]!.id])
  await ctx.pool.query(`update campaigns set status = 'active', total_sends = 5 where id = $1`, [rows[0]!.id])
  await addNotices(ctx.pool, [
    { kind: 'import_failed', level: 'risk', key: 'k', facts: { source: 'till.csv' }, path: '/customers/imports' },
    {
      kind: 'export_ready',
      level: 'good',
      key: 'own',
      userId: (await ctx.pool.query<{ id: string }>('select id from users limit 1')).rows[0]!.id,
      facts: { rows: 1 },
    },
  ])
  await turn()
  expect(r.got.map((g) => JSON.parse(g.body) as unknown)).toEqual([
    { text: `• Rye &amp; &lt;Gin&gt; has started <http://shop.test/campaigns/${rows[0]!.id}|Open>` },
    { text: '‼ Import of till.csv failed <http://shop.test/customers/imports|Open>' },
  ])
  expect(r.got[0]!.headers['webhook-signature']).toBeUndefined()
  const noise = await admin({
    method: 'PATCH',
    url: `/api/v1/webhooks/${webhook.id}`,
    payload: { events: ['send.sent'] },
  })
  expect(noise.json()).toMatchObject({ errors: [{ path: 'events' }] })
  expect((await admin({ method: 'POST', url: `/api/v1/webhooks/${webhook.id}/test` })).json()).toMatchObject({
    ok: true,
    status: 204,
  })
  expect(chatEvents.length).toBeGreaterThan(5)
  await remove(webhook.id)
})

test('only an admin sees webhooks; the log is kept for a month', async () => {
  expect((await as('manager')({ url: '/api/v1/webhooks' })).statusCode).toBe(403)
  const { webhook } = await subscribe('https://example.com/h', ['send.sent'])
  await ctx.pool.query(
    `insert into webhook_deliveries (subscription_id, event_type, body, status, finished_at) values ($1, 'send.sent', '{}', 'delivered', now() - interval '31 days'), ($1, 'send.sent', '{}', 'failed', now()), ($1, 'send.sent', '{}', 'waiting', null)`,
    [webhook.id],
  )
  await forgetDeliveries(ctx)
  expect((await log(webhook.id)).map((d) => d.status)).toEqual(['waiting', 'failed'])
  expect((await log(webhook.id, '?status=failed')).length).toBe(1)
  await remove(webhook.id)
})

// One table for both: the address as written, and what stands behind a name.
const bad = [
  'http://example.com/',
  'ftp://example.com/',
  'https://user:pw@example.com/',
  'https://example.com/#x',
  'https://example.com:22/',
  'https://localhost/',
  'https://LOCALHOST./',
  'https://a.localhost/',
  'https://shop.internal/',
  'https://printer.local/',
  'https://ollama/',
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://0/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data',
  'https://100.64.0.1/',
  'https://100.100.100.200/',
  'https://198.18.0.1/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[::127.0.0.1]/',
  'https://[fe80::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001:db8::1]/',
  'https://[ff02::1]/',
  'https://metadata.google.internal/',
  'https://192.0.2.5/',
  'https://①②⑦.0.0.1/',
  'https://127。0。0。1/',
  'nonsense',
  '//example.com',
  'javascript:alert(1)',
  'file:///etc/passwd',
  '',
]
test.each(bad)('the address %s is refused', async (url) => {
  expect(hookAddressFault(url, { allowPrivate: false })).not.toBeNull()
  const answer = await createHookPoster().post({ url, headers: {}, body: '{}', timeoutMs: 1000, allowPrivate: false })
  expect(answer.kind).toBe('forbidden')
})
test.each([
  'https://example.com/a?b=c',
  'https://hooks.slack.com/services/T/B/x',
  'https://8.8.8.8/',
  'https://[2606:4700::1111]:8443/x',
])('the address %s is taken', (url) => expect(hookAddressFault(url, { allowPrivate: false })).toBeNull())
test('with the own network open, metadata services stay closed', () => {
  const open = (url: string) => hookAddressFault(url, { allowPrivate: true })
  expect([open('http://127.0.0.1:8080/'), open('http://10.0.0.5/x'), open('http://erp.internal/')]).toEqual([
    null,
    null,
    null,
  ])
  expect(open('http://169.254.169.254/')).not.toBeNull()
})

test('a name that leads into the own network is not followed, also when it did not a moment ago', async () => {
  const r = await receiver()
  const port = new URL(r.url).port
  let asked = 0
  const poster = createHookPoster({
    // One good address beside a bad one is a trap as well.
    resolve: (_host, _options, answer) =>
      answer(null, [...(++asked % 2 ? [{ address: '8.8.8.8', family: 4 }] : []), { address: '127.0.0.1', family: 4 }]),
  })
  const post = (url: string, allowPrivate: boolean) =>
    poster.post({ url, headers: {}, body: '{}', timeoutMs: 2000, allowPrivate })
  for (let i = 0; i < 2; i++) expect((await post(`https://rebind.example.com:${port}/`, false)).kind).toBe('forbidden')
  expect([asked, r.got.length]).toEqual([2, 0])
  // With the own network open the same name gets through, so it was the guard that spoke.
  asked = 1
  expect(await post(`http://rebind.example.com:${port}/`, true)).toMatchObject({ kind: 'answered', status: 204 })
  poster.close()
})

test('waits grow, stay bounded, and twelve tries take about three days', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.option(fc.integer({ min: 0, max: 10 ** 12 })),
      (n, chance, after) => {
        const wait = webhookWaitMs(n, chance, after)
        return wait >= 4_500 && wait <= 86_400_000 && (after === null || wait >= Math.min(after, 86_400_000))
      },
    ),
  )
  let sum = 0
  for (let i = 1; i < webhookTries; i++) sum += webhookWaitMs(i, 0.5, null)
  expect(sum / 86_400_000).toBeGreaterThan(2)
  expect(sum / 86_400_000).toBeLessThan(4)
})

test('public addresses are told from all others', () => {
  for (const a of ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8']) expect(isPublicAddress(a)).toBe(true)
  for (const a of ['127.0.0.1', '::1', '::ffff:10.0.0.1', 'example.com', '', 'fe80::1%eth0'])
    expect(isPublicAddress(a)).toBe(false)
})
