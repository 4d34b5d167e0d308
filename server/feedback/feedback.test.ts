import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { rebuildRollups } from '../rollups.ts'
import { suppressionOf } from '../suppression.ts'
import { signToken } from '../tokens.ts'
import { attributeOrders } from './attribute.ts'
import { phone, placeOrder, sendMessages, shopOf, storeLink, type SentMessage } from '#test/sent-shop.ts'
import { applyEvents } from './ingest.ts'
import { feedbackRoutes } from './routes.ts'

const { ctx, app, at } = await shopOf(feedbackRoutes)
const sentAt = new Date('2026-11-20T18:00:00Z')
let messages: SentMessage[] = []
let linkA = ''
let linkB = ''
const url = 'https://shop.test/rye?utm_source=email'

beforeAll(async () => {
  messages = await sendMessages(ctx, 40, sentAt, { code: 'RYE10' })
  linkA = await storeLink(ctx, url)
  linkB = await storeLink(ctx, 'https://shop.test/gin')
})

const sign = (purpose: 'open' | 'click' | 'unsubscribe' | 'preferences', m: SentMessage, link?: string): string =>
  signToken(ctx.config.secret, purpose, m.sendId, link ?? null)
const get = (path: string, agent = phone, method: 'GET' | 'HEAD' = 'GET') =>
  app.inject({ method, url: path, headers: { 'user-agent': agent } })
const post = (
  path: string,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' },
) => app.inject({ method: 'POST', url: path, payload: body, headers: { 'user-agent': phone, ...headers } })
const eventsOf = async (m: SentMessage): Promise<string[]> =>
  (
    await ctx.pool.query<{ e: string }>(
      `select event_type || case when machine then ':machine' else '' end as e from analytics_events where send_id = $1 and event_type <> 'sent' order by 1`,
      [m.sendId],
    )
  ).rows.map((r) => r.e)
const send = async (m: SentMessage) =>
  (
    await ctx.pool.query(
      'select status, opened_at, clicked_at, converted_at, conversion_cents from sends where id = $1',
      [m.sendId],
    )
  ).rows[0]
const report = (events: Parameters<typeof applyEvents>[2]) => withTx(ctx.pool, (tx) => applyEvents(ctx, tx, events))
const everything = async (): Promise<unknown> =>
  (
    await ctx.pool
      .query(`select (select count(*) from suppressions) as s, (select count(*) from consents) as c, (select count(*) from analytics_events) as e,
    (select string_agg(email_consent || sms_consent, ',' order by id) from customers) as consent, (select string_agg(status, ',' order by id) from sends) as st, (select count(*) from audit_log) as a`)
  ).rows[0]

test('a click leads to the stored address, counts once, and implies an open', async () => {
  const m = messages[0]!
  at('2026-11-20T18:10:00Z')
  const answer = await get(`/t/c/${sign('click', m, linkA)}`)
  expect([answer.statusCode, answer.headers.location, answer.headers['referrer-policy']]).toEqual([
    302,
    url,
    'no-referrer',
  ])
  at('2026-11-20T18:10:01Z')
  await get(`/t/c/${sign('click', m, linkA)}`)
  at('2026-11-20T19:10:00Z')
  await get(`/t/c/${sign('click', m, linkA)}`)
  expect(await eventsOf(m)).toEqual(['click', 'click_hit', 'click_hit', 'open'])
  expect((await send(m)).clicked_at).toEqual(new Date('2026-11-20T18:10:00Z'))
})

test('the pixel is an uncached GIF; opens by proxies are kept apart', async () => {
  const m = messages[1]!
  at('2026-11-20T18:20:00Z')
  const answer = await get(`/t/o/${sign('open', m)}.gif`, 'Mozilla/5.0')
  expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload.subarray(0, 6).toString()]).toEqual([
    200,
    'image/gif',
    'GIF89a',
  ])
  expect(answer.headers['cache-control']).toContain('no-store')
  expect(await eventsOf(m)).toEqual(['open:machine', 'open_hit:machine'])
  expect((await send(m)).opened_at).toBeNull()
  await get(`/t/o/${sign('open', m)}.gif`)
  expect((await send(m)).opened_at).not.toBeNull()
})

