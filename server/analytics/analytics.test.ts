import { beforeAll, expect, test } from 'vitest'
import type { CampaignAnalytics, ChurnReport, Dashboard, RevenueReport } from '#contract/analytics.ts'
import { appendEvents } from '../events.ts'
import { attributeOrders } from '../feedback/attribute.ts'
import { placeOrder, sendMessages, shopOf } from '#test/sent-shop.ts'
import { bearerOf } from '#test/sign-in.ts'
import { analyticsRoutes } from './routes.ts'

const { ctx, app, at } = await shopOf(analyticsRoutes)
const zone = 'America/New_York'
const tokens = new Map<string, string>()
let campaignId = ''

beforeAll(async () => {
  at('2026-11-20T17:30:00Z')
  for (const role of ['admin', 'user'] as const) {
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into users (email, password_hash, role) values ($1, 'x', $2) returning id`,
      [`${role}@shop.test`, role],
    )
    tokens.set(role, await bearerOf(ctx, rows[0]!.id))
  }
  await ctx.pool.query(
    `with c as (insert into customers (name, email) select 'Buyer ' || g, 'b' || g || '@example.com' from generate_series(1, 3000) as g returning id),
       numbered as (select id, row_number() over () as n from c)
     insert into orders (external_id, customer_id, ordered_at, total_cents)
     select 'x' || g, numbered.id, timestamptz '2026-11-20T17:30:00Z' - (random() * 728 || ' days')::interval, (random() * 9000)::int + 500
     from generate_series(1, 60000) as g join numbered on numbered.n = 1 + g % 3000`,
  )
  const messages = await sendMessages(ctx, 300, new Date('2026-11-12T15:00:00Z'), { code: 'RYE10', holdouts: 60 })
  campaignId = messages[0]!.campaignId
  for (const [i, m] of messages.entries()) {
    const clickedAt = new Date(Date.parse('2026-11-12T16:00:00Z') + i * 60_000)
    if (i % 5 === 0) {
      await appendEvents(ctx.pool, [
        {
          type: 'click',
          at: clickedAt,
          key: `click:${m.sendId}`,
          sendId: m.sendId,
          customerId: m.customerId,
          campaignId,
          channel: 'email',
          machine: false,
        },
        {
          type: 'open',
          at: clickedAt,
          key: `open:${m.sendId}`,
          sendId: m.sendId,
          customerId: m.customerId,
          campaignId,
          channel: 'email',
          machine: false,
        },
      ])
      await ctx.pool.query('update sends set opened_at = $2, clicked_at = $2 where id = $1', [m.sendId, clickedAt])
    }
    if (i % 10 === 0)
      await placeOrder(ctx, {
        customerId: m.customerId,
        at: new Date(clickedAt.getTime() + 86_400_000),
        totalCents: 2500,
      })
    if (i % 7 === 1)
      await appendEvents(ctx.pool, [
        {
          type: 'open',
          at: clickedAt,
          key: `open:machine:${m.sendId}`,
          sendId: m.sendId,
          customerId: m.customerId,
          campaignId,
          channel: 'email',
          machine: true,
        },
      ])
  }
  await ctx.pool.query(`update sends set status = 'bounced' where id = any($1)`, [
    messages.slice(1, 4).map((m) => m.sendId),
  ])
  await ctx.pool.query(
    `update sends set status = 'skipped', refused_by = 'frequency.week', sent_at = null where id = any($1)`,
    [messages.slice(6, 9).map((m) => m.sendId)],
  )
  await ctx.pool.query(`update sends set status = 'pending', sent_at = null where id = any($1)`, [
    messages.slice(11, 13).map((m) => m.sendId),
  ])
  await attributeOrders(ctx, { since: null })
  await ctx.pool.query('analyze')
}, 120_000)

const read = async <T>(path: string, role = 'admin'): Promise<T> => {
  const answer = await app.inject({ url: `/api/v1${path}`, headers: { authorization: `Bearer ${tokens.get(role)}` } })
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(200)
  return answer.json<T>()
}
const one = async (sql: string, values: unknown[]) => (await ctx.pool.query(sql, values)).rows[0]

test.each(['7d', '30d', '90d', '12m'] as const)(
  '%s: every figure of the dashboard equals a naive count',
  async (period) => {
    const d = await read<Dashboard>(`/analytics/dashboard?period=${period}`)
    const days = d.series.length
    const shift = d.comparison.weeks_before * 7
    const naive = (offset: number) =>
      one(
        `with span as (select (($1::timestamptz at time zone $2)::date - $3::int + 1 - $4::int)::timestamp at time zone $2 as low, (($1::timestamptz at time zone $2) - make_interval(days => $4)) at time zone $2 as high)
       select coalesce(sum(total_cents), 0)::bigint as revenue, count(*) as orders,
         (select count(*) from analytics_events, span where event_type = 'sent' and occurred_at >= span.low and occurred_at < span.high) as sends,
         (select count(*) from conversions join orders as o on o.id = order_id, span where o.ordered_at >= span.low and o.ordered_at < span.high) as conversions
       from orders, span where ordered_at >= span.low and ordered_at < span.high`,
        [ctx.clock(), zone, days, offset],
      )
    const [now, before] = [await naive(0), await naive(shift)]
    const kpi = (id: string) => d.kpis.find((k) => k.id === id)!
    expect([kpi('revenue').value, kpi('orders').value, kpi('sends').value]).toEqual([
      now.revenue,
      now.orders,
      now.sends,
    ])
    expect([kpi('revenue').previous, kpi('orders').previous]).toEqual([before.revenue, before.orders])
    expect(kpi('aov').value).toBe(Math.round(now.revenue / now.orders))
    expect(kpi('conversion').value).toBe(now.sends ? Math.round((now.conversions / now.sends) * 10_000) / 100 : null)
    expect(d.series.reduce((sum, s) => sum + s.revenue_cents, 0)).toBe(now.revenue)
    expect(kpi('revenue').spark).toHaveLength(days)
  },
)

test('marks, needs and running campaigns are there; a role without right to names sees initials', async () => {
  const d = await read<Dashboard>('/analytics/dashboard?period=30d')
  expect(d.marks.map((m) => m.label)).toContain('Rye week')
  expect(d.running_campaigns).toEqual([
    expect.objectContaining({ name: 'Rye week', total: 300, pending: 2, failed: 3 }),
  ])
  expect(d.needs_you.map((n) => n.kind)).toEqual(expect.arrayContaining(['sandbox', 'no_address']))
  expect(d.checklist.find((c) => c.id === 'customers')?.done).toBe(true)
  expect(d.latest_sends).toHaveLength(10)
  expect(d.latest_sends[0]!.customer_name).toMatch(/^Customer \d+$/)
  const asUser = await read<Dashboard>('/analytics/dashboard?period=30d', 'user')
  expect(asUser.latest_sends[0]!.customer_name).toMatch(/^C\. \d\.$/)
  expect((await app.inject('/api/v1/analytics/dashboard')).statusCode).toBe(401)
})

test('an empty shop gets the checklist and no division by zero', async () => {
  const empty = await shopOf(analyticsRoutes)
  const { rows } = await empty.ctx.pool.query<{ id: string }>(
    `insert into users (email, password_hash, role) values ('a@shop.test', 'x', 'admin') returning id`,
  )
  const token = await bearerOf(empty.ctx, rows[0]!.id)
  for (const path of ['/analytics/dashboard', '/analytics/revenue', '/analytics/churn']) {
    const answer = await empty.app.inject({ url: `/api/v1${path}`, headers: { authorization: `Bearer ${token}` } })
    expect(answer.statusCode, answer.body).toBe(200)
    if (path.endsWith('dashboard')) {
      const d = answer.json<Dashboard>()
      expect(d.checklist.map((c) => c.done)).toEqual([false, false, false, false, false])
      expect(d.kpis.find((k) => k.id === 'aov')).toMatchObject({ value: null, previous: null, change_pct: null })
      expect(d.lift).toBeNull()
    }
  }
})

test('the campaign page: funnel, parts that add up, machine opens apart, and a ledger that adds up to the plan', async () => {
  const c = await read<CampaignAnalytics>(`/campaigns/${campaignId}/analytics`)
  const n = await one(
    `select count(*) filter (where status in ('sent', 'delivered', 'bounced')) as sent, count(*) filter (where status in ('sent', 'delivered')) as delivered, count(opened_at) as opened, count(clicked_at) as clicked,
       count(converted_at) as bought, sum(conversion_cents)::bigint as cents from sends where campaign_id = $1`,
    [campaignId],
  )
  expect(c.funnel.map((s) => s.count)).toEqual([n.sent, n.delivered, n.opened, n.clicked, n.bought])
  expect(c.revenue_cents).toBe(n.cents)
  for (const part of [c.by_segment, c.by_offer, c.by_day, c.by_channel]) {
    expect(part.reduce((sum, p) => sum + p.revenue_cents, 0)).toBe(c.revenue_cents)
    expect(part.reduce((sum, p) => sum + p.sent, 0)).toBe(n.sent)
  }
  expect(c.machine.opens).toBe(43)
  expect(c.ledger.planned).toBe(360)
  expect(c.ledger.lines.reduce((sum, l) => sum + l.count, 0)).toBe(360)
  expect(Object.fromEntries(c.ledger.lines.map((l) => [l.rule_id ?? l.outcome, l.count]))).toEqual({
    contacted: 292,
    waiting: 2,
    holdout: 60,
    'frequency.week': 3,
    bounced: 3,
  })
  expect(c.lift).toMatchObject({ contacted: 300, held_out: 60, held_out_mean_cents: 0 })
  expect(
    (
      await app.inject({
        url: `/api/v1/campaigns/${crypto.randomUUID()}/analytics`,
        headers: { authorization: `Bearer ${tokens.get('admin')}` },
      })
    ).statusCode,
  ).toBe(404)
})

test('revenue report agrees with the dashboard to the cent; churn lists are counted', async () => {
  const [d, r] = await Promise.all([
    read<Dashboard>('/analytics/dashboard?period=90d'),
    read<RevenueReport>('/analytics/revenue?period=90d'),
  ])
  expect(r.totals.revenue_cents).toBe(d.kpis.find((k) => k.id === 'revenue')!.value)
  expect(r.totals.attributed_cents).toBe(30 * 2500)
  await ctx.pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_risk, churn_probability, total_spent_cents, transactions, days_since_last, is_overdue, expected_gap_days, avg_order_value_cents)
     select id, 't', now(), 'Lost', case when random() < .3 then 'high' else 'low' end, .8, 1000, 5, 40, true, 10, 2000 from customers on conflict do nothing`,
  )
  const churn = await read<ChurnReport>('/analytics/churn')
  expect(churn.classes.reduce((sum, c) => sum + c.customers, 0)).toBe(churn.scored)
  for (const counts of [churn.classes, churn.segments, churn.distribution])
    expect(counts.reduce((sum, c) => sum + c.customers, 0)).toBe(churn.scored)
  expect(churn.at_risk).toHaveLength(20)
  // 80 % of a year of $20 orders, five in the fifty days known, at the margin of a shop that set none
  expect(churn.at_risk[0]!.at_stake_cents).toBe(Math.round(0.8 * 2000 * 0.25 * 36.5))
  expect(churn.at_risk[0]!.reasons.slice(0, 2)).toEqual([
    'Quiet for 40 days, longer than nine in ten of the usual gaps',
    'Buys about every 10 days, last 40 days ago',
  ])
  expect((await read<ChurnReport>('/analytics/churn?risk=medium')).at_risk).toEqual([])
})

test('the first page of a shop with 60,000 orders is quick', async () => {
  const times: number[] = []
  for (let i = 0; i < 30; i++) {
    const start = performance.now()
    await read<Dashboard>(`/analytics/dashboard?period=${(['7d', '30d', '90d', '12m'] as const)[i % 4]}`)
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  if (process.env['TEST_FIGURES'])
    process.stderr.write(`dashboard ms: median ${times[15]!.toFixed(1)} p95 ${times[28]!.toFixed(1)}\n`)
  // The machine is shared; the budget is 100 ms at p95, the gate leaves room for neighbours.
  expect(times[15]!).toBeLessThan(250)
})
