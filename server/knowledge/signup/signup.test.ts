import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import decodeQR from 'qr/decode.js'
import type { Customer } from '#contract/knowledge.ts'
import type { ConsentText, SignupForm } from '#contract/signup.ts'
import { withTx } from '#db/pool.ts'
import { takeReply } from '#server/feedback/hooks/replies.ts'
import { closeAddresses } from '#server/opt-out.ts'
import { signToken } from '#server/tokens.ts'
import { testApp } from '#test/app.ts'
import { askForConfirmations, forgetSignups } from './ask.ts'
import { qrPng } from './qr.ts'

let now = new Date('2026-11-24T18:00:00Z')
const { ctx, app, as } = await testApp({ clock: () => now })
const later = (ms: number): void => void (now = new Date(now.getTime() + ms))
const minutes = (n: number): void => later(n * 60_000)
const manager = as('manager')

await ctx.pool.query(
  `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values
   ('1', 'Oak Street', 'Oak LLC', '1 Oak St', 'Albany', 'NY', '12201', 'America/New_York'), ('2', 'Elm Street', 'Elm LLC', '2 Elm St', 'Troy', 'NY', '12180', 'America/New_York')`,
)
const stores = (await ctx.pool.query<{ id: string }>('select id from stores order by external_id')).rows
const form = (
  await manager({
    method: 'POST',
    url: '/api/v1/signup-forms',
    payload: {
      key: 'news',
      name: 'Counter',
      channels: ['email', 'sms'],
      headline: 'Get <our> news',
      asks_zip: true,
      sites: ['https://www.partner.test'],
    },
  })
).json<SignupForm>()

const stampOf = (html: string): string => /name="stamp" value="([^"]+)"/.exec(html)![1]!
const adult = { birth_month: '2', birth_day: '29', birth_year: '1980' }
let visitor = 0
/** Opens the form, waits as a person does, and posts it, each time from another address unless told. */
async function signUp(fields: Record<string, string>, from = `198.51.100.${++visitor % 250}`, query = '') {
  const page = await app.inject({ url: `/s/news${query}`, remoteAddress: from })
  later(20_000)
  return app.inject({
    method: 'POST',
    url: '/s/news',
    remoteAddress: from,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Phone/1' },
    payload: new URLSearchParams({ stamp: stampOf(page.body), via: 'page', ...adult, ...fields }).toString(),
  })
}
const mail = (email: string) => ({ email, consent_email: 'on' })
const rowsOf = async (address: string) =>
  (
    await ctx.pool.query<{ id: string; status: string; refused_because: string | null; birth_date: string | null }>(
      'select id, status, refused_because, birth_date from signups where address = $1 order by created_at',
      [address],
    )
  ).rows
const lastMessage = async (recipient: string) =>
  (
    await ctx.pool.query<{ body_text: string; subject: string | null }>(
      'select body_text, subject from sandbox_messages where recipient = $1 order by id desc limit 1',
      [recipient],
    )
  ).rows[0]
const confirm = (id: string, method: 'GET' | 'POST' = 'POST') =>
  app.inject({ method, url: `/s/confirm/${signToken(ctx.config.secret, 'signup', id)}`, remoteAddress: '203.0.113.9' })
const customerOf = async (email: string): Promise<Customer | undefined> => {
  const { rows } = await ctx.pool.query<{ id: string }>('select id from customers where email = $1', [email])
  return rows[0] ? (await manager({ url: `/api/v1/customers/${rows[0].id}` })).json<Customer>() : undefined
}