test('HEAD and clicks in the first seconds never count', async () => {
  const m = messages[2]!
  at('2026-11-20T18:00:02Z')
  await get(`/t/c/${sign('click', m, linkA)}`)
  at('2026-11-20T18:30:00Z')
  const head = await get(`/t/c/${sign('click', m, linkA)}`, phone, 'HEAD')
  expect([head.statusCode, head.headers.location]).toEqual([302, url])
  expect((await send(m)).clicked_at).toBeNull()
  expect((await eventsOf(m)).every((e) => e.endsWith(':machine'))).toBe(true)
})

test('a scanner that follows two links takes its first click back, and the rollup follows', async () => {
  const m = messages[3]!
  at('2026-11-20T18:40:00.000Z')
  await get(`/t/c/${sign('click', m, linkA)}`)
  expect((await send(m)).clicked_at).not.toBeNull()
  at('2026-11-20T18:40:00.700Z')
  await get(`/t/c/${sign('click', m, linkB)}`)
  expect(await send(m)).toMatchObject({ clicked_at: null, opened_at: null })
  expect(await eventsOf(m)).toEqual(['click:machine', 'click_hit:machine', 'click_hit:machine'])
  at('2026-11-20T20:00:00Z')
  await get(`/t/c/${sign('click', m, linkA)}`)
  expect((await send(m)).clicked_at).toEqual(new Date('2026-11-20T20:00:00Z'))
  const rollup = async () =>
    (
      await ctx.pool.query(
        `select hour, event_type, campaign_id, channel, segment, machine, events, value_cents from rollup_hourly where events <> 0 order by 1, 2, 3, 4, 5, 6`,
      )
    ).rows
  const kept = await rollup()
  await withTx(ctx.pool, rebuildRollups)
  expect(await rollup()).toEqual(kept)
})

test('forged, cut, swapped and foreign tokens are 404 and change nothing; no address is ever taken from the request', async () => {
  const m = messages[4]!
  const before = await everything()
  const good = sign('click', m, linkA)
  const bad = [
    good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A'),
    good.slice(0, 40),
    sign('open', m),
    sign('unsubscribe', m),
    sign('click', m, crypto.randomUUID()),
    signToken('another secret of thirty-two characters', 'click', m.sendId, linkA),
  ]
  for (const token of bad) expect((await get(`/t/c/${token}`)).statusCode).toBe(404)
  expect((await get(`/u/${sign('click', m, linkA)}`)).statusCode).toBe(404)
  expect((await post(`/u/${sign('preferences', m)}`, 'List-Unsubscribe=One-Click')).statusCode).toBe(404)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.webUrl(), fc.string({ maxLength: 80 }), fc.base64String({ minLength: 44, maxLength: 66 })),
      async (text) => {
        const answer = await get(`/t/c/${encodeURIComponent(text)}?url=${encodeURIComponent(text)}`)
        expect(answer.statusCode).not.toBe(302)
        expect(answer.headers.location).toBeUndefined()
        const redirected = await app.inject({
          url: `/t/c/${good}?url=${encodeURIComponent(text)}&next=//evil.test`,
          method: 'HEAD',
        })
        expect(redirected.headers.location).toBe(url)
      },
    ),
    { numRuns: 60 },
  )
  expect(
    (
      await ctx.pool.query('select count(*) as n from analytics_events where send_id <> all($1)', [
        messages.map((x) => x.sendId),
      ])
    ).rows[0].n,
  ).toBe(0)
  expect(await everything()).toMatchObject({ s: (before as { s: number }).s, c: (before as { c: number }).c })
})

test('a link whose stored address is no web address is not followed', async () => {
  const bad = await storeLink(ctx, 'javascript:alert(1)')
  expect((await get(`/t/c/${sign('click', messages[5]!, bad)}`)).statusCode).toBe(404)
})

test('looking at the unsubscribe page changes nothing and shows what will happen', async () => {
  const m = messages[6]!
  const before = await everything()
  const page = await get(`/u/${sign('unsubscribe', m)}`)
  expect(page.statusCode).toBe(200)
  expect(page.body).toContain('My shop')
  expect(page.body).toContain('c•••@example.com')
  expect(page.body).not.toContain(m.email)
  expect(page.body).not.toMatch(/<script|<img|https?:/i)
  await get(`/u/${sign('unsubscribe', m)}`, phone, 'HEAD')
  expect(await everything()).toEqual(before)
})

