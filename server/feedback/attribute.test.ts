import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attributeOrder, type Touch } from '#core/feedback/attribution.ts'
import { appendEvents } from '../events.ts'
import { attributeNewOrders, attributeOpenOrders, attributeOrders } from './attribute.ts'
import { placeOrder, sendMessages, shopOf } from '#test/sent-shop.ts'

const { ctx } = await shopOf()
const day = 86_400_000
const start = Date.parse('2026-10-01T12:00:00Z')

test('the set-wise SQL and the rule in core agree on random customers, clicks and orders', async () => {
  const codes = ['RYE10', 'GIN5', null]
  const campaigns = [
    await sendMessages(ctx, 40, new Date(start), { code: 'RYE10' }),
    await sendMessages(ctx, 40, new Date(start + 4 * day), { code: 'GIN5' }),
  ]
  // The same customer gets the messages of both campaigns.
  await ctx.pool.query(
    `update sends set customer_id = x.a from (select unnest($1::uuid[]) as a, unnest($2::uuid[]) as b) as x where sends.customer_id = x.b`,
    [campaigns[0]!.map((m) => m.customerId), campaigns[1]!.map((m) => m.customerId)],
  )
  const plans = fc.sample(
    fc.record({
      clicks: fc.array(fc.record({ campaign: fc.nat(1), after: fc.integer({ min: 1, max: 20 * 24 }) }), {
        maxLength: 4,
      }),
      orders: fc.array(
        fc.record({
          after: fc.integer({ min: -48, max: 40 * 24 }),
          code: fc.constantFrom('rye10', ' GIN5', 'OTHER', null, null, null),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { numRuns: 40, seed: 11 },
  )
  const expected = new Map<string, string>()
  for (const [i, plan] of plans.entries()) {
    const customerId = campaigns[0]![i]!.customerId
    const touches: Touch[] = campaigns.map((c, n) => ({
      sendId: c[i]!.sendId,
      sentAt: new Date(start + n * 4 * day),
      code: codes[n]!,
      clickedAt: plan.clicks
        .filter((k) => k.campaign === n)
        .map((k) => new Date(start + n * 4 * day + k.after * 3_600_000)),
    }))
    await appendEvents(
      ctx.pool,
      touches.flatMap((t) =>
        t.clickedAt.map((at) => ({ type: 'click_hit', at, sendId: t.sendId, customerId, machine: false })),
      ),
    )
    await appendEvents(ctx.pool, [
      { type: 'click_hit', at: new Date(start + 5 * day), sendId: touches[0]!.sendId, customerId, machine: true },
    ])
    for (const order of plan.orders) {
      const at = new Date(start + order.after * 3_600_000)
      const id = await placeOrder(ctx, {
        customerId,
        at,
        totalCents: 1000,
        ...(order.code ? { code: order.code } : {}),
      })
      const due = attributeOrder({ at, couponCode: order.code }, touches)
      if (due) expected.set(id, `${due.sendId} ${due.because}`)
    }
  }
  await attributeOrders(ctx, { since: null })
  const { rows } = await ctx.pool.query<{ order_id: string; what: string }>(
    `select order_id, send_id || ' ' || because as what from conversions`,
  )
  expect(new Map(rows.map((r) => [r.order_id, r.what]))).toEqual(expected)
  expect(expected.size).toBeGreaterThan(15)
})

test('an order is looked at again while its clicks may come late, and left alone when it is old and known', async () => {
  const now = ctx.clock().getTime()
  const ages = [2, 30]
  const orders = await Promise.all(
    ages.map(async (days) => {
      const at = new Date(now - days * day)
      const [message] = await sendMessages(ctx, 1, new Date(at.getTime() - day))
      const id = await placeOrder(ctx, { customerId: message!.customerId, at, totalCents: 1000 })
      return { id, message: message!, clickedAt: new Date(at.getTime() - day / 2) }
    }),
  )
  expect(await attributeOrders(ctx, { since: null })).toEqual({ purchases: 2, conversions: 0 })
  // The provider tells both clicks only now.
  await appendEvents(
    ctx.pool,
    orders.map(({ message, clickedAt }) => ({ type: 'click_hit', at: clickedAt, sendId: message.sendId, customerId: message.customerId, machine: false })),
  ) // prettier-ignore
  expect(await attributeOrders(ctx, { since: null })).toEqual({ purchases: 0, conversions: 1 })
  const { rows } = await ctx.pool.query<{ order_id: string }>(
    'select order_id from conversions where order_id = any($1)',
    [orders.map((o) => o.id)],
  )
  expect(rows).toEqual([{ order_id: orders[0]!.id }])
})

test('the worker goes on where it stopped, and looks at open orders however long ago they were recorded', async () => {
  const attributedTo = async (): Promise<Date | null> =>
    (await ctx.pool.query<{ at: Date | null }>('select s.attributed_to as at from rollup_state as s')).rows[0]!.at
  await attributeNewOrders(ctx)
  const first = (await attributedTo())!
  const [message] = await sendMessages(ctx, 1, new Date(ctx.clock().getTime() - 2 * day))
  const at = new Date(ctx.clock().getTime() - day)
  const id = await placeOrder(ctx, { customerId: message!.customerId, at, totalCents: 1000 })
  expect(await attributeNewOrders(ctx)).toEqual({ purchases: 1, conversions: 0 })
  expect((await attributedTo())!.getTime()).toBeGreaterThan(first.getTime())
  // Recorded long before what is looked at again, so only whoever goes by the day of purchase finds it.
  await ctx.pool.query(`update rollup_state set attributed_to = now() + interval '1 hour'`)
  await appendEvents(ctx.pool, [{ type: 'click_hit', at: new Date(at.getTime() - day / 2), sendId: message!.sendId, customerId: message!.customerId, machine: false }]) // prettier-ignore
  expect(await attributeNewOrders(ctx)).toEqual({ purchases: 0, conversions: 0 })
  expect(await attributeOpenOrders(ctx)).toEqual({ purchases: 0, conversions: 1 })
  const { rows } = await ctx.pool.query('select from conversions where order_id = $1', [id])
  expect(rows.length).toBe(1)
})
