import { beforeAll, describe, expect, test } from 'vitest'
import type { BulkRequest } from '#contract/bulk.ts'
import type { Job } from '#contract/common.ts'
import type { Segment } from '#contract/segments.ts'
import { cancelJob, readJob, runJob } from '#server/background.ts'
import { jobHandlers } from '#server/jobs.ts'
import { addressHash } from '#server/suppression.ts'
import { testApp } from '#test/app.ts'
import { finishJob, resultOf } from '#test/jobs.ts'

const many = 20_000
const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const manager = as('manager')
type Wish = Partial<BulkRequest> & Record<string, unknown>
interface Tally {
  matched: number
  changed: number
  same: number
}

beforeAll(async () => {
  await ctx.pool.query(`insert into customers (external_id, email, phone, name, state, tags)
    select 'B' || i, 'b' || i || '@example.com', case when i % 2 = 0 then '+1312' || (5000000 + i) end, 'Bulk ' || i,
      (array['NY', 'TX'])[1 + i % 2], case when i % 10 = 0 then '{wine}'::text[] else '{}' end from generate_series(1, ${many}) as i`)
  await ctx.pool.query(
    `insert into customers (external_id, email, name, state) values ('other', 'other@example.com', 'Other', 'CA')`,
  )
})

async function start(wish: Wish, role: 'admin' | 'manager' | 'user' = 'manager'): Promise<Job> {
  const answer = await as(role)({ method: 'POST', url: '/api/v1/customers/bulk', payload: wish })
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json()
}
const refused = async (wish: Wish, role: 'admin' | 'manager' | 'user' = 'manager') => {
  const answer = await as(role)({ method: 'POST', url: '/api/v1/customers/bulk', payload: wish })
  expect(answer.statusCode, answer.body).toBeGreaterThanOrEqual(400)
  return answer.json<{ status: number; detail: string; errors?: { path: string }[] }>()
}
const run = async (wish: Wish, role?: 'admin'): Promise<Tally & { id: string }> => {
  const job = await start(wish, role)
  return { ...(await resultOf<Tally>(ctx, job)), id: job.id }
}
async function undo(id: string): Promise<Tally> {
  const answer = await manager({ method: 'POST', url: `/api/v1/jobs/${id}/undo` })
  expect(answer.statusCode, answer.body).toBe(202)
  return resultOf(ctx, answer.json<Job>())
}
async function count(sql: string, ...values: unknown[]): Promise<number> {
  const { rows } = await ctx.pool.query<{ n: number }>(`select count(*) as n from ${sql}`, values)
  return rows[0]!.n
}
const firstIds = async (n: number): Promise<string[]> =>
  (
    await ctx.pool.query<{ id: string }>(
      `select c.id from customers as c where c.external_id like 'B%' order by c.id limit $1`,
      [n],
    )
  ).rows.map((r) => r.id)

