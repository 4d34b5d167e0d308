import { expect, test } from 'vitest'
import { withTx } from '#db/pool.ts'
import { placeOrder, sendMessages, shopOf } from '#test/sent-shop.ts'
import { adjustConversions, withdrawConversions } from '../conversions.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { attributeOrders } from './attribute.ts'

const { ctx } = await shopOf()
const sent = new Date('2026-11-10T12:00:00Z')

interface Ledger {
  conversions: number
  revenue_cents: number
}
const ledger = async (campaign: string): Promise<Ledger[]> => {
  await refreshCampaignCounters(ctx.pool, [campaign])
  const { rows } = await ctx.pool.query<Ledger>(
    `select c.conversions::int as conversions, c.revenue_cents::int as revenue_cents from campaigns as c where c.id = $1
     union all select count(*)::int, coalesce(sum(v.value_cents), 0)::int from conversions as v where v.campaign_id = $1
     union all select coalesce(sum(case r.event_type when 'conversion' then r.events when 'conversion_withdrawn' then -r.events else 0 end), 0)::int,
       coalesce(sum(r.value_cents), 0)::int
       from rollup_hourly as r where r.campaign_id = $1 and r.event_type in ('conversion', 'conversion_adjusted', 'conversion_withdrawn')
     union all select count(s.converted_at)::int, coalesce(sum(s.conversion_cents), 0)::int from sends as s where s.campaign_id = $1`,
    [campaign],
  )
  return rows
}

test('what a refund or a cancellation takes back, the campaign did not earn: table, events, rollup, sends and counters agree', async () => {
  const messages = await sendMessages(ctx, 3, sent, { code: 'RYE10' })
  const { rows } = await ctx.pool.query<{ campaign_id: string }>('select campaign_id from sends where id = $1', [
    messages[0]!.sendId,
  ])
  const campaign = rows[0]!.campaign_id
  const orders: string[] = []
  for (const [i, m] of messages.entries())
    orders.push(
      await placeOrder(ctx, {
        customerId: m.customerId,
        at: new Date(sent.getTime() + 3_600_000),
        totalCents: 1000 * (i + 1),
        code: 'RYE10',
      }),
    )
  await attributeOrders(ctx, { since: null })
  const all = (conversions: number, revenue_cents: number): Ledger[] =>
    Array.from({ length: 4 }, () => ({ conversions, revenue_cents }))
  expect(await ledger(campaign)).toEqual(all(3, 6000))

  await ctx.pool.query('update orders set total_cents = 400 where id = $1', [orders[0]])
  expect(await withTx(ctx.pool, adjustConversions)).toEqual([campaign])
  expect(await withTx(ctx.pool, adjustConversions)).toEqual([])
  expect(await ledger(campaign)).toEqual(all(3, 5400))

  const drop = (ids: string[]) =>
    withTx(ctx.pool, async (tx) => {
      const found = await withdrawConversions(tx, ids)
      await tx.query('delete from orders where id = any($1::uuid[])', [ids])
      return found
    })
  expect(await drop([orders[0]!, orders[2]!])).toEqual([campaign])
  expect(await drop([orders[0]!])).toEqual([])
  expect(await ledger(campaign)).toEqual(all(1, 2000))
  // What was taken back does not come again.
  await attributeOrders(ctx, { since: null })
  expect(await ledger(campaign)).toEqual(all(1, 2000))
})
