import { expect, test } from 'vitest'
import { localDate } from '#core/calendar.ts'
import { systemActor } from '../audit.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { editPlan } from './edit.ts'
import { generatePlan } from './generate.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-25T16:00:00Z') })
const user = as('user')
const sql = async <T extends object>(text: string, args: unknown[] = []): Promise<T[]> =>
  (await ctx.pool.query<T>(text, args)).rows

await seedTemplates(ctx)
await sql(
  `insert into settings (name, value) values ('shop', '{"name":"Elm Cellars","time_zone":"America/Chicago","from_name":"Elm","from_email":"e@example.com"}')`,
)
await sql(
  `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Elm', 'Elm LLC', '1 Elm Row', 'Dallas', 'TX', '75201', 'America/Chicago')`,
)
await sql(`insert into offers (key, title, kind) values ('picks', 'Weekend picks', 'content')`)
await sql(
  `insert into segments (key, name, kind, rules, recommended_offers) values ('regulars', 'Regulars', 'rfm', '{}', '["content"]')`,
)
await sql(`insert into customers (email, name, first_name, age_status, email_consent, state, time_zones)
  select 'c' || g || '@example.com', 'Customer ' || g, 'First' || g, 'dob_verified', case when g % 4 = 0 then 'denied' else 'granted' end, 'TX', '{America/Chicago}' from generate_series(1, 40) as g`)
await sql(
  `insert into segment_members (segment_id, customer_id) select g.id, c.id from customers as c cross join segments as g where c.name <> 'Customer 40'`,
)
await sql(`insert into orders (external_id, customer_id, ordered_at, total_cents) select 'o' || c.id || w, c.id, timestamptz '2026-11-20 22:00Z' - w * interval '7 days', 5000 from customers as c cross join generate_series(0, 6) as w`) // prettier-ignore
const { id, plan } = await generatePlan(ctx, { weekStart: '2026-11-30', engine: 'heuristic', actor: systemActor })
const entry = plan.entries.find((e) => e.channel === 'email')!

const preview = async (query: Record<string, string>, status = 200) => {
  const reply = await user({
    method: 'GET',
    url: `/api/v1/campaigns/${id}/preview?${new URLSearchParams({ entry: entry.id, ...query }).toString()}`,
  })
  expect(reply.statusCode, reply.body).toBe(status)
  return reply.json()
}
const customer = async (n: number): Promise<string> =>
  (await sql<{ id: string }>('select id from customers where name = $1', [`Customer ${n}`]))[0]!.id

test('a message is shown as the first customer gets it whom it reaches, with their name, store and hour', async () => {
  const shown = await preview({})
  expect(shown).toMatchObject({ status: 'pending', refused_by: null, message: { problems: [] } })
  expect(localDate(new Date(shown.due_at), 'America/Chicago')).toBe(entry.day)
  const n = shown.customer_name.split(' ')[1]
  expect(shown.message.text).toContain(`First${n}`)
  expect(shown.message.html).toContain('1 Elm Row')
  expect(shown.message.html).toContain('Weekend picks')
  expect(await sql('select 1 from sends')).toEqual([])
})

test('the next customer is another one, and after the last it begins again', async () => {
  const seen = new Set<string>()
  let after: string | undefined
  for (let i = 0; i < 60; i++) {
    const shown = await preview(after ? { after } : {})
    expect(shown.status).toBe('pending')
    seen.add(shown.customer_name)
    after = shown.customer_id
  }
  expect(seen.size).toBe(entry.reach)
})

test('for a customer of one’s choice it says what keeps the message back', async () => {
  const refused = await preview({ customer_id: await customer(4) })
  expect(refused).toMatchObject({ customer_name: 'Customer 4', status: 'skipped', due_at: null })
  expect(refused.refused_by).toMatch(/consent/)
  expect(refused.message.text).toContain('First4')
  // Not in the segment at all: shown, and said that it is not meant for them.
  expect(await preview({ customer_id: await customer(40) })).toMatchObject({ status: null, refused_by: null })
})

test('words of the plan stand in place of the template’s', async () => {
  const copy = { subject: 'Six bottles for Friday', preheader: 'Chosen at the counter', headline: '', body: '' }
  await editPlan(ctx, systemActor, id, 1, [{ op: 'change', entry_id: entry.id, copy }])
  const { message } = await preview({})
  expect(message).toMatchObject({ subject: copy.subject, preheader: copy.preheader })
})

test('an entry or a customer that is not there is not found', async () => {
  expect(await preview({ entry: 'no such entry' }, 404)).toMatchObject({ code: 'not_found' })
  await preview({ customer_id: '01900000-0000-7000-8000-000000000009' }, 404)
  await preview({ customer_id: 'nobody' }, 400)
})