describe('tags', () => {
  test('a filter over 20,000 customers tags exactly those it means, once, and undo takes it from exactly those', async () => {
    const before = await count(`customers as c where 'wine' = any(c.tags)`)
    const done = await run({ action: 'add_tag', tag: ' Wine ', filter: { state: ['NY', 'TX'] } })
    expect(done).toMatchObject({ matched: many, changed: many - before, same: before })
    expect(await count(`customers as c where c.tags = '{wine}'`)).toBe(many)
    expect(await count(`customers as c where c.state = 'CA' and c.tags = '{}'`)).toBe(1)
    // Each one's own trail says it, once.
    expect(
      await count(`audit_log as l where l.action = 'customer.tagged' and l.after ->> 'job_id' = $1`, done.id),
    ).toBe(many - before)
    expect(await readJob(ctx, done.id)).toMatchObject({ done: many, total: many, can_undo: true })

    expect(await undo(done.id)).toEqual({ matched: many - before, changed: many - before, same: 0 })
    expect(await count(`customers as c where 'wine' = any(c.tags)`)).toBe(before)
    expect((await readJob(ctx, done.id)).can_undo).toBe(false)
    const again = await manager({ method: 'POST', url: `/api/v1/jobs/${done.id}/undo` })
    expect(again.json()).toMatchObject({ status: 409, detail: 'This was taken back already.' })
  }, 60_000)

  test('undo leaves alone what somebody changed since', async () => {
    const ids = await firstIds(3)
    const done = await run({ action: 'add_tag', tag: 'regular', ids })
    await ctx.pool.query(`update customers set tags = array_remove(tags, 'regular') where id = $1`, [ids[0]])
    expect(await undo(done.id)).toEqual({ matched: 3, changed: 2, same: 1 })
  })

  test('a job that changes what its own filter asks for still means everybody it began with', async () => {
    const done = await run({ action: 'add_tag', tag: 'seen', filter: { without_tags: ['seen'], state: ['TX'] } })
    expect(done).toMatchObject({ matched: many / 2, changed: many / 2 })
    expect(await run({ action: 'remove_tag', tag: 'seen', filter: { tags: ['seen'] } })).toMatchObject({
      changed: many / 2,
    })
  }, 60_000)

  test('tags are listed with counts, renamed into one another and back, and removed; not while a segment asks for them', async () => {
    const ids = await firstIds(4)
    await run({ action: 'add_tag', tag: 'vip', ids: ids.slice(0, 3) })
    await run({ action: 'add_tag', tag: 'v.i.p.', ids: ids.slice(2) })
    const list = async (q: string) =>
      (await as('user')({ method: 'GET', url: `/api/v1/tags?q=${q}` })).json<{
        data: { tag: string; customers: number; used_by: string[] }[]
      }>().data
    expect(await list('v')).toEqual([
      { tag: 'vip', customers: 3, used_by: [] },
      { tag: 'v.i.p.', customers: 2, used_by: [] },
    ])
    const renamed = await manager({ method: 'PATCH', url: '/api/v1/tags/v.i.p.', payload: { name: 'VIP' } })
    expect(renamed.statusCode, renamed.body).toBe(202)
    expect(await resultOf(ctx, renamed.json<Job>())).toMatchObject({ matched: 2, changed: 2 })
    expect(await list('v')).toEqual([{ tag: 'vip', customers: 4, used_by: [] }])
    await undo(renamed.json<Job>().id)
    expect(await list('v')).toEqual([
      { tag: 'vip', customers: 3, used_by: [] },
      { tag: 'v.i.p.', customers: 2, used_by: [] },
    ])
    const rules = { all: [{ any: [{ field: 'tags', op: 'has_any', value: ['gin', 'vip'] }] }] }
    const made = await manager({ method: 'POST', url: '/api/v1/segments', payload: { name: 'Important', rules } })
    expect((await list('vip'))[0]?.used_by).toEqual(['Important'])
    for (const answer of [
      await manager({ method: 'DELETE', url: '/api/v1/tags/vip' }),
      await manager({ method: 'PATCH', url: '/api/v1/tags/vip', payload: { name: 'x' } }),
    ])
      expect(answer.json()).toMatchObject({ status: 409, facts: { segments: ['Important'] } })
    await manager({ method: 'DELETE', url: `/api/v1/segments/${made.json<Segment>().id}` })
    const removed = await manager({ method: 'DELETE', url: '/api/v1/tags/vip' })
    expect(await resultOf(ctx, removed.json<Job>())).toMatchObject({ changed: 3 })
    expect((await manager({ method: 'DELETE', url: '/api/v1/tags/vip' })).statusCode).toBe(404)
    expect((await as('user')({ method: 'DELETE', url: '/api/v1/tags/wine' })).statusCode).toBe(403)
  })
})

describe('the do-not-contact list', () => {
  test('addresses are closed by channel with a reason; undo and lifting touch only what the shop put there', async () => {
    const ids = await firstIds(4)
    const [, second] = ids
    // One of them said no by themselves before.
    await ctx.pool.query(
      `insert into suppressions (channel, address_hash, customer_id, reason) select 'email', $2, $1, 'unsubscribe'`,
      [second, addressHash(ctx.config, 'email', 'b2@example.com')],
    )
    const closed = await run({ action: 'suppress', channel: 'email', note: 'Staff, not customers', ids })
    expect(closed).toMatchObject({ matched: 4, changed: 3, same: 1 })
    const { rows } = await ctx.pool.query<{ reason: string; note: string; created_by: string | null }>(
      `select s.reason, s.note, s.created_by from suppressions as s where s.job_id = $1`,
      [closed.id],
    )
    expect(rows).toHaveLength(3)
    expect(rows.every((r) => r.reason === 'manual' && r.note === 'Staff, not customers' && r.created_by !== null)).toBe(
      true,
    )
    expect(
      await count(`audit_log as l where l.action = 'customer.suppressed' and l.reason = 'Staff, not customers'`),
    ).toBe(3)

    const lifted = await run({ action: 'unsuppress', note: 'They left the team', ids })
    expect(lifted).toMatchObject({ matched: 4, changed: 3, same: 1 })
    expect(await count(`suppressions as s where s.reason = 'manual'`)).toBe(0)
    expect(await count(`suppressions as s where s.reason = 'unsubscribe'`)).toBe(1)
    expect(await undo(lifted.id)).toMatchObject({ changed: 3 })
    expect(await count(`suppressions as s where s.reason = 'manual' and s.note = 'Staff, not customers'`)).toBe(3)
  })

  test('`all` closes email and phone, and undo opens both again', async () => {
    const ids = (
      await ctx.pool.query<{ id: string }>(`select c.id from customers as c where c.external_id in ('B100', 'B102')`)
    ).rows.map((r) => r.id)
    const closed = await run({ action: 'suppress', channel: 'all', note: 'Asked at the till', ids })
    expect(closed).toMatchObject({ matched: 2, changed: 2 })
    expect(await count('suppressions as s where s.job_id = $1', closed.id)).toBe(4)
    const one = (await manager({ method: 'GET', url: `/api/v1/customers/${ids[0]}` })).json<{
      contactability: { reasons: { rule_id: string }[] }[]
    }>()
    for (const channel of one.contactability)
      expect(channel.reasons.map((r) => r.rule_id)).toContain('person-suppressed')
    expect(await undo(closed.id)).toMatchObject({ changed: 2 })
    expect(await count('suppressions as s where s.job_id = $1', closed.id)).toBe(0)
  })
})