test.each([
  ['urlencoded', 'List-Unsubscribe=One-Click', { 'content-type': 'application/x-www-form-urlencoded' }],
  [
    'multipart',
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    { 'content-type': 'multipart/form-data; boundary=x' },
  ],
  ['an empty body', '', {}],
  ['JSON by mistake', '', { 'content-type': 'application/json' }],
] as [string, string, Record<string, string>][])(
  'one-click by %s: 200 without redirect or cookie, out at once, twice is once',
  async (name, body, headers) => {
    const m = messages[7 + ['urlencoded', 'multipart', 'an empty body', 'JSON by mistake'].indexOf(name)]!
    await ctx.pool.query(
      `insert into sends (action_id, customer_id, campaign_id, channel, recipient, due_at, window_end) values ($1, $2, $3, 'email', $4, $5, $5)`,
      [m.actionId, m.customerId, m.campaignId, m.email, new Date('2026-11-25T18:00:00Z')],
    )
    for (let i = 0; i < 2; i++) {
      const answer = await post(`/u/${sign('unsubscribe', m)}`, body, headers)
      expect([answer.statusCode, answer.headers.location, answer.headers['set-cookie'], answer.body]).toEqual([
        200,
        undefined,
        undefined,
        'You are unsubscribed.\n',
      ])
    }
    const { rows } = await ctx.pool.query(
      `select (select email_consent from customers where id = $1) as consent, (select count(*) from consents where customer_id = $1 and status = 'denied' and ip is not null) as proofs,
       (select count(*) from suppressions where customer_id = $1 and channel = 'email' and reason = 'unsubscribe') as suppressed,
       (select count(*) from analytics_events where customer_id = $1 and event_type = 'unsubscribe') as events,
       (select string_agg(status, ',' order by status) from sends where customer_id = $1) as sends`,
      [m.customerId],
    )
    expect(rows[0]).toEqual({ consent: 'denied', proofs: 1, suppressed: 1, events: 1, sends: 'cancelled,sent' })
    expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email.toUpperCase())).not.toBeNull()
  },
)

test('the button gets a page with Undo; Undo works by POST with the same token only, and never lifts a complaint', async () => {
  const m = messages[12]!
  const token = sign('unsubscribe', m)
  const done = await post(`/u/${token}`, 'action=unsubscribe')
  expect(done.body).toContain('Undo: keep me subscribed')
  await get(`/u/${token}?action=undo`)
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).not.toBeNull()
  expect((await post(`/u/${token}`, 'action=undo')).body).toContain('You are still subscribed')
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).toBeNull()
  await report([
    { kind: 'complained', event_id: 'c1', provider: 'test', send_id: m.sendId, at: sentAt, code: null, detail: null },
  ])
  expect((await post(`/u/${token}`, 'action=undo')).body).toContain('stays closed')
  expect((await suppressionOf(ctx.pool, ctx.config, 'email', m.email))?.reason).toBe('complaint')
})

test('preferences switch a channel off and on again, with proof each time', async () => {
  const m = messages[13]!
  const token = sign('preferences', m)
  expect((await get(`/p/${token}`)).body).toMatch(/name="email" value="on" checked/)
  expect((await post(`/p/${token}`, 'action=save')).body).not.toMatch(/name="email" value="on" checked/)
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).not.toBeNull()
  expect((await post(`/p/${token}`, 'action=save&email=on')).body).toMatch(/name="email" value="on" checked/)
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).toBeNull()
  const { rows } = await ctx.pool.query(
    'select status, source from consents where customer_id = $1 order by created_at, id',
    [m.customerId],
  )
  expect(rows).toEqual([
    { status: 'denied', source: 'preferences_page' },
    { status: 'granted', source: 'preferences_page' },
  ])
})

test('saving "no" counts as a no also where consent was never recorded', async () => {
  const m = messages[19]!
  await ctx.pool.query(`update customers set email_consent = 'unknown' where id = $1`, [m.customerId])
  expect((await get(`/p/${sign('preferences', m)}`)).body).toMatch(/name="email" value="on" checked/)
  await post(`/p/${sign('preferences', m)}`, 'action=save')
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).not.toBeNull()
})

