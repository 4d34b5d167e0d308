import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'
import { advanceTriggers } from './run.ts'

let now = new Date('2026-11-25T16:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const manager = as('manager')
const later = (hours: number): void => void (now = new Date(now.getTime() + hours * 3_600_000))

await ctx.pool.query(
  `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`,
)
await ctx.pool.query(
  `insert into settings (name, value) values ('shop', '{"name": "Elm", "time_zone": "America/Chicago"}') on conflict (name) do update set value = excluded.value`,
)
const { rows: templates } = await ctx.pool.query<{ id: string; channel: string }>(
  `insert into message_templates (key, name, channel, category, subject_template, body_html_template, body_text_template)
   values ('hello', 'H', 'email', 'welcome', 's', 'h', 't'), ('short', 'S', 'sms', 'welcome', null, null, 't') returning id, channel`,
)
const templateOf = (channel: string): string => templates.find((t) => t.channel === channel)!.id
const offer = (
  await manager({
    method: 'POST',
    url: '/api/v1/offers',
    payload: { key: 'picks', title: 'Weekend picks', kind: 'content' },
  })
).json().id as string
await ctx.pool.query(
  `insert into segments (key, name, kind, rules) values ('lapsed', 'Lapsed', 'rfm', '{}') on conflict do nothing`,
)

const trigger = (over: object = {}): object => ({
  event: { on: 'welcome' },
  delay_hours: 2,
  exits: ['ordered'],
  rest_days: null,
  channel: 'email',
  offer_id: offer,
  template_id: templateOf('email'),
  window: { start: '00:00', end: '24:00' },
  ...over,
})
async function start(name: string, over: object = {}, holdout = 0): Promise<string> {
  const made = await manager({
    method: 'POST',
    url: '/api/v1/campaigns',
    payload: { name, start_date: '2026-11-25', holdout_share: holdout, trigger: trigger(over) },
  })
  expect(made.json()).toMatchObject({ type: 'triggered', status: 'draft' })
  const { id } = made.json()
  for (const step of ['approve', 'start'])
    expect((await manager({ method: 'POST', url: `/api/v1/campaigns/${id}/${step}`, payload: {} })).statusCode).toBe(
      200,
    )
  return id
}
async function customer(email: string, over: { birth?: string; consent?: string } = {}): Promise<string> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into customers (email, name, first_name, age_status, birth_date, email_consent, state, time_zones, created_at)
     values ($1, 'Jo', 'Jo', 'dob_verified', $2, $3, 'TX', '{America/Chicago}', $4) returning id`,
    [email, over.birth ?? '1980-05-05', over.consent ?? 'granted', now],
  )
  return rows[0]!.id
}
const stateOf = async (id: string) => (await manager({ method: 'GET', url: `/api/v1/campaigns/${id}/trigger` })).json()
const sendsOf = async (id: string): Promise<string[]> =>
  (
    await ctx.pool.query<{ email: string }>(
      'select c.email from sends as s join customers as c on c.id = s.customer_id where s.campaign_id = $1 order by 1',
      [id],
    )
  ).rows.map((r) => r.email)

test('who joins is welcomed once, after the delay; who ordered meanwhile, said no or was there before is not', async () => {
  await customer('before@example.com')
  later(3)
  const id = await start('Welcome')
  const bought = await customer('bought@example.com')
  await customer('new@example.com')
  await customer('no@example.com', { consent: 'denied' })
  later(1)
  expect(await advanceTriggers(ctx)).toMatchObject({ entered: 3, sent: 0 })
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) values ('o1', $1, $2, 5000)`,
    [bought, now],
  )
  later(2)
  expect(await advanceTriggers(ctx)).toEqual({ entered: 0, exited: 1, sent: 1, holdout: 0, skipped: 1 })
  expect(await advanceTriggers(ctx)).toMatchObject({ entered: 0, sent: 0 })
  expect(await sendsOf(id)).toEqual(['new@example.com'])
  expect(await stateOf(id)).toMatchObject({
    waiting: 0,
    sent: 1,
    exited: 1,
    skipped: 1,
    because: expect.arrayContaining([
      { status: 'exited', because: 'ordered', label: 'have ordered meanwhile', customers: 1 },
      { status: 'skipped', because: 'person-consent-email', label: 'have not agreed to messages', customers: 1 },
    ]),
  })
})

test('who comes into a segment gets it, who has left again does not, and a rest keeps the same person from a second one', async () => {
  const id = await start('Came in', {
    event: { on: 'segment_entered', segment: 'lapsed' },
    exits: ['left_segment'],
    rest_days: 30,
    delay_hours: 24,
  })
  const [stays, leaves] = [await customer('stays@example.com'), await customer('leaves@example.com')]
  const enter = async (who: string): Promise<void> => {
    await ctx.pool.query(
      `insert into analytics_events (id, event_type, customer_id, segment, occurred_at) values (uuidv7_at($2), 'segment_entered', $1, 'lapsed', $2)`,
      [who, now],
    )
    await ctx.pool.query(
      `insert into segment_members (segment_id, customer_id) select g.id, $1 from segments as g where g.key = 'lapsed' on conflict do nothing`,
      [who],
    )
  }
  later(1)
  await enter(stays)
  await enter(leaves)
  later(1)
  expect((await advanceTriggers(ctx)).entered).toBeGreaterThanOrEqual(2)
  await ctx.pool.query('delete from segment_members where customer_id = $1', [leaves])
  later(24)
  await advanceTriggers(ctx)
  expect(await sendsOf(id)).toEqual(['stays@example.com'])
  later(48)
  await enter(stays)
  later(48)
  await advanceTriggers(ctx)
  expect(await sendsOf(id)).toEqual(['stays@example.com'])
  expect(await stateOf(id)).toMatchObject({ sent: 1, exited: 1, waiting: 0 })
})