describe('deleting', () => {
  test('deleting many is taken back by undo or by restoring; merged and erased ones stay away', async () => {
    const done = await run({ action: 'delete', filter: { q: 'B19' } })
    expect(done.matched).toBeGreaterThan(1000)
    expect(done.changed).toBe(done.matched)
    const listed = async (query: string): Promise<number> =>
      (await manager({ method: 'GET', url: `/api/v1/customers?page_size=1&${query}` })).json<{ total: number }>().total
    expect(await listed('q=B19')).toBe(0)
    expect(await listed('q=B19&deleted=true')).toBe(done.matched)
    expect(await undo(done.id)).toMatchObject({ changed: done.matched, same: 0 })
    expect(await listed('q=B19')).toBe(done.matched)

    await run({ action: 'delete', filter: { q: 'B1999' } })
    await ctx.pool.query(`update customers set erased_at = now() where external_id = 'B19990'`)
    const restored = await run({ action: 'restore', filter: { q: 'B1999' } })
    expect(restored).toMatchObject({ matched: 10, changed: 10 })
    expect(await count('customers as c where c.deleted_at is not null')).toBe(1)
    expect(await undo(restored.id)).toMatchObject({ changed: 10 })
    await run({ action: 'restore', filter: { q: 'B1999' } })
    await ctx.pool.query(`update customers set erased_at = null, deleted_at = null where external_id = 'B19990'`)
    // A search text may be an address: the job does not keep it once it has begun.
    expect(await count(`jobs as j where j.kind = 'customers_bulk' and j.input -> 'filter' ? 'q'`)).toBe(0)
    expect(await count(`audit_log as l where l.action = 'customers.bulk_started' and l.after::text like '%B19%'`)).toBe(
      0,
    )
  }, 60_000)
})

describe('hand-picked segments', () => {
  test('customers are added to and taken out of a hand-picked segment, with events, count and undo', async () => {
    const made = await manager({
      method: 'POST',
      url: '/api/v1/segments/hand-picked',
      payload: { name: 'Tasting guests' },
    })
    expect(made.statusCode, made.body).toBe(201)
    const segment = made.json<Segment>()
    expect(segment).toMatchObject({ kind: 'snapshot', customer_count: 0 })
    const members = async (): Promise<number> =>
      (await manager({ method: 'GET', url: `/api/v1/segments/${segment.id}/customers?page_size=1` })).json<{
        total: number
      }>().total
    const counted = async (): Promise<number> =>
      (await manager({ method: 'GET', url: `/api/v1/segments/${segment.id}` })).json<Segment>().customer_count
    const added = await run({ action: 'add_to_segment', segment_id: segment.id, filter: { state: ['NY'] } })
    expect(added).toMatchObject({ matched: many / 2, changed: many / 2 })
    expect([await members(), await counted()]).toEqual([many / 2, many / 2])
    expect(
      await count(`analytics_events as e where e.event_type = 'segment_entered' and e.segment = 'tasting_guests'`),
    ).toBe(many / 2)
    const some = (
      await ctx.pool.query<{ id: string }>(
        `select m.customer_id as id from segment_members as m where m.segment_id = $1 limit 5`,
        [segment.id],
      )
    ).rows.map((r) => r.id)
    const taken = await run({ action: 'remove_from_segment', segment_id: segment.id, ids: some })
    expect(taken).toMatchObject({ changed: 5 })
    expect(await counted()).toBe(many / 2 - 5)
    await undo(taken.id)
    expect(await counted()).toBe(many / 2)
    await undo(added.id)
    expect([await members(), await counted()]).toEqual([0, 0])
    // Nobody counts it anew: there is no rule to ask.
    expect((await manager({ method: 'POST', url: `/api/v1/segments/${segment.id}/refresh` })).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('picked by hand') as string,
    })
  }, 60_000)

  test('nobody is added by hand to a segment that follows a rule', async () => {
    const made = await manager({
      method: 'POST',
      url: '/api/v1/segments',
      payload: { name: 'Texans', rules: { field: 'state', op: 'is', value: ['TX'] } },
    })
    const answer = await refused({
      action: 'add_to_segment',
      segment_id: made.json<Segment>().id,
      ids: await firstIds(1),
    })
    expect(answer).toMatchObject({ status: 409, detail: expect.stringContaining('Texans follows its rule') as string })
  })
})

