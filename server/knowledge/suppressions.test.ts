import { expect, test } from 'vitest'
import type { ConsentRow, Suppression } from '#contract/consents.ts'
import type { Customer } from '#contract/knowledge.ts'
import { addressHash } from '../suppression.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const manager = as('manager')
const user = as('user')
const url = '/api/v1/suppressions'
type Entries = { data: Suppression[]; total: number; next_cursor: string | null }

async function customer(fields: object): Promise<Customer> {
  const made = await manager({ method: 'POST', url: '/api/v1/customers', payload: fields })
  expect(made.statusCode, made.body).toBe(201)
  return made.json()
}
const list = async (query = '', role = manager): Promise<Entries> =>
  (await role({ method: 'GET', url: `${url}?${query}` })).json()

test('an address is put on the list with a reason, found by the whole of it, and taken off with a reason', async () => {
  const added = await manager({
    method: 'POST',
    url,
    payload: { channel: 'email', address: ' Stranger@Example.com ', note: 'Wrote an angry letter' },
  })
  expect(added.statusCode, added.body).toBe(201)
  const [entry] = added.json<Entries>().data
  expect(entry).toMatchObject({
    channel: 'email',
    reason: 'manual',
    note: 'Wrote an angry letter',
    customer_id: null,
    address: null,
    created_by: 'manager',
    can_lift: true,
  })
  const find = (address: string) => user({ method: 'POST', url: `${url}/lookup`, payload: { address } })
  expect((await find('STRANGER@example.com')).json<Entries>().data).toHaveLength(1)
  expect((await find('stranger2@example.com')).json<Entries>().data).toEqual([])
  expect((await find('stranger')).statusCode).toBe(400)
  // Twice changes nothing.
  expect(
    (
      await manager({
        method: 'POST',
        url,
        payload: { channel: 'email', address: 'stranger@example.com', note: 'Again' },
      })
    ).json<Entries>().data,
  ).toMatchObject([{ note: 'Wrote an angry letter' }])
  expect(
    (await user({ method: 'POST', url, payload: { channel: 'email', address: 'a@b.com', note: 'nope' } })).statusCode,
  ).toBe(403)

  const lift = (id: string, note?: string) =>
    manager({ method: 'DELETE', url: `${url}/${id}`, payload: note === undefined ? {} : { note } })
  expect((await lift(entry!.id)).statusCode).toBe(400)
  expect((await lift(entry!.id, 'It was somebody else')).statusCode).toBe(204)
  expect((await lift(entry!.id, 'It was somebody else')).statusCode).toBe(404)
  const { rows } = await ctx.pool.query<{ action: string; reason: string }>(
    `select action, reason from audit_log where entity = 'suppression' order by id`,
  )
  expect(rows).toEqual([
    { action: 'suppression.added', reason: 'Wrote an angry letter' },
    { action: 'suppression.lifted', reason: 'It was somebody else' },
  ])
  expect(JSON.stringify((await ctx.pool.query('select * from suppressions')).rows)).not.toMatch(/stranger/i)
})

test('only what the shop put there can be lifted; for the rest it says who could', async () => {
  for (const reason of ['unsubscribe', 'hard_bounce', 'complaint', 'stop', 'erased']) {
    const { rows } = await ctx.pool.query<{ id: string }>(
      'insert into suppressions (channel, address_hash, reason) values ($1, $2, $3) returning id',
      ['email', addressHash(ctx.config, 'email', `${reason}@example.com`), reason],
    )
    const answer = await manager({ method: 'DELETE', url: `${url}/${rows[0]!.id}`, payload: { note: 'please' } })
    expect(answer.json(), reason).toMatchObject({ status: 409, facts: { reason } })
  }
  expect((await ctx.pool.query('select from suppressions')).rowCount).toBe(5)
})

test('a customer is closed on all channels at once, and the page names the address only to who may see it', async () => {
  const { id } = await customer({ name: 'Close Me', email: 'close@example.com', phone: '(212) 736-1111' })
  const closed = await manager({
    method: 'POST',
    url,
    payload: { channel: 'all', customer_id: id, note: 'Moved away' },
  })
  expect(
    closed
      .json<Entries>()
      .data.map((s) => s.address)
      .toSorted(),
  ).toEqual(['+12127361111', 'close@example.com'])
  const seen = await list(`customer_id=${id}`, user)
  expect(seen.data.map((s) => s.address).toSorted()).toEqual(['+1•••1111', 'c***@e***.com'])
  expect(seen.data[0]).toMatchObject({ customer_name: 'Close Me', channel: 'all' })
  const detail = (await manager({ method: 'GET', url: `/api/v1/customers/${id}` })).json<Customer>()
  for (const { can_contact, reasons } of detail.contactability) {
    expect(can_contact).toBe(false)
    expect(reasons[0]).toMatchObject({
      rule_id: 'person-suppressed',
      summary: expect.stringContaining('Somebody of the shop') as string,
    })
  }
  expect(
    (
      await manager({
        method: 'POST',
        url,
        payload: {
          channel: 'sms',
          customer_id: (await customer({ email: 'nophone@example.com' })).id,
          note: 'nothing to close',
        },
      })
    ).statusCode,
  ).toBe(400)
  expect(
    (
      await manager({
        method: 'POST',
        url,
        payload: { channel: 'sms', address: 'close@example.com', note: 'wrong channel' },
      })
    ).json(),
  ).toMatchObject({ errors: [{ path: 'channel' }] })
  expect((await manager({ method: 'POST', url, payload: { channel: 'all', note: 'nobody' } })).json()).toMatchObject({
    errors: [{ path: 'address' }],
  })
})

