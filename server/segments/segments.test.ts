import { expect, test } from 'vitest'
import type { Segment, SegmentDetail, SegmentPreview } from '#contract/segments.ts'
import { runJob } from '../background.ts'
import { jobHandlers } from '../jobs.ts'
import { refreshStaleSegments } from './refresh.ts'
import { testApp } from '#test/app.ts'

let now = new Date('2026-11-23T18:00:00Z')
const { ctx, as } = await testApp({ clock: () => now })
const manager = as('manager')
const base = '/api/v1/segments'

await ctx.pool.query(
  `insert into customers (external_id, email, name, state) select 'C' || i, 'c' || i || '@example.com', 'Customer ' || i, (array['NY', 'TX'])[1 + i % 2] from generate_series(1, 40) as i`,
)
await ctx.pool.query(
  `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'O' || c.external_id, c.id, $1::timestamptz - make_interval(days => substr(c.external_id, 2)::int), 5000 from customers as c`,
  [now],
)

async function settle(): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string }>(`select id from jobs where status = 'queued' order by id`)
  for (const { id } of rows) await runJob(ctx, id, jobHandlers, new AbortController().signal)
}
const ask = async <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object): Promise<T> => {
  const answer = await manager({ method, url, ...(payload ? { payload } : {}) })
  expect(answer.statusCode, answer.body).toBeLessThan(300)
  return answer.body ? answer.json<T>() : (undefined as T)
}
const recent = { orders: 'count', is: { op: 'at_least', value: 1 }, in: { last_days: 10 } }
const texan = { field: 'state', op: 'is', value: ['TX'] }
const moves = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await ctx.pool.query<{ type: string; n: number }>(
        `select e.event_type as type, count(*) as n from analytics_events as e where e.event_type like 'segment%' group by 1`,
      )
    ).rows.map((r) => [r.type, r.n]),
  )

test('a preview counts, says the rule in English and what each condition takes away, and stores nothing', async () => {
  const seen = await ask<SegmentPreview>('POST', `${base}/preview`, { rules: { all: [recent, texan] } })
  expect(seen).toMatchObject({
    sentence: 'ordered in the last 10 days and state is TX',
    count: 5,
    is_exact: true,
    customers: 40,
    without: [
      { part: 0, count: 20 },
      { part: 1, count: 10 },
    ],
  })
  expect(seen.sample).toHaveLength(5)
  expect(seen.sample.every((c) => c.state === 'TX')).toBe(true)
  expect((await ctx.pool.query('select 1 from segments')).rowCount).toBe(0)
})

test('a fault of a rule is named with its place', async () => {
  const faults: [unknown, string, RegExp][] = [
    [{ all: [texan, { field: 'shoe_size', op: 'is', value: ['9'] }] }, 'rules.all.1.field', /no field "shoe_size"/],
    [{ all: [] }, 'rules.all', /at least one condition/],
    [{ field: 'state', op: 'at_least', value: 3 }, 'rules.op', /can be asked with/],
    [{ ...recent, in: { from_days_ago: 3, to_days_ago: 9 } }, 'rules.in.to_days_ago', /must not be larger/],
    [{ field: 'store_id', op: 'is', value: ["'; drop table orders"] }, 'rules.value.0', /by its id/],
    [{ all: [{ any: [{ all: [{ any: [{ all: [texan] }] }] }] }] }, 'rules.all.0.any.0.all.0.any.0', /nest at most/],
  ]
  for (const [rules, path, message] of faults) {
    const answer = await manager({ method: 'POST', url: `${base}/preview`, payload: { rules } })
    expect(answer.statusCode).toBe(400)
    const [error] = answer.json<{ errors: { path: string; message: string }[] }>().errors
    expect(error?.path).toBe(path)
    expect(error?.message).toMatch(message)
  }
  expect((await as('user')({ method: 'POST', url: `${base}/preview`, payload: { rules: texan } })).statusCode).toBe(403)
})

