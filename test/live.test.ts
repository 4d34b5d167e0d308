import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Role } from '#contract/accounts.ts'
import type { Notice } from '#contract/notices.ts'
import { noticeKinds, noticeText } from '#core/notices.ts'
import { audit, systemActor } from '#server/audit.ts'
import { watchForNotices } from '#server/notice-watch.ts'
import { addNotices, noticeProviderAway, type NewNotice } from '#server/notices.ts'
import { testApp } from './app.ts'
import { bearerOf } from './sign-in.ts'

const { ctx, app, as } = await testApp()
await app.listen({ port: 0, host: '127.0.0.1' })
const port = (app.server.address() as AddressInfo).port
const userOf = async (role: Role): Promise<string> =>
  (await ctx.pool.query<{ id: string }>('select id from users where role = $1', [role])).rows[0]!.id

interface Message {
  topic: string
  cursor?: string
  notice?: Notice
  [name: string]: unknown
}
interface Live {
  got: Message[]
  socket: WebSocket
  closed: Promise<number>
}
const open: WebSocket[] = []
afterEach(() => open.splice(0).forEach((s) => s.close()))

async function listen(path: string, role: Role, after?: string): Promise<Live> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  open.push(socket)
  const live: Live = {
    got: [],
    socket,
    closed: new Promise((done) => socket.addEventListener('close', (e) => done(e.code))),
  }
  socket.addEventListener('message', (m) => live.got.push(JSON.parse(String(m.data)) as Message))
  await new Promise((done) => socket.addEventListener('open', done))
  const token = await bearerOf(ctx, await userOf(role))
  socket.send(JSON.stringify({ token, ...(after ? { after } : {}) }))
  await expect.poll(() => live.got[0]?.topic).toBe('ready')
  return live
}
const noticesOf = (live: Live): string[] => live.got.flatMap((m) => (m.notice ? [m.notice.text] : []))
const about = (source: string, more: Partial<NewNotice> = {}): NewNotice => ({
  kind: 'import_failed',
  level: 'risk',
  key: source,
  facts: { source },
  ...more,
})
const list = async (role: Role, query = '') =>
  (await as(role)({ url: `/api/v1/notices${query}` })).json<{
    data: Notice[]
    unread: number
    next_cursor: string | null
  }>()

test('a notice reaches whom it is for, at once, and is kept for who was away', async () => {
  const user = await listen('/ws/notifications', 'user')
  const admin = await listen('/ws/notifications', 'admin')
  await addNotices(ctx.pool, [
    about('everybody'),
    about('admins', { leastRole: 'admin' }),
    about('the user', { userId: await userOf('user') }),
  ])
  // The same key again is the same notice.
  expect(await addNotices(ctx.pool, [about('everybody')])).toBe(0)
  await expect
    .poll(() => noticesOf(user).toSorted())
    .toEqual(['Import of everybody failed', 'Import of the user failed'])
  await expect
    .poll(() => noticesOf(admin).toSorted())
    .toEqual(['Import of admins failed', 'Import of everybody failed'])
  expect((await list('user')).unread).toBe(2)
  expect((await list('manager')).data.map((n) => n.text)).toEqual(['Import of everybody failed'])
})

