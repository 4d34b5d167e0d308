import { expect, test } from 'vitest'
import { testApp } from './app.ts'
import { fuzzCallers } from './fuzz/callers.ts'
import { fuzz, idsIn } from './fuzz/run.ts'
import { leaveTraces } from './known-person.ts'

// The whole run is `npm run bench:fuzz` (100,000 requests); this is the same with fewer.
test('random and hostile requests over all routes: no answer of 500 or above, no hang, no stack', async () => {
  const testing = await testApp()
  const { ctx, app } = testing
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  await leaveTraces(testing)
  Object.assign(ctx.config, { privateAddresses: new Set() })
  // Not the limits are tried here but what lies behind them.
  ctx.limits.add = () => Promise.resolve({ count: 1, ttlMs: 1000 })
  const result = await fuzz(app, {
    seed: 20261126,
    count: 1400,
    known: { ids: await idsIn(ctx.pool) },
    callers: await fuzzCallers(ctx),
  })
  process.stdout.write(
    `fuzz: ${result.requests} requests over ${result.routes} routes, ${JSON.stringify(result.statuses)}, slowest ${Math.round(result.slowestMs)} ms (${result.slowest})\n`,
  )
  expect(result.faults.slice(0, 5)).toEqual([])
  expect(result.statuses['2xx']).toBeGreaterThan(150)
}, 120_000)