test('a segment is filled, follows time by set difference, and says who came and went', async () => {
  const made = await ask<Segment>('POST', base, { name: 'Recent buyers', rules: recent })
  expect(made).toMatchObject({ key: 'recent_buyers', kind: 'rule', customer_count: 0, version: 1 })
  await settle()
  const shown = () => ask<SegmentDetail>('GET', `${base}/${made.id}`)
  expect(await shown()).toMatchObject({ customer_count: 10, sentence: 'ordered in the last 10 days' })
  // Filling it is nobody's doing.
  expect(await moves()).toEqual({})
  // Three days later three people have slipped out by themselves, and one has come back.
  now = new Date('2026-11-26T18:00:00Z')
  await ctx.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'late', c.id, $1, 100 from customers as c where c.external_id = 'C30'`,
    [new Date(now.getTime() - 3_600_000)],
  )
  expect(await refreshStaleSegments(ctx, new AbortController().signal)).toBe(1)
  expect(await refreshStaleSegments(ctx, new AbortController().signal)).toBe(0)
  // Sessions do not live that long.
  now = new Date('2026-11-23T18:05:00Z')
  expect(await shown()).toMatchObject({
    customer_count: 8,
    history: [
      { members: 10, entered: 10, left: 0 },
      { members: 8, entered: 1, left: 3 },
    ],
  })
  expect(await moves()).toEqual({ segment_entered: 1, segment_left: 3 })
  const { rows } = await ctx.pool.query(
    `select event_type, events from rollup_hourly where segment = 'recent_buyers' order by 1`,
  )
  expect(rows).toEqual([
    { event_type: 'segment_entered', events: 1 },
    { event_type: 'segment_left', events: 3 },
  ])
})

test('changed rules are a new version that can be taken back; a key stays and a name may repeat', async () => {
  const made = await ask<Segment>('POST', base, { name: 'Recent buyers', rules: { all: [recent, texan] } })
  expect(made.key).toBe('recent_buyers_2')
  await settle()
  await ask('PATCH', `${base}/${made.id}`, { rules: texan, name: 'Texans' })
  await settle()
  let seen = await ask<SegmentDetail>('GET', `${base}/${made.id}`)
  expect(seen).toMatchObject({ key: 'recent_buyers_2', name: 'Texans', customer_count: 20, version: 2 })
  expect(seen.versions.map((v) => v.version)).toEqual([2, 1])
  expect(seen.overlap[0]).toMatchObject({ name: 'Recent buyers' })
  await ask('PATCH', `${base}/${made.id}`, { rules: seen.versions[1]!.rules })
  await settle()
  seen = await ask<SegmentDetail>('GET', `${base}/${made.id}`)
  expect(seen).toMatchObject({ version: 3, sentence: 'ordered in the last 10 days and state is TX' })
  const { rows } = await ctx.pool.query(
    `select count(*) as n from audit_log where entity = 'segment' and entity_id = $1`,
    [made.id],
  )
  expect(rows).toEqual([{ n: 3 }])
})

test('a segment that a campaign plans with is not removed; another is, and comes back with its members', async () => {
  const made = await ask<Segment>('POST', base, { name: 'Texans again', rules: texan })
  await settle()
  await ctx.pool.query(
    `insert into campaigns (id, name, start_date, end_date, target_segments) values ('00000000-0000-7000-8000-000000000001', 'The week', '2026-11-30', '2026-12-06', $1)`,
    [[made.key]],
  )
  const refused = await manager({ method: 'DELETE', url: `${base}/${made.id}` })
  expect(refused.statusCode).toBe(409)
  expect(refused.json()).toMatchObject({
    detail: expect.stringContaining('The week plans with this segment') as string,
  })
  expect((await ask<SegmentDetail>('GET', `${base}/${made.id}`)).used_by).toMatchObject([{ name: 'The week' }])
  await ctx.pool.query('delete from campaigns')
  await ask('DELETE', `${base}/${made.id}`)
  expect((await manager({ method: 'GET', url: `${base}/${made.id}` })).statusCode).toBe(404)
  expect((await ask<{ data: Segment[] }>('GET', base)).data.map((s) => s.id)).not.toContain(made.id)
  expect(await ask<Segment>('POST', `${base}/${made.id}/restore`)).toMatchObject({ customer_count: 20 })
})

test('the RFM segments belong to scoring: their rules are fixed, their playbook is not', async () => {
  await ctx.pool.query(
    `insert into segments (id, key, name, kind, rules) values ('00000000-0000-7000-8000-000000000002', 'Lost', 'Lost', 'rfm', '{"all": [{"field": "rfm_segment", "op": "is", "value": ["Lost"]}]}')`,
  )
  const url = `${base}/00000000-0000-7000-8000-000000000002`
  expect((await manager({ method: 'PATCH', url, payload: { rules: texan } })).statusCode).toBe(400)
  expect((await manager({ method: 'DELETE', url })).statusCode).toBe(409)
  expect((await manager({ method: 'POST', url: `${url}/refresh` })).statusCode).toBe(409)
  expect(await ask<Segment>('PATCH', url, { optimal_channels: ['sms'] })).toMatchObject({
    optimal_channels: ['sms'],
    version: 1,
  })
  expect((await ask<SegmentDetail>('GET', url)).sentence).toBe('RFM segment is Lost')
})