test('who lost us comes back with a cursor and misses nothing, however late it was committed', async () => {
  const before = await listen('/ws/notifications', 'manager')
  await addNotices(ctx.pool, [about('first')])
  await expect.poll(() => noticesOf(before)).toEqual(['Import of first failed'])
  const cursor = before.got.at(-1)!.cursor!
  before.socket.close()
  await before.closed

  // Begun before the cursor, committed after it.
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into notices (id, kind, facts) values (uuidv7_at(now() - interval '2 seconds'), 'import_failed', '{"source": "late"}') returning id`,
  )
  await addNotices(ctx.pool, [about('away')])
  const back = await listen('/ws/notifications', 'manager', cursor)
  await expect
    .poll(() => noticesOf(back))
    .toEqual(expect.arrayContaining(['Import of late failed', 'Import of away failed']))
  expect(back.got.map((m) => m.cursor)).toContain(rows[0]!.id)
  expect(back.got.map((m) => m.cursor)).not.toContain(cursor)
  await addNotices(ctx.pool, [about('then')])
  await expect.poll(() => noticesOf(back).at(-1)).toBe('Import of then failed')
})

test('reading is kept per user; nobody reads what is not theirs', async () => {
  const { data } = await list('user')
  const read = (role: Role, payload: object) => as(role)({ method: 'POST', url: '/api/v1/notices/read', payload })
  const admins = (await list('admin')).data.find((n) => n.text.includes('admins'))!
  expect((await read('user', { ids: [admins.id] })).json()).toMatchObject({ read: 0 })
  const { unread } = await list('user')
  expect((await read('user', { ids: [data[0]!.id] })).json()).toEqual({ read: 1, unread: unread - 1 })
  expect((await list('manager')).data.find((n) => n.id === data[0]!.id)).toMatchObject({ is_read: false })
  expect((await read('user', { up_to: data[0]!.id })).json()).toMatchObject({ unread: 0 })
  expect((await list('user', '?unread=true')).data).toEqual([])
  expect((await read('user', {})).statusCode).toBe(400)
  const first = await list('admin', '?page_size=2')
  const second = await list('admin', `?page_size=2&cursor=${first.next_cursor}`)
  expect(new Set([...first.data, ...second.data].map((n) => n.id)).size).toBe(4)
})

test('a watcher of a campaign sees its state when it comes and what it missed when it comes back', async () => {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into campaigns (name, status, start_date, end_date) values ('Rye', 'active', '2026-11-23', '2026-11-29') returning id`,
  )
  const id = rows[0]!.id
  await ctx.pool.query(
    `insert into sends (campaign_id, channel, recipient, due_at, window_end, status) select $1, 'email', 'x', now(), now(), s from unnest('{sent,sent,pending}'::text[]) as s`,
    [id],
  )
  const watcher = await listen(`/ws/campaign/${id}/status`, 'user')
  await expect
    .poll(() => watcher.got[1])
    .toMatchObject({ status: 'active', counts: { sent: 2, pending: 1 }, missed: [] })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'active', counts: { sent: 3 } })
  await expect.poll(() => watcher.got[2]).toMatchObject({ topic: `campaign.${id}`, counts: { sent: 3 } })
  const after = String(watcher.got[2]!['at'])
  watcher.socket.close()
  await watcher.closed
  await audit(ctx.pool, systemActor, { action: 'campaign.paused', entity: 'campaign', entityId: id })
  await ctx.pool.query(`update campaigns set status = 'paused' where id = $1`, [id])
  // The state is counted at most four times a second, whoever asks.
  await new Promise((done) => setTimeout(done, 300))
  const back = await listen(`/ws/campaign/${id}/status`, 'user', after)
  await expect.poll(() => back.got[1]).toMatchObject({ status: 'paused', missed: [{ action: 'campaign.paused' }] })
  // Other campaigns are not heard.
  await ctx.bus.publish('campaign.00000000-0000-7000-8000-000000000000', { status: 'x' })
  await ctx.bus.publish(`campaign.${id}`, { id, status: 'last' })
  await expect.poll(() => back.got.at(-1)!['status']).toBe('last')
  expect(back.got).toHaveLength(3)
})

test('no token, a forged one, a foreign page, no campaign: the door stays shut', async () => {
  const knock = async (path: string, first: string, headers: Record<string, string> = {}): Promise<number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers } as never)
    const closed = new Promise<number>((done) => socket.addEventListener('close', (e) => done(e.code)))
    socket.addEventListener('open', () => socket.send(first))
    return closed
  }
  expect(await knock('/ws/notifications', '{"token": "x"}')).toBe(4401)
  expect(await knock('/ws/notifications', 'nonsense')).toBe(4401)
  expect(await knock('/ws/campaign/1/status', '{}')).toBe(4404)
  expect(await knock('/ws/notifications', '{}', { origin: 'https://evil.test' })).toBe(4403)
})

test('what happens in the shop becomes a notice, once', async () => {
  await ctx.pool.query(
    `insert into imports (kind, source, status, finished_at, rows_new, rows_changed) values ('customers', 'till.csv', 'succeeded', now(), 812, 401)`,
  )
  await ctx.pool.query(`insert into jobs (kind, status, finished_at) values ('segment_refresh', 'failed', now())`)
  await ctx.pool.query(
    `insert into campaigns (name, status, start_date, end_date, finished_at, total_sends, completed_sends) values ('Gin week', 'completed', '2026-11-16', '2026-11-22', now(), 900, 899)`,
  )
  await ctx.pool.query(
    `insert into channel_providers (channel, kind, key, name) values ('email', 'smtp', 'relay', 'Our relay')`,
  )
  for (let i = 0; i < 3; i++) await noticeProviderAway(ctx, 'relay')
  await ctx.pool.query(
    `insert into provider_hooks (provider_id, last_refused_at, last_refusal) select p.id, now(), 'Login failed for ann@example.com' from channel_providers as p`,
  )
  await ctx.pool.query(
    `insert into experiments (name, kind, status, salt, arms) values ('Two subjects', 'ab', 'running', 's', '{"outcome": "broken"}')`,
  )
  await ctx.pool.query(
    `insert into inbound_messages (channel, provider, sender, body, meaning, because) select 'sms', 'twilio', '+1', 'hi', 'other', 'x' from generate_series(1, 2)`,
  )
  expect(await watchForNotices(ctx)).toBe(6)
  expect(await watchForNotices(ctx)).toBe(0)
  const { data } = await list('admin', '?page_size=7')
  expect(data.map((n) => n.text).toSorted()).toEqual([
    '2 customers wrote back',
    'Gin week is done: 899 of 900 messages left, 0 failed',
    'Import of till.csv: 812 new, 401 changed, 0 refused',
    'Our relay takes no messages; they wait, or leave through another provider',
    'Segment Refresh failed',
    'The bounce mailbox of Our relay cannot be read',
    'The draw of Two subjects is broken: its versions got other shares than planned, so it shows no figures',
  ])
  expect(JSON.stringify(data)).not.toContain('ann@example.com')
  expect(noticeKinds.map((kind) => noticeText(kind, {}))).not.toContain('')
  expect(noticeText('of_tomorrow', {})).toBe('of tomorrow')
})