test('a name with markup is text on every page', async () => {
  await ctx.pool.query(
    `insert into settings (name, value) values ('shop', '{"name": "<script>alert(1)</script> & Sons", "from_name": "x", "from_email": "a@b.co"}') on conflict (name) do update set value = excluded.value`,
  )
  const page = await get(`/u/${sign('unsubscribe', messages[14]!)}`)
  expect(page.body).not.toContain('<script')
  expect(page.body).toContain('&#60;script&#62;')
  await ctx.pool.query(`delete from settings where name = 'shop'`)
})

test('reports of a provider in any order and twice: bounced wins, hard bounces and complaints close the address', async () => {
  const [hard, complaint, late] = [messages[15]!, messages[16]!, messages[17]!]
  const event = (m: SentMessage, kind: 'delivered' | 'complained', n: number) => ({
    kind,
    event_id: `${kind}${n}`,
    provider: 'test',
    send_id: m.sendId,
    at: new Date(sentAt.getTime() + n * 1000),
    code: null,
    detail: null,
  })
  const bounced = {
    kind: 'bounced' as const,
    hardness: 'hard' as const,
    event_id: 'b',
    provider: 'test',
    at: sentAt,
    code: '5.1.1',
    detail: 'no such mailbox',
  }
  await Promise.all([
    report([{ ...bounced, send_id: hard.sendId }, event(hard, 'delivered', 1)]),
    report([event(complaint, 'complained', 3), event(complaint, 'delivered', 2), event(complaint, 'delivered', 2)]),
    report([event(late, 'delivered', 1), { ...bounced, send_id: crypto.randomUUID() }]),
  ])
  await report([
    { ...bounced, send_id: late.sendId },
    { ...bounced, send_id: hard.sendId },
  ])
  expect((await send(hard)).status).toBe('bounced')
  expect((await send(late)).status).toBe('bounced')
  expect((await send(complaint)).status).toBe('delivered')
  expect((await suppressionOf(ctx.pool, ctx.config, 'email', hard.email))?.reason).toBe('hard_bounce')
  expect(await eventsOf(complaint)).toEqual(['complaint', 'delivered'])
  expect(await eventsOf(hard)).toEqual(['bounce', 'delivered'])
})