describe('who may, and what is refused', () => {
  test('role user exports and nothing else; erasing many needs an admin and the number they saw', async () => {
    const ids = await firstIds(2)
    for (const wish of [
      { action: 'add_tag', tag: 'x', ids },
      { action: 'delete', ids },
      { action: 'suppress', channel: 'all', note: 'because', ids },
    ])
      expect((await refused(wish as Wish, 'user')).status).toBe(403)
    expect((await refused({ action: 'erase', reason: 'customer_request', expected: 2, ids })).status).toBe(403)
    const changed = await refused({ action: 'erase', reason: 'customer_request', expected: 3, ids }, 'admin')
    expect(changed).toMatchObject({
      status: 409,
      detail: 'You agreed to 3, but now it would be 2. Look at the list again.',
    })
  })

  test('whom must be said in exactly one way, and a reason where one is needed', async () => {
    const ids = await firstIds(1)
    expect((await refused({ action: 'add_tag', tag: 'x' })).errors?.[0]?.path).toBe('filter')
    expect((await refused({ action: 'add_tag', tag: 'x', ids, filter: {} })).errors?.[0]?.path).toBe('filter')
    expect((await refused({ action: 'suppress', channel: 'all', ids })).errors?.[0]?.path).toBe('note')
    expect((await refused({ action: 'add_tag', tag: '  ', ids })).errors?.[0]?.path).toBe('tag')
    expect((await refused({ action: 'burn' as never, ids })).status).toBe(400)
    expect((await refused({ action: 'add_tag', tag: 'x', filter: { nonsense: 1 } as never })).status).toBe(400)
  })

  test('who came after the question was asked is not meant by it', async () => {
    const job = await start({ action: 'add_tag', tag: 'everybody', filter: {} })
    await ctx.pool.query(`insert into customers (external_id, name) values ('late', 'Late')`)
    const done = await resultOf<Tally>(ctx, job)
    expect(done.matched).toBe(many + 1)
    expect(await count(`customers as c where c.external_id = 'late' and c.tags = '{}'`)).toBe(1)
    await undo(job.id)
  }, 60_000)

  test('a search that found nobody means nobody, also when the job goes on after a crash', async () => {
    const job = await start({ action: 'add_tag', tag: 'oops', filter: { q: 'nobody@nowhere.example' } })
    expect(await resultOf(ctx, job)).toEqual({ matched: 0, changed: 0, same: 0 })
    await ctx.pool.query(`update jobs set status = 'running', finished_at = null where id = $1`, [job.id])
    expect(await resultOf(ctx, job)).toEqual({ matched: 0, changed: 0, same: 0 })
    expect(await count(`customers as c where 'oops' = any(c.tags)`)).toBe(0)
  })

  test('a stopped job changes nobody more, and what it did can be taken back', async () => {
    const job = await start({ action: 'add_tag', tag: 'half', filter: {} })
    const stopped = await new Promise<number>((resolve, reject) => {
      const timer = setInterval(() => {
        void readJob(ctx, job.id).then(async ({ done }) => {
          if (done < 1000) return
          clearInterval(timer)
          await cancelJob(ctx, job.id)
          resolve(await count(`customers as c where 'half' = any(c.tags)`))
        }, reject)
      }, 5)
      void runJob(ctx, job.id, jobHandlers, new AbortController().signal)
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(stopped).toBeGreaterThanOrEqual(1000)
    expect(stopped).toBeLessThan(many)
    expect(await count(`customers as c where 'half' = any(c.tags)`)).toBe(stopped)
    expect(await readJob(ctx, job.id)).toMatchObject({ status: 'cancelled', can_undo: true })
    expect((await undo(job.id)).changed).toBe(stopped)
    expect(await count(`customers as c where 'half' = any(c.tags)`)).toBe(0)
  }, 60_000)

  test('after seven days there is no undo', async () => {
    const job = await start({ action: 'add_tag', tag: 'old', ids: await firstIds(1) })
    await finishJob(ctx, job)
    await ctx.pool.query(`update jobs set undo_until = now() - interval '1 second' where id = $1`, [job.id])
    expect((await manager({ method: 'POST', url: `/api/v1/jobs/${job.id}/undo` })).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining('the 7 days for it are over') as string,
    })
  })
})