test('a sign-up is nothing until the owner of the mailbox confirms it; then it is consent with its whole proof', async () => {
  const page = await app.inject({ url: '/s/news' })
  expect(page.body).toContain('Get &#60;our&#62; news')
  expect(page.body).not.toMatch(/checkbox"[^>]* checked/)
  expect(String(page.headers['content-security-policy'])).toContain("frame-ancestors 'self' https://www.partner.test")
  expect(page.headers['x-frame-options']).toBeUndefined()

  const done = await signUp({ ...mail('Ann@Example.com'), first_name: 'Ann', zip: '12201', store: stores[1]!.id })
  expect([done.statusCode, done.body.includes('Look into your mailbox')]).toEqual([200, true])
  expect(await customerOf('ann@example.com')).toBeUndefined()
  expect(await askForConfirmations(ctx)).toBe(1)
  expect(await askForConfirmations(ctx)).toBe(0)
  const asked = await lastMessage('ann@example.com')
  expect(asked?.subject).toBe('Please confirm: emails from My shop')
  const token = /\/s\/confirm\/(\S+)/.exec(asked!.body_text)![1]!

  // A scanner opens the link; nothing happens.
  expect((await app.inject({ url: `/s/confirm/${token}` })).body).toContain('Yes, confirm')
  expect(await customerOf('ann@example.com')).toBeUndefined()

  const confirmed = await app.inject({ method: 'POST', url: `/s/confirm/${token}`, remoteAddress: '203.0.113.9' })
  expect(confirmed.body).toContain('You are on the list')
  const ann = (await customerOf('ann@example.com'))!
  expect(ann).toMatchObject({
    first_name: 'Ann',
    birth_date: '1980-02-29',
    age_status: 'dob_verified',
    email_consent: 'granted',
    sms_consent: 'unknown',
    store_name: 'Elm Street',
    state: 'NY',
    time_zones: ['America/New_York'],
  })
  expect(ann.consents[0]).toMatchObject({
    status: 'granted',
    text_version: 'sign-up email v1',
    ip: expect.stringContaining('198.51.100.') as string,
  })
  expect(ann.consents[0]!.signup).toMatchObject({
    confirmed_by: 'link',
    page: null,
    words: expect.stringContaining('Yes, My shop may send me') as string,
  })
  const { rows: proof } = await ctx.pool.query(
    `select g.consent_text, host(g.confirmed_ip) as ip, g.confirmed_by, g.birth_date, g.first_name, k.signup_id = g.id as linked from signups as g join consents as k on k.signup_id = g.id`,
  )
  expect(proof).toEqual([
    {
      consent_text:
        'Yes, My shop may send me offers and news by email. I can unsubscribe at any time with the link in every email.',
      ip: '203.0.113.9',
      confirmed_by: 'link',
      birth_date: null,
      first_name: null,
      linked: true,
    },
  ])
  // What they choose on their page stands on ours, and the link is for who sees addresses.
  const own = (await customerOf('ann@example.com'))!.preferences_url!
  await app.inject({
    method: 'POST',
    url: own.replace('http://shop.test', ''),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'action=save&email=on&topic_wine=on&pace=14&pause=',
  })
  expect((await customerOf('ann@example.com'))!.wishes).toEqual({
    topics_off: ['spirits', 'beer', 'events', 'news'],
    every_days: 14,
    paused_until: null,
  })
  expect((await as('user')({ url: `/api/v1/customers/${ann.id}` })).json<Customer>().preferences_url).toBeNull()
  // Twice is once.
  expect((await app.inject({ method: 'POST', url: `/s/confirm/${token}` })).body).toContain('You are on the list')
  expect((await ctx.pool.query('select 1 from consents')).rowCount).toBe(1)
})

test('who is not 21 everywhere in the country is refused, nothing of them is kept, and the browser is not asked again', async () => {
  // 21 today on the east coast, but in Samoa it is yesterday.
  now = new Date('2026-11-25T06:00:00Z')
  for (const year of ['2005', '2010']) {
    const answer = await signUp({ ...mail('young@example.com'), birth_month: '11', birth_day: '25', birth_year: year })
    expect(answer.body).toContain('for adults of 21 and over')
    expect(String(answer.headers['set-cookie'])).toContain('lma_under_age=1')
  }
  expect(await rowsOf('young@example.com')).toEqual([])
  const again = await app.inject({ url: '/s/news', cookies: { lma_under_age: '1' } })
  expect(again.body).not.toContain('<form')
  now = new Date('2026-11-26T13:00:00Z')
  expect(
    (await signUp({ ...mail('grown@example.com'), birth_month: '11', birth_day: '25', birth_year: '2005' })).statusCode,
  ).toBe(200)
  expect(await rowsOf('grown@example.com')).toHaveLength(1)
})

test('what is wrong is said beside its field, and what was typed stays', async () => {
  const answer = await signUp({ email: 'nobody', consent_email: 'on', birth_day: '31', zip: '1"><script>' })
  expect(answer.statusCode).toBe(422)
  expect(answer.body).toContain('This day does not exist.')
  expect(answer.body).toContain('This is not an email address')
  expect(answer.body).toContain('value="nobody"')
  expect(answer.body).not.toContain('<script>')
  const none = await signUp({ email: 'a@example.com' })
  expect(none.body).toContain('Tick the box if you want emails')
  expect((await signUp({})).body).toContain('Tick the box to agree.')
})

test('texts are confirmed by link or by answering YES, and both addresses of one sign-up are one customer', async () => {
  await signUp({ ...mail('both@example.com'), phone: '(212) 736-5000', consent_sms: 'on', first_name: 'Bo' })
  expect(await askForConfirmations(ctx)).toBeGreaterThanOrEqual(2)
  const text = (await lastMessage('+12127365000'))!.body_text
  expect(text).toMatch(/^My shop: reply YES or open .*Reply STOP to end, HELP for help\.$/)
  await confirm((await rowsOf('both@example.com'))[0]!.id)
  expect(await customerOf('both@example.com')).toMatchObject({ phone: null, sms_consent: 'unknown' })
  const reply = (from: string, body: string) =>
    withTx(ctx.pool, (tx) =>
      takeReply(
        ctx,
        tx,
        'twilio',
        { type: 'reply', from, to: '+1', body, at: now, keyword: null } as never,
        `k${Math.random()}`,
      ),
    )
  await reply('+12127365001', 'YES')
  await reply('+12127365000', 'Yes')
  expect(await customerOf('both@example.com')).toMatchObject({
    phone: '+12127365000',
    sms_consent: 'granted',
    email_consent: 'granted',
    age_status: 'dob_verified',
  })
})

test('nobody who said no, bounced or complained is signed up behind their back', async () => {
  const close = async (email: string, reason: 'unsubscribe' | 'complaint' | 'hard_bounce'): Promise<string> => {
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into customers (email, email_consent, age_status) values ($1, 'granted', 'attested') returning id`,
      [email],
    )
    await withTx(ctx.pool, (tx) =>
      closeAddresses(
        tx,
        ctx.config,
        [{ channel: 'email', address: email, customerId: rows[0]!.id, sendId: null, reason, at: now }],
        { source: 'test' },
      ),
    )
    return rows[0]!.id
  }
  await close('complained@example.com', 'complaint')
  await close('dead@example.com', 'hard_bounce')
  await close('left@example.com', 'unsubscribe')
  const closed = [await signUp(mail('complained@example.com')), await signUp(mail('dead@example.com'))]
  const open = await signUp(mail('fresh@example.com'))
  // The answer tells nobody who is on which list.
  for (const answer of closed) expect(answer.body).toBe(open.body)
  expect([...(await rowsOf('complained@example.com')), ...(await rowsOf('dead@example.com'))]).toEqual([])

  // Who unsubscribed is asked, told so, and nothing changes before they press.
  await signUp(mail('left@example.com'))
  await askForConfirmations(ctx)
  expect((await lastMessage('left@example.com'))!.body_text).toContain('You unsubscribed once.')
  expect((await customerOf('left@example.com'))!.contactability[0]!.can_contact).toBe(false)
  await confirm((await rowsOf('left@example.com'))[0]!.id)
  expect((await customerOf('left@example.com'))!.contactability[0]!.can_contact).toBe(true)
  expect((await ctx.pool.query(`select 1 from analytics_events where event_type = 'resubscribe'`)).rowCount).toBe(1)

  // A complaint between question and answer wins.
  await signUp(mail('fast@example.com'))
  await askForConfirmations(ctx)
  await close('fast@example.com', 'complaint')
  const [row] = await rowsOf('fast@example.com')
  expect((await confirm(row!.id)).statusCode).toBe(409)
  expect(await rowsOf('fast@example.com')).toMatchObject([
    { status: 'refused', refused_because: 'closed', birth_date: null },
  ])
  expect(await customerOf('fast@example.com')).toMatchObject({ email_consent: 'denied' })
})

test('a STOP of a number is only taken back by a text; then it may sign up again', async () => {
  const reply = (body: string) =>
    withTx(ctx.pool, (tx) =>
      takeReply(
        ctx,
        tx,
        'twilio',
        { type: 'reply', from: '+12127365099', to: '+1', body, at: now, keyword: null } as never,
        body,
      ),
    )
  await reply('STOP')
  const form = { phone: '212 736 5099', consent_sms: 'on' }
  expect((await signUp(form)).body).toContain('text START to that number first')
  expect(await rowsOf('+12127365099')).toEqual([])
  await reply('START')
  await signUp(form)
  expect(await rowsOf('+12127365099')).toMatchObject([{ status: 'pending' }])
})

test('robots get the same page and leave no row; no mailbox is filled', async () => {
  const before = (await ctx.pool.query('select 1 from signups')).rowCount
  const trapped = await signUp({ ...mail('bot1@example.com'), website: 'https://spam.test' })
  expect(trapped.body).toContain('Look into your mailbox')
  const page = await app.inject({ url: '/s/news' })
  const post = (stamp: string, email: string) =>
    app.inject({
      method: 'POST',
      url: '/s/news',
      remoteAddress: '192.0.2.77',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ stamp, ...adult, ...mail(email) }).toString(),
    })
  await post(stampOf(page.body), 'bot2@example.com')
  await post('abc.def.ghi', 'bot3@example.com')
  expect((await ctx.pool.query('select 1 from signups')).rowCount).toBe(before)
  // One page filled many times.
  later(10_000)
  for (let i = 0; i < 12; i++) await post(stampOf(page.body), `bot-${i}@example.com`)
  expect((await ctx.pool.query(`select 1 from signups where address like 'bot-%'`)).rowCount).toBe(8)
  // The same address, again and again, over a day.
  for (let i = 0; i < 8; i++) {
    await signUp(mail('victim@example.com'))
    minutes(30)
  }
  expect(await rowsOf('victim@example.com')).toHaveLength(3)
  // One connection.
  const answers = []
  for (let i = 0; i < 12; i++) answers.push((await signUp(mail(`one${i}@example.com`), '192.0.2.9')).statusCode)
  expect([answers.slice(0, 10).every((s) => s === 200), answers.slice(10)]).toEqual([true, [429, 429]])
})

test('what nobody confirmed is gone after a week, and its link with it', async () => {
  await signUp(mail('idle@example.com'))
  const [row] = await rowsOf('idle@example.com')
  later(8 * 86_400_000)
  expect((await confirm(row!.id)).statusCode).toBe(404)
  await forgetSignups(ctx)
  expect(await rowsOf('idle@example.com')).toEqual([])
  expect((await ctx.pool.query(`select 1 from signups where status = 'confirmed'`)).rowCount).toBeGreaterThan(2)
})

test('the words people agree to are versions; a text for SMS without its duties is refused', async () => {
  const add = (payload: object) => as('admin')({ method: 'POST', url: '/api/v1/consent-texts', payload })
  const bad = await add({ channel: 'sms', text: '{shop} will text me nice things now and then.' })
  expect(bad.statusCode).toBe(400)
  expect(bad.json<{ errors: unknown[] }>().errors).toHaveLength(6)
  const good = await add({ channel: 'email', text: 'I would like emails from {shop}, thank you.' })
  expect(good.json<ConsentText>()).toMatchObject({ version: 2, is_current: true, confirmed: 0 })
  expect((await add({ channel: 'email', text: 'I would like emails from {shop}, thank you.' })).json()).toMatchObject({
    version: 2,
  })
  await signUp(mail('second@example.com'))
  await confirm((await rowsOf('second@example.com'))[0]!.id)
  expect((await customerOf('second@example.com'))!.consents[0]).toMatchObject({ text_version: 'sign-up email v2' })
  expect(
    (
      await manager({
        method: 'POST',
        url: '/api/v1/consent-texts',
        payload: { channel: 'email', text: 'x'.repeat(30) },
      })
    ).statusCode,
  ).toBe(403)
})

test('each store has its QR code, which a scanner reads, and its people belong to it', async () => {
  const svg = await manager({ url: `/api/v1/signup-forms/${form.id}/qr?store_id=${stores[0]!.id}` })
  expect([svg.headers['content-type'], svg.body.startsWith('<svg')]).toEqual(['image/svg+xml', true])
  const png = await manager({ url: `/api/v1/signup-forms/${form.id}/qr?store_id=${stores[0]!.id}&format=png&size=400` })
  const { width, data } = pixelsOf(png.rawPayload)
  expect(width).toBeGreaterThanOrEqual(400)
  const read = decodeQR({ width, height: width, data })
  expect(read).toBe(`http://shop.test/s/news?via=qr&store=${stores[0]!.id}`)
  const page = await app.inject({ url: read.replace('http://shop.test', '') })
  expect(page.body).toContain(`<option value="${stores[0]!.id}" selected>`)
  await signUp({ ...mail('qr@example.com'), via: 'qr', store: stores[0]!.id })
  await confirm((await rowsOf('qr@example.com'))[0]!.id)
  expect(await customerOf('qr@example.com')).toMatchObject({ store_name: 'Oak Street' })
  const figures = (await manager({ url: `/api/v1/signup-forms/${form.id}/figures?days=40` })).json<{
    ways: { via: string; confirmed: number; shown: number }[]
    stores: { store_name: string | null }[]
  }>()
  expect(figures.ways.find((w) => w.via === 'qr')).toMatchObject({ confirmed: 1, shown: 1 })
  expect(figures.stores.map((s) => s.store_name)).toContain('Oak Street')
  expect(qrPng('x', 100).length).toBeLessThan(2000)
})

/** Reads the one-bit greyscale PNG that we write, as RGBA. */
function pixelsOf(png: Buffer): { width: number; data: Uint8ClampedArray } {
  const width = png.readUInt32BE(16)
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const size = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + size))
    at += size + 12
  }
  const lines = inflateSync(Buffer.concat(parts))
  const stride = Math.ceil(width / 8) + 1
  const data = new Uint8ClampedArray(width * width * 4)
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++) {
      const white = (lines[y * stride + 1 + (x >> 3)]! >> (7 - (x & 7))) & 1
      data.set([white * 255, white * 255, white * 255, 255], (y * width + x) * 4)
    }
  return { width, data }
}

test('a closed form says so, and a page frames it only where it was allowed to', async () => {
  const script = await app.inject({ url: '/s/embed.js' })
  expect([script.headers['cross-origin-resource-policy'], script.body.includes('http://shop.test')]).toEqual([
    'cross-origin',
    true,
  ])
  expect((await app.inject({ url: '/s/news?embed=1' })).body).toContain('/s/frame.js')
  await manager({ method: 'PATCH', url: `/api/v1/signup-forms/${form.id}`, payload: { is_active: false } })
  const closed = await app.inject({ url: '/s/news' })
  expect([closed.statusCode, closed.body.includes('<form')]).toEqual([410, false])
  expect((await app.inject({ url: '/s/unknown' })).statusCode).toBe(404)
  expect((await as('user')({ method: 'PATCH', url: `/api/v1/signup-forms/${form.id}`, payload: {} })).statusCode).toBe(
    403,
  )
})