test('three soft bounces close an address, one does not', async () => {
  const m = messages[18]!
  for (let i = 0; i < 3; i++) {
    expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).toBeNull()
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into sends (action_id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, sent_at) values ($1, $2, $3, 'email', $4, $5, $5, 'sent', $5) returning id`,
      [m.actionId, m.customerId, m.campaignId, m.email, sentAt],
    )
    await report([
      {
        kind: 'bounced',
        hardness: 'soft',
        event_id: `s${i}`,
        provider: 'test',
        send_id: rows[0]!.id,
        at: sentAt,
        code: '4.2.2',
        detail: null,
      },
    ])
  }
  expect(await suppressionOf(ctx.pool, ctx.config, 'email', m.email)).not.toBeNull()
})

test('a click and then an order is a conversion with its value; run again it changes nothing', async () => {
  const [clicked, coded, opened] = [messages[20]!, messages[21]!, messages[22]!]
  at('2026-11-20T19:00:00Z')
  await get(`/t/c/${sign('click', clicked, linkA)}`)
  await get(`/t/o/${sign('open', opened)}.gif`)
  await placeOrder(ctx, { customerId: clicked.customerId, at: new Date('2026-11-21T19:00:00Z'), totalCents: 4200 })
  await placeOrder(ctx, { customerId: clicked.customerId, at: new Date('2026-11-22T19:00:00Z'), totalCents: 800 })
  await placeOrder(ctx, { customerId: clicked.customerId, at: new Date('2026-11-20T18:59:00Z'), totalCents: 999 })
  await placeOrder(ctx, {
    customerId: coded.customerId,
    at: new Date('2026-12-05T19:00:00Z'),
    totalCents: 1500,
    code: 'rye10',
  })
  await placeOrder(ctx, { customerId: opened.customerId, at: new Date('2026-11-21T19:00:00Z'), totalCents: 7777 })
  expect(await attributeOrders(ctx, { since: null })).toEqual({ purchases: 5, conversions: 3 })
  expect(await send(clicked)).toMatchObject({ converted_at: new Date('2026-11-21T19:00:00Z'), conversion_cents: 5000 })
  expect(await send(coded)).toMatchObject({ conversion_cents: 1500 })
  expect(await send(opened)).toMatchObject({ converted_at: null })
  expect(await attributeOrders(ctx, { since: null })).toEqual({ purchases: 0, conversions: 0 })
  const { rows } = await ctx.pool.query(
    `select count(*) as n, sum(value_cents)::bigint as cents from analytics_events where event_type = 'conversion'`,
  )
  expect(rows[0]).toEqual({ n: 3, cents: 6500 })
})

test('after random activity the counters equal a recount of the events, and the rollup its events', async () => {
  const more = await sendMessages(ctx, 30, new Date('2026-11-19T18:00:00Z'))
  const agents = [phone, 'Mozilla/5.0', 'BarracudaCentral/2.0', '']
  let seed = 7
  const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
  let clock = Date.parse('2026-11-19T18:00:00Z')
  for (let i = 0; i < 250; i++) {
    const m = more[random(i % 2 ? more.length : 4)]!
    clock += random(3) ? random(40_000) : random(1_500)
    at(new Date(clock).toISOString())
    const link = random(2) ? linkA : linkB
    if (random(3)) await get(`/t/c/${sign('click', m, link)}`, agents[random(4)], random(5) ? 'GET' : 'HEAD')
    else await get(`/t/o/${sign('open', m)}.gif`, agents[random(4)])
    if (random(6) === 0)
      await placeOrder(ctx, {
        customerId: m.customerId,
        at: new Date(Date.parse('2026-11-20T10:00:00Z') + random(800_000_000)),
        totalCents: random(9000),
      })
    if (random(20) === 0)
      await report([
        {
          kind: 'bounced',
          hardness: 'soft',
          event_id: `r${i}`,
          provider: 'test',
          send_id: m.sendId,
          at: sentAt,
          code: null,
          detail: null,
        },
      ])
  }
  await Promise.all([attributeOrders(ctx, { since: null }), attributeOrders(ctx, { since: null })])
  const id = more[0]!.campaignId
  await refreshCampaignCounters(ctx.pool, [id])
  const { rows } = await ctx.pool.query(
    `select c.total_sends, c.completed_sends, c.failed_sends, c.opens, c.clicks, c.conversions, c.revenue_cents,
       (select count(*) from sends where campaign_id = c.id)::int as t, (select count(*) from sends where campaign_id = c.id and status in ('sent', 'delivered'))::int as co,
       (select count(*) from sends where campaign_id = c.id and status in ('failed', 'bounced'))::int as f,
       (select count(distinct send_id) from analytics_events where campaign_id = c.id and event_type in ('open_hit', 'click_hit') and machine is not true)::int as o,
       (select count(*) from sends where campaign_id = c.id and opened_at is not null)::int as o2,
       (select count(distinct send_id) from analytics_events where campaign_id = c.id and event_type = 'click_hit' and machine is not true)::int as cl,
       (select count(*) from sends where campaign_id = c.id and clicked_at is not null)::int as cl2,
       (select count(*) from conversions where campaign_id = c.id)::int as cv, (select coalesce(sum(value_cents), 0)::bigint from conversions where campaign_id = c.id) as r,
       (select coalesce(sum(conversion_cents), 0)::bigint from sends where campaign_id = c.id) as r2
     from campaigns as c where c.id = $1`,
    [id],
  )
  const r = rows[0]!
  expect([r.total_sends, r.completed_sends, r.failed_sends, r.opens, r.clicks, r.conversions, r.revenue_cents]).toEqual(
    [r.t, r.co, r.f, r.o, r.cl, r.cv, r.r],
  )
  expect([r.opens, r.clicks, r.revenue_cents]).toEqual([r.o2, r.cl2, r.r2])
  expect(r.clicks).toBeGreaterThan(5)
  expect(r.conversions).toBeGreaterThan(3)
  const { rows: drift } = await ctx.pool.query(
    `select coalesce(a.n, 0) - coalesce(b.n, 0) as off from (select event_type, sum(events) as n from rollup_hourly group by 1) as a
     full join (select event_type, count(*) as n from analytics_events group by 1) as b using (event_type) where coalesce(a.n, 0) <> coalesce(b.n, 0)`,
  )
  expect(drift).toEqual([])
})