test('the list is filtered and walked without skipping or repeating', async () => {
  await ctx.pool.query(
    `insert into suppressions (channel, address_hash, reason, created_at) select (array['email', 'sms'])[1 + i % 2], sha256(i::text::bytea), 'unsubscribe', $1::timestamptz - make_interval(days => i) from generate_series(1, 60) as i`,
    [ctx.clock()],
  )
  const all = await list('reason=unsubscribe&page_size=200')
  expect(all.total).toBe(61)
  const walked: string[] = []
  for (let cursor = ''; ;) {
    const page = await list(`reason=unsubscribe&page_size=7${cursor && `&cursor=${cursor}`}`)
    walked.push(...page.data.map((s) => s.id))
    if (page.next_cursor === null) break
    cursor = page.next_cursor
  }
  expect(walked).toEqual(all.data.map((s) => s.id))
  expect((await list('reason=unsubscribe&channel=sms')).total).toBe(30)
  expect((await list('reason=unsubscribe&channel=sms&within_days=10')).total).toBe(5)
  expect((await list('reason=manual,complaint')).data.every((s) => ['manual', 'complaint'].includes(s.reason))).toBe(
    true,
  )
})

test('a consent is recorded with its proof and listed newest first; where it came from is for managers', async () => {
  const { id } = await customer({ name: 'Consent', email: 'consent@example.com' })
  const at = `/api/v1/customers/${id}/consents`
  const record = (payload: object, role = manager) => role({ method: 'POST', url: at, payload })
  const yes = await record({
    channel: 'email',
    status: 'granted',
    source: 'web form',
    text_version: 'v3',
    ip: '203.0.113.7',
    user_agent: 'Firefox',
    given_at: '2026-11-01T10:00:00Z',
  })
  expect(yes.statusCode, yes.body).toBe(201)
  expect(yes.json<Customer>()).toMatchObject({ email_consent: 'granted' })
  // The same again is no second proof.
  await record({ channel: 'email', status: 'granted', source: 'web form' })
  await record({ channel: 'email', status: 'denied', source: 'phone call', given_at: '2026-11-20T10:00:00Z' })
  const read = async (role = manager, query = '') =>
    (await role({ method: 'GET', url: `${at}?${query}` })).json<{ data: ConsentRow[]; next_cursor: string | null }>()
  expect((await read()).data).toMatchObject([
    { status: 'denied', source: 'phone call', given_at: '2026-11-20T10:00:00.000Z' },
    {
      status: 'granted',
      source: 'web form',
      text_version: 'v3',
      ip: '203.0.113.7',
      user_agent: 'Firefox',
      given_at: '2026-11-01T10:00:00.000Z',
    },
  ])
  expect((await read(user)).data.map((k) => [k.ip, k.user_agent])).toEqual([
    [null, null],
    [null, null],
  ])
  const first = await read(manager, 'page_size=1')
  expect((await read(manager, `page_size=1&cursor=${first.next_cursor}`)).data).toMatchObject([{ status: 'granted' }])
  expect((await record({ channel: 'email', status: 'granted', source: 'we want to' })).json()).toMatchObject({
    code: 'consent.suppressed',
  })
  expect(
    (await record({ channel: 'sms', status: 'granted', source: 'x', given_at: '2027-01-01T00:00:00Z' })).json(),
  ).toMatchObject({ errors: [{ path: 'given_at' }] })
  expect((await record({ channel: 'sms', status: 'granted', source: ' ' })).statusCode).toBe(400)
  expect((await record({ channel: 'sms', status: 'granted', source: 'x', ip: 'nonsense' })).statusCode).toBe(400)
  expect((await record({ channel: 'sms', status: 'granted', source: 'x' }, user)).statusCode).toBe(403)
  expect(
    (await manager({ method: 'GET', url: '/api/v1/customers/01900000-0000-7000-8000-000000000000/consents' }))
      .statusCode,
  ).toBe(404)
})
