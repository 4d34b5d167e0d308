import { beforeAll, expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import type { Ctx } from '../context.ts'
import { startNightlyScores } from './nightly.ts'

let now = new Date('2026-11-24T07:59:00Z')
let ctx: Ctx
const kinds = async (): Promise<string[]> =>
  (await ctx.pool.query<{ kind: string }>('select jobs.kind from jobs order by jobs.created_at')).rows.map(
    (j) => j.kind,
  )

beforeAll(async () => {
  // New York: 3 a.m. is 08:00 UTC in November
  ctx = await testContext({ clock: () => now })
})

test('scores are made anew every night at three by the shop’s clock, once, whoever asks', async () => {
  now = new Date('2026-11-24T08:01:00Z')
  expect(await startNightlyScores(ctx)).toBe(false) // nothing to score yet
  await ctx.pool.query(
    `with c as (insert into customers (email) values ('a@shop.test') returning id)
     insert into orders (external_id, customer_id, ordered_at, total_cents) select '1', c.id, now(), 100 from c`,
  )
  now = new Date('2026-11-24T07:59:00Z')
  expect(await startNightlyScores(ctx)).toBe(false)
  now = new Date('2026-11-24T08:01:00Z')
  expect((await Promise.all([1, 2, 3].map(() => startNightlyScores(ctx)))).filter(Boolean)).toHaveLength(1)
  expect(await kinds()).toEqual(['nightly_scores'])
})

test('a run that was done after three is not repeated, one that failed is tried again an hour later', async () => {
  await ctx.pool.query(`update jobs set status = 'succeeded', finished_at = $1`, [now])
  await ctx.pool.query(
    `insert into model_versions (version, as_of, model, fit, created_at) values ('v', $1, '{}', '{}', $1)`,
    [now],
  )
  expect(await startNightlyScores(ctx)).toBe(false)
  now = new Date('2026-11-25T08:05:00Z')
  expect(await startNightlyScores(ctx)).toBe(true)
  await ctx.pool.query(`update jobs set status = 'failed', finished_at = $1 where status = 'queued'`, [now])
  now = new Date('2026-11-25T08:30:00Z')
  expect(await startNightlyScores(ctx)).toBe(false)
  now = new Date('2026-11-25T09:10:00Z')
  expect(await startNightlyScores(ctx)).toBe(true)
})
