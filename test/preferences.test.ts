import { beforeAll, expect, test } from 'vitest'
import { noOffer } from '#core/planning/offer.ts'
import { createAdmission } from '#server/dispatch/admit.ts'
import { feedbackRoutes } from '#server/feedback/routes.ts'
import { streamAudience } from '#server/planning/audience.ts'
import { loadStores } from '#server/stores.ts'
import { customerPreferencesPath, signToken } from '#server/tokens.ts'
import { addressHash } from '#server/suppression.ts'
import { readWishes } from '#server/wishes.ts'
import { phone, sendMessages, shopOf, type SentMessage } from './sent-shop.ts'

const { ctx, app, at } = await shopOf(feedbackRoutes)
let messages: SentMessage[] = []
beforeAll(async () => {
  await ctx.pool.query(
    `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Oak', 'Oak LLC', '1 Oak St', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  messages = await sendMessages(ctx, 8, new Date('2026-11-20T18:00:00Z'))
  await ctx.pool.query(
    `update customers set state = 'NY', time_zones = '{America/New_York}', phone = '+1212736' || (5000 + length(name) + ascii(right(name, 1)))`,
  )
})

const path = (m: SentMessage): string => `/p/${signToken(ctx.config.secret, 'preferences', m.sendId)}`
const show = (url: string) => app.inject({ url, headers: { 'user-agent': phone } })
const save = (url: string, fields: Record<string, string>) =>
  app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': phone },
    payload: new URLSearchParams({ action: 'save', ...fields }).toString(),
  })
const everything = {
  topic_spirits: 'on',
  topic_wine: 'on',
  topic_beer: 'on',
  topic_events: 'on',
  topic_news: 'on',
  pace: '',
  pause: '',
}
const wishesOf = async (m: SentMessage) => (await readWishes(ctx.pool, [m.customerId])).get(m.customerId)

/** What the dispatcher's gate says at the moment of sending. */
async function claim(m: SentMessage, change: { offer?: object; week?: number } = {}): Promise<string | null> {
  const [verdict] = await createAdmission(ctx).check([
    {
      id: m.sendId,
      customer_id: m.customerId,
      channel: 'email',
      recipient: m.email,
      address_hash: addressHash(ctx.config, 'email', m.email),
      variables: {},
      store_id: null,
      offer: { ...noOffer, ...change.offer },
      person: {
        birth_date: '1980-01-01',
        age_status: 'dob_verified',
        email_consent: 'granted',
        sms_consent: 'unknown',
        state: 'NY',
        time_zones: ['America/New_York'],
      },
      sent_week: change.week ?? 0,
      sent_sms_week: 0,
      sent_sms_day: 0,
    } as never,
  ])
  return verdict?.rule_id ?? null
}

test('topics, pace and pause are kept, shown again, and asked at the moment of sending', async () => {
  const m = messages[0]!
  at('2026-12-20T17:00:00Z')
  expect(await claim(m)).toBeNull()
  const saved = await save(path(m), { ...everything, email: 'on', topic_wine: '', pace: '28', pause: '4' })
  expect(saved.body).toContain('Saved. It applies from now on.')
  expect(saved.body).toContain('Paused until January 17, 2027')
  expect(saved.body).toMatch(/name="pace" value="28" checked/)
  expect(saved.body).not.toMatch(/name="topic_wine" value="on" checked/)
  expect(await claim(m)).toBe('person-paused')

  // The pause ends by itself; the rest stays.
  at('2027-01-18T17:00:00Z')
  expect(await claim(m)).toBeNull()
  expect(await claim(m, { offer: { kind: 'percent_off', value: 5, department: 'wine' } })).toBe('person-topic-off')
  expect((await show(path(m))).body).toContain('No pause')

  // A message went out eleven days ago: four weeks are not over.
  await ctx.pool.query(`update sends set sent_at = '2027-01-07T17:00:00Z' where id = $1`, [m.sendId])
  await ctx.pool.query(
    `insert into sends (customer_id, channel, recipient, due_at, window_end, status, sent_at) values ($1, 'email', $2, now(), now(), 'sent', '2027-01-07T17:00:00Z')`,
    [m.customerId, m.email],
  )
  expect(await claim(m)).toBe('person-pace')
  at('2027-02-05T17:00:00Z')
  expect(await claim(m)).toBeNull()
  expect(await claim(m, { week: 1 })).toBe('person-pace')
  const { rows } = await ctx.pool.query(
    `select action, after from audit_log where action = 'customer.preferences_changed'`,
  )
  expect(rows).toMatchObject([{ after: { topics_off: ['wine'], every_days: 28 } }])
})

test('the planner sees the wishes, and messages as far back as the pace reaches', async () => {
  const m = messages[1]!
  at('2026-12-07T12:00:00Z')
  await save(path(m), { ...everything, email: 'on', pace: '28' })
  await ctx.pool.query(
    `with g as (insert into segments (key, name, rules) values ('all', 'All', '{}') returning id) insert into segment_members (segment_id, customer_id) select g.id, c.id from g, customers as c`,
  )
  for await (const chunk of streamAudience(ctx.pool, ctx.config, {
    segments: ['all'],
    weekStart: '2026-12-07',
    campaignId: '00000000-0000-7000-8000-000000000001',
    holdoutShare: 0,
    stores: await loadStores(ctx.pool),
    customerIds: null,
  })) {
    const paced = chunk.find((c) => c.id === m.customerId)!.customer
    expect(paced.wishes).toMatchObject({ every_days: 28 })
    // Seventeen days ago: the shop's own week would not have looked so far back.
    expect(paced.contacts).toEqual([{ at: new Date('2026-11-20T18:00:00Z'), channel: 'email' }])
    expect(chunk.find((c) => c.id === messages[2]!.customerId)!.customer).toMatchObject({ wishes: null, contacts: [] })
  }
})

test('channels are still a yes or no, and one button stops everything', async () => {
  const m = messages[3]!
  at('2026-11-24T12:00:00Z')
  await save(path(m), { ...everything, email: 'on', sms: 'on' })
  const consent = async () =>
    (
      await ctx.pool.query<{ c: string }>(
        `select email_consent || ' ' || sms_consent as c from customers where id = $1`,
        [m.customerId],
      )
    ).rows[0]!.c
  expect(await consent()).toBe('granted granted')
  await app.inject({
    method: 'POST',
    url: path(m),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'action=none',
  })
  expect(await consent()).toBe('denied denied')
  expect(await claim(m)).toBe('person-suppressed')
  // Wishes stay for the day they come back.
  expect(await wishesOf(m)).toBeUndefined()
})

test('a link of a customer works without a message, and of one purpose only', async () => {
  const m = messages[4]!
  const own = customerPreferencesPath(ctx.config.secret, m.customerId)
  const page = await show(own)
  expect([page.statusCode, page.body.includes('What may we send you?'), page.body.includes(m.email)]).toEqual([
    200,
    true,
    false,
  ])
  await save(own, { ...everything, email: 'on', pace: '7' })
  expect(await wishesOf(m)).toMatchObject({ every_days: 7 })
  for (const bad of [
    own.replace('/p/', '/u/'),
    `/p/${signToken(ctx.config.secret, 'signup', m.customerId)}`,
    own.slice(0, -1),
  ])
    expect((await show(bad)).statusCode).toBe(404)
})

test('a page from before there was more to choose changes nothing of it; nonsense becomes nothing special', async () => {
  const m = messages[5]!
  await save(path(m), { ...everything, email: 'on', pace: '14', pause: '2' })
  await save(path(m), { email: 'on' })
  expect(await wishesOf(m)).toMatchObject({ every_days: 14 })
  await save(path(m), { ...everything, email: 'on', pace: '3', pause: '999', topic_x: 'on' })
  expect(await wishesOf(m)).toMatchObject({ topics_off: [], every_days: null, paused_until: null })
})

test('the shop’s colour, name and address are on the page', async () => {
  await ctx.pool.query(
    `insert into settings (name, value) values ('shop', '{"name": "Corner Cellars", "from_name": "x", "from_email": "a@b.test", "brand_color": "#FFD700"}') on conflict (name) do update set value = excluded.value`,
  )
  const { body } = await show(path(messages[6]!))
  expect(body).toContain('--brand:#FFD700;--on-brand:#000000')
  expect(body).toContain('Corner Cellars')
  expect(body).toContain('Oak LLC, 1 Oak St, Albany, NY 12201')
})