test('a birthday is met from the 21st on, once a year, also on 29 February', async () => {
  now = new Date('2027-02-20T16:00:00Z')
  const id = await start('Birthdays', { event: { on: 'birthday', days_before: 0 }, delay_hours: 0, rest_days: 300 })
  await customer('leap@example.com', { birth: '1980-02-29' })
  await customer('child@example.com', { birth: '2007-03-01' })
  await customer('today21@example.com', { birth: '2006-02-28' })
  for (let day = 0; day < 12; day++) {
    await advanceTriggers(ctx)
    later(24)
  }
  expect(await sendsOf(id)).toEqual(['leap@example.com', 'today21@example.com'])
})

test('long quiet and due again are met on their day, and what happened just before the start is past', async () => {
  const quiet = await start('Quiet', { event: { on: 'no_order', days: 30 }, delay_hours: 0, exits: [] })
  const due = await start('Due', { event: { on: 'replenishment_due' }, delay_hours: 0, exits: ['ordered'] })
  const score = async (email: string, lastAgoHours: number, nextInHours: number): Promise<void> => {
    const at = (hours: number): Date => new Date(now.getTime() + hours * 3_600_000)
    await ctx.pool.query(
      `insert into customer_scores (customer_id, as_of, model_version, rfm_segment, last_purchase_at, next_purchase_at) values ($1, $2, 'test', 'Promising', $3, $4)`,
      [await customer(email), now, at(-lastAgoHours), at(nextInHours)],
    )
  }
  await score('past@example.com', 30 * 24 + 5, -5)
  await score('quiet@example.com', 30 * 24 - 5, 24 * 20)
  await score('due@example.com', 24 * 9, 5)
  await score('far@example.com', 24, 24 * 20)
  later(1)
  await advanceTriggers(ctx)
  expect([await sendsOf(quiet), await sendsOf(due)]).toEqual([[], []])
  later(6)
  await advanceTriggers(ctx)
  expect([await sendsOf(quiet), await sendsOf(due)]).toEqual([['quiet@example.com'], ['due@example.com']])
})

test('the holdout of a triggered campaign is kept without message, and pausing stops the looking', async () => {
  const id = await start('Half', { delay_hours: 0 }, 0.5)
  for (let i = 0; i < 60; i++) await customer(`half${i}@example.com`)
  expect((await manager({ method: 'POST', url: `/api/v1/campaigns/${id}/pause`, payload: {} })).statusCode).toBe(200)
  later(1)
  expect((await advanceTriggers(ctx)).entered).toBe(60)
  expect(await stateOf(id)).toMatchObject({ waiting: 0, sent: 0 })
  await manager({ method: 'POST', url: `/api/v1/campaigns/${id}/resume` })
  later(0.1)
  await advanceTriggers(ctx)
  const state = await stateOf(id)
  expect(state.sent + state.holdout).toBe(60)
  expect(state.sent).toBeGreaterThan(10)
  expect(state.holdout).toBeGreaterThan(10)
  expect((await sendsOf(id)).length).toBe(state.sent)
})

test('what does not fit is refused with its place, and a running one has to be paused before it is changed', async () => {
  const post = (over: object) =>
    manager({
      method: 'POST',
      url: '/api/v1/campaigns',
      payload: { name: 'X', start_date: '2026-11-25', trigger: trigger(over) },
    })
  const paths = async (over: object): Promise<string[]> =>
    (await post(over)).json().errors.map((e: { path: string }) => e.path)
  expect(await paths({ exits: ['left_segment'] })).toEqual(['trigger.exits'])
  expect(await paths({ event: { on: 'segment_entered', segment: 'none' } })).toEqual(['trigger.event.segment'])
  expect(await paths({ template_id: templateOf('sms') })).toEqual(['trigger.template_id'])
  expect(await paths({ window: { start: '18:00', end: '09:00' } })).toEqual(['trigger.window.end'])
  expect(await paths({ event: { on: 'no_order', days: 3 } })).toEqual(['trigger.event.days'])
  const id = await start('Running')
  const change = () =>
    manager({ method: 'PUT', url: `/api/v1/campaigns/${id}/trigger`, payload: trigger({ delay_hours: 5 }) })
  expect((await change()).statusCode).toBe(409)
  await manager({ method: 'POST', url: `/api/v1/campaigns/${id}/pause`, payload: {} })
  expect((await change()).json()).toMatchObject({ trigger: { delay_hours: 5 } })
  const copy = await manager({ method: 'POST', url: `/api/v1/campaigns/${id}/clone`, payload: { name: 'Copy' } })
  expect(copy.json().campaign).toMatchObject({ name: 'Copy', type: 'triggered', status: 'draft' })
  expect(await stateOf(copy.json().campaign.id)).toMatchObject({ trigger: { delay_hours: 5 }, sent: 0 })
})
