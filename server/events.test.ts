import { expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { testContext } from '#test/context.ts'
import { appendEvents, type NewEvent } from './events.ts'
import { rebuildRollups } from './rollups.ts'

const ctx = await testContext()
const campaignId = '01900000-0000-7000-8000-000000000001'

async function rollup(): Promise<unknown[]> {
  return (
    await ctx.pool.query(
      'select hour, campaign_id, channel, segment, event_type, machine, events, value_cents from rollup_hourly order by 1, 2, 3, 4, 5, 6',
    )
  ).rows
}

test('an event that arrives twice is counted once', async () => {
  const open: NewEvent = {
    type: 'open',
    at: new Date('2026-11-20T10:00:00Z'),
    key: 'open:1',
    campaignId,
    channel: 'email',
  }
  expect(await appendEvents(ctx.pool, [open, open])).toBe(1)
  expect(await appendEvents(ctx.pool, [open])).toBe(0)
  expect((await ctx.pool.query('select count(*) as n from analytics_events')).rows[0]).toEqual({ n: 1 })
})

test('the rollup equals a recount of the events, also when writers race', async () => {
  const types = ['sent', 'open', 'click', 'purchase']
  const batches = Array.from({ length: 12 }, (_, b) =>
    Array.from({ length: 40 }, (_, i): NewEvent => ({
      type: types[(b + i) % 4]!,
      at: new Date(Date.UTC(2026, 10, 20, (b * 7 + i) % 24, i)),
      // Every third batch repeats the keys of the one before.
      key: `race:${b - (b % 3 === 2 ? 1 : 0)}:${i}`,
      campaignId: i % 2 ? campaignId : null,
      channel: i % 3 ? 'email' : 'sms',
      machine: i % 5 === 0,
      valueCents: i * 100,
    })),
  )
  const added = await Promise.all(batches.map((batch) => appendEvents(ctx.pool, batch)))
  expect(added.reduce((a, b) => a + b, 0)).toBe(8 * 40)
  const kept = await rollup()
  await withTx(ctx.pool, rebuildRollups)
  expect(await rollup()).toEqual(kept)
})

test('a late event lands in the partition of its own month', async () => {
  await appendEvents(ctx.pool, [{ type: 'click', at: new Date(Date.now() - 62 * 86_400_000), key: 'late' }])
  const { rows } = await ctx.pool.query<{ ok: boolean }>(
    `select e.tableoid::regclass::text = to_char(e.occurred_at, '"analytics_events_"YYYY_MM') as ok from analytics_events as e where e.event_type = 'click' order by e.occurred_at limit 1`,
  )
  expect(rows[0]!.ok).toBe(true)
})
