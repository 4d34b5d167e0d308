import { readFile } from 'node:fs/promises'
import sparticuz from '@sparticuz/chromium'
import { strFromU8, unzipSync } from 'fflate'
import { readSheet } from 'read-excel-file/node'
import { beforeAll, expect, test } from 'vitest'
import type { CampaignAnalytics, ChurnReport, Dashboard, RevenueReport } from '#contract/analytics.ts'
import type {
  Activity,
  AttributionReport,
  CampaignsReport,
  Cohorts,
  DeliverabilityReport,
  ListHealth,
  OffersReport,
  Overview,
  ReportExport,
  RfmGrid,
  SegmentsReport,
  WhatIf,
} from '#contract/reports.ts'
import { placeOrder, sendMessages, shopOf } from '#test/sent-shop.ts'
import { systemActor } from '../audit.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { appendEvents } from '../events.ts'
import { attributeOrders } from '../feedback/attribute.ts'
import { bearerOf } from '#test/sign-in.ts'
import { foldRollups } from '../rollups.ts'
import { dropOldExports, exportJob } from './export/files.ts'
import { htmlOf } from './export/html.ts'
import { findBrowser, plainPdf, printHtml } from './export/pdf.ts'
import { sheetsOf } from './export/sheets.ts'
import { analyticsRoutes } from './routes.ts'
import { reportMailJob, sendDueReports } from './schedules.ts'

const { ctx, app, at } = await shopOf(analyticsRoutes)
const zone = 'America/New_York'
const tokens = new Map<string, string>()
const campaigns: string[] = []

beforeAll(async () => {
  at('2026-11-20T17:30:00Z')
  for (const role of ['admin', 'manager', 'user'] as const) {
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into users (email, password_hash, role) values ($1, 'x', $2) returning id`,
      [`${role}@shop.test`, role],
    )
    tokens.set(role, await bearerOf(ctx, rows[0]!.id))
  }
  await ctx.pool.query(
    `with c as (insert into customers (name, email, created_at) select 'Buyer ' || g, 'b' || g || '@example.com', timestamptz '2026-02-01T00:00:00Z' from generate_series(1, 400) as g returning id),
       numbered as (select id, row_number() over () as n from c)
     insert into orders (external_id, customer_id, ordered_at, total_cents, discount_cents)
     select 'x' || g, numbered.id, timestamptz '2026-11-20T17:30:00Z' - make_interval(mins => (g * 7919) % (400 * 1440)), 500 + (g * 37) % 9000, g % 300
     from generate_series(1, 5000) as g join numbered on numbered.n = 1 + g % 400`,
  )
  for (const [n, sentAt] of ['2026-11-05T15:00:00Z', '2026-11-12T15:00:00Z'].entries()) {
    const messages = await sendMessages(ctx, 120, new Date(sentAt), {
      code: n === 0 ? '=RYE10' : 'GIN5',
      holdouts: 30,
      segment: n === 0 ? 'Champions' : 'Lost',
    })
    campaigns.push(messages[0]!.campaignId)
    for (const [i, m] of messages.entries()) {
      const clickedAt = new Date(Date.parse(sentAt) + 3_600_000 + i * 60_000)
      const base = {
        sendId: m.sendId,
        customerId: m.customerId,
        campaignId: m.campaignId,
        channel: 'email',
        segment: n === 0 ? 'Champions' : 'Lost',
      }
      if (i % 4 === 0) {
        await appendEvents(ctx.pool, [
          { ...base, type: 'click', at: clickedAt, key: `click:${m.sendId}`, machine: false },
          { ...base, type: 'open', at: clickedAt, key: `open:${m.sendId}`, machine: false },
        ])
        await ctx.pool.query('update sends set opened_at = $2, clicked_at = $2 where id = $1', [m.sendId, clickedAt])
        await placeOrder(ctx, {
          customerId: m.customerId,
          at: new Date(clickedAt.getTime() + 7_200_000),
          totalCents: 2000 + i,
        })
      }
      if (i % 40 === 3) {
        await appendEvents(ctx.pool, [{ ...base, type: 'bounce', at: clickedAt, key: `bounce:${m.sendId}` }])
        await ctx.pool.query(`update sends set status = 'bounced' where id = $1`, [m.sendId])
      }
    }
  }
  await ctx.pool.query(`update campaigns set name = '=HYPERLINK("http://evil.test")' where id = $1`, [campaigns[0]])
  await attributeOrders(ctx, { since: null })
  await refreshCampaignCounters(ctx.pool, campaigns)
  await ctx.pool.query(
    `insert into customer_scores (customer_id, model_version, as_of, rfm_segment, recency_score, frequency_score, churn_risk, churn_probability, clv_cents, total_spent_cents, last_purchase_at, first_purchase_at)
     select c.id, 't', $1, 'Champions', 1 + (row_number() over ()) % 5, 1 + (row_number() over ()) % 3, case when (row_number() over ()) % 4 = 0 then 'high' else 'low' end, .5, 1000, 5000,
       (select max(o.ordered_at) from orders as o where o.customer_id = c.id), (select min(o.ordered_at) from orders as o where o.customer_id = c.id) from customers as c`,
    [ctx.clock()],
  )
}, 120_000)

const inject = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object, role = 'admin') =>
  app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { authorization: `Bearer ${tokens.get(role)}` },
    ...(payload ? { payload } : {}),
  })
const read = async <T>(path: string, role = 'admin'): Promise<T> => {
  const answer = await inject('GET', path, undefined, role)
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(200)
  return answer.json<T>()
}
const one = async (sql: string, values: unknown[] = []) => (await ctx.pool.query(sql, values)).rows[0]
/** Runs the job that a POST started, as the worker would. */
async function make(report: string, format: string, query = {}): Promise<{ export: ReportExport; file: Buffer }> {
  const answer = await inject('POST', '/reports/export', { report, format, period: query })
  expect(answer.statusCode, answer.body).toBe(202)
  const { export: made } = answer.json<{ export: ReportExport }>()
  await exportJob(
    ctx,
    { export_id: made.id },
    { jobId: made.job_id!, actor: systemActor, signal: new AbortController().signal, progress: async () => undefined },
  )
  const file = await inject('GET', `/reports/exports/${made.id}/file`)
  expect(file.statusCode, file.body.slice(0, 200)).toBe(200)
  return { export: await read<ReportExport>(`/reports/exports/${made.id}`), file: file.rawPayload }
}
const csvRows = (file: Buffer): string[] => file.toString('utf8').replace('\ufeff', '').trim().split('\r\n')

const filters = [
  'period=7d',
  'period=30d',
  'period=90d&compare=year',
  'from=2026-10-03&to=2026-11-14',
  'from=2026-11-20&to=2026-11-20',
]

test.each(filters)(
  '%s: dashboard, analytics, revenue, campaigns and the file say the same to the cent',
  async (filter) => {
    const [dashboard, overview, revenue, parts, bySegment] = await Promise.all([
      read<Dashboard>(`/analytics/dashboard?${filter}`),
      read<Overview>(`/analytics/overview?${filter}`),
      read<RevenueReport>(`/analytics/revenue?${filter}`),
      read<CampaignsReport>(`/reports/campaigns?${filter}`),
      read<SegmentsReport>(`/reports/segments?${filter}`),
    ])
    const kpi = (from: { kpis: Overview['kpis'] }, id: string) => from.kpis.find((k) => k.id === id)
    for (const card of dashboard.kpis) expect(kpi(overview, card.id)).toEqual(card)
    expect(revenue.totals.revenue_cents).toBe(kpi(overview, 'revenue')!.value)
    expect(revenue.totals.previous_revenue_cents).toBe(kpi(overview, 'revenue')!.previous)
    expect(revenue.totals.attributed_cents).toBe(kpi(overview, 'attributed')!.value)
    expect(parts.total.revenue_cents).toBe(kpi(overview, 'attributed')!.value)
    expect(bySegment.total.revenue_cents).toBe(kpi(overview, 'attributed')!.value)
    expect(parts.total.sends).toBe(kpi(overview, 'sends')!.value)
    // What nobody could have made up: counted from the rows themselves.
    const span = await one(
      `select $1::date::timestamp at time zone $3 as low, least(($2::date + 1)::timestamp at time zone $3, $4::timestamptz) as high`,
      [overview.from, overview.to, zone, ctx.clock()],
    )
    const raw = await one(
      `select coalesce(sum(total_cents), 0)::bigint as cents, count(*) as orders, (select coalesce(sum(c.value_cents), 0)::bigint from conversions as c join orders as o on o.id = c.order_id where o.ordered_at >= $1 and o.ordered_at < $2) as attributed
     from orders where ordered_at >= $1 and ordered_at < $2`,
      [span.low, span.high],
    )
    expect([
      kpi(overview, 'revenue')!.value,
      kpi(overview, 'orders')!.value,
      kpi(overview, 'attributed')!.value,
    ]).toEqual([raw.cents, raw.orders, raw.attributed])
    const query = Object.fromEntries(new URLSearchParams(filter))
    const [head, ...lines] = csvRows((await make('overview', 'csv', query)).file)
    expect(head).toMatch(/^Figure,Unit,This period/)
    expect(lines.find((l) => l.startsWith('Revenue,'))!.split(',')[2]).toBe((raw.cents / 100).toFixed(2))
  },
)

test('the campaign page, its line in the report and the list of campaigns earn the same', async () => {
  const report = await read<CampaignsReport>('/reports/campaigns?period=90d')
  expect(report.data.map((c) => c.id).toSorted()).toEqual(campaigns.toSorted())
  for (const line of report.data) {
    const page = await read<CampaignAnalytics>(`/campaigns/${line.id}/analytics`)
    const listed = await one('select revenue_cents, conversions, clicks from campaigns where id = $1', [line.id])
    expect(page.revenue_cents).toBe(line.revenue_cents)
    expect(page.conversions).toBe(line.conversions)
    expect(page.funnel.find((s) => s.step === 'clicked')!.count).toBe(line.clicks)
    expect(listed).toEqual({ revenue_cents: line.revenue_cents, conversions: line.conversions, clicks: line.clicks })
    expect(line.lift).toEqual(page.lift)
    expect(line.lift!.held_out).toBe(30)
  }
})

test('figures do not move when the changes are folded into the day sums', async () => {
  const before = await read<Overview>('/analytics/overview?period=30d')
  expect(await foldRollups(ctx)).toBeGreaterThan(0)
  const after = await read<Overview>('/analytics/overview?period=30d')
  expect(after.kpis).toEqual(before.kpis)
  expect(after.kpis).toHaveLength(21)
  expect(after.kpis.find((k) => k.id === 'cost')!.value).toBe(10) // 240 emails at 40 cents a thousand
  expect(after.kpis.find((k) => k.id === 'churn')!.value).toBe(25)
})

test('bad days are refused with the field that is wrong', async () => {
  const paths = async (query: string) =>
    (await inject('GET', `/analytics/overview?${query}`)).json().errors.map((e: { path: string }) => e.path)
  expect(await paths('from=2026-11-02')).toEqual(['query.to'])
  expect(await paths('from=2026-11-02&to=2026-11-01')).toEqual(['query.to'])
  expect(await paths('from=2020-11-02&to=2026-11-01')).toEqual(['query.from'])
  // Days that have not come are cut off.
  expect((await read<Overview>('/analytics/overview?from=2026-11-10&to=2026-12-24')).to).toBe('2026-11-20')
})

test('cohorts: every customer is in exactly one, and month 0 holds them all', async () => {
  const { cohorts } = await read<Cohorts>('/analytics/cohorts?months=24')
  const n = await one('select count(distinct customer_id) as n from orders')
  expect(cohorts.reduce((sum, c) => sum + c.customers, 0)).toBe(n.n)
  const total = await one('select sum(total_cents)::bigint as cents from orders')
  expect(cohorts.flatMap((c) => c.revenue_cents).reduce<number>((sum, v) => sum + (v ?? 0), 0)).toBe(total.cents)
  expect(cohorts.at(-1)!.bought.filter((b) => b !== null)).toHaveLength(1)
})

test('the map of the week, the grid, offers, domains and the list add up', async () => {
  const [activity, overview, rfm, offers, domains, health] = await Promise.all([
    read<Activity>('/analytics/activity?from=2026-10-01&to=2026-11-19'),
    read<Overview>('/analytics/overview?from=2026-10-01&to=2026-11-19'),
    read<RfmGrid>('/analytics/rfm'),
    read<OffersReport>('/reports/offers?period=90d'),
    read<DeliverabilityReport>('/reports/deliverability?period=90d'),
    read<ListHealth>('/analytics/list-health'),
  ])
  expect(activity.cells).toHaveLength(168)
  expect(activity.cells.reduce((s, c) => s + c.revenue_cents, 0)).toBe(
    overview.kpis.find((k) => k.id === 'revenue')!.value,
  )
  expect(activity.cells.reduce((s, c) => s + c.sends, 0)).toBe(240)
  const people = await one('select count(*) as n from customers')
  expect(rfm.cells.reduce((s, c) => s + c.customers, 0)).toBe(people.n)
  expect(offers.data).toEqual([expect.objectContaining({ title: 'Rye week', sends: 240, buyers: 60 })])
  expect(offers.data[0]!.conversion_pct).toMatchObject({ mid: 25 })
  expect(domains.data).toEqual([
    expect.objectContaining({ domain: 'example.com', sends: 240, bounces: 6, tone: 'warn' }),
  ])
  expect(health.customers).toBe(people.n)
  expect(health.lines.find((l) => l.id === 'email_ok')!.customers).toBe(240)
})

test('attribution models share out the same money, under what the holdout says', async () => {
  const report = await read<AttributionReport>('/analytics/attribution?period=30d')
  expect(report.orders).toBe(60)
  expect(report.revenue_cents).toBe((await one('select sum(value_cents)::bigint as c from conversions')).c)
  for (const dimension of ['campaign', 'channel'] as const)
    for (const { id } of report.models)
      if (dimension === 'channel' || id !== 'shapley')
        expect(
          report.rows.filter((r) => r.dimension === dimension).reduce((sum, r) => sum + (r.credit[id] ?? 0), 0),
        ).toBe(report.revenue_cents)
  expect(report.incremental_revenue_cents).not.toBeNull()
})

test('what if: more held out is surer and costs more', async () => {
  const { points, verdict } = await read<WhatIf>('/analytics/what-if')
  for (const [i, p] of points.entries()) {
    expect(p.cost_cents).toBeGreaterThanOrEqual(points[i - 1]?.cost_cents ?? 0)
    expect(p.detectable_pct[3] ?? 500).toBeLessThanOrEqual(p.detectable_pct[0] ?? 500)
  }
  expect(verdict).toMatch(/\d|too few/)
})

test('a name that is a formula stays text in every file', async () => {
  const csv = (await make('campaigns', 'csv', { period: '90d' })).file.toString('utf8')
  expect(csv).toContain(`"'=HYPERLINK(""http://evil.test"")"`)
  const xlsx = (await make('campaigns', 'xlsx', { period: '90d' })).file
  const sheet = strFromU8(unzipSync(xlsx)['xl/worksheets/sheet1.xml']!)
  expect(sheet).toContain('t="inlineStr"><is><t xml:space="preserve">=HYPERLINK(')
  expect(sheet).not.toContain('<f>')
  const rows = await readSheet(xlsx)
  const report = await read<CampaignsReport>('/reports/campaigns?period=90d')
  expect(rows[0]!.slice(0, 4)).toEqual(['Campaign', 'State', 'Started', 'Sent'])
  const line = rows.find((r) => String(r[0]).startsWith('=HYPERLINK'))!
  expect(line[7]).toBe(report.data.find((c) => c.id === campaigns[0])!.revenue_cents / 100)
})

test('a PDF is made with and without a browser; a user without the right makes none', async () => {
  const made = await make('overview', 'pdf')
  expect(made.file.subarray(0, 5).toString()).toBe('%PDF-')
  const plain = plainPdf(await sheetsOf(ctx, 'overview', { period: '30d', compare: 'before' }), 'Shop (“best”) \\ 1')
  expect(plain.toString('latin1')).toContain('(Shop \\("best"\\) \\\\ 1) Tj')
  // Every object lies where the table says.
  const text = plain.toString('latin1')
  const table = text.slice(text.indexOf('\nxref')).match(/\d{10}(?= 00000 n)/g)!
  table.forEach((offset, i) => expect(text.slice(Number(offset)).startsWith(`${i + 1} 0 obj`)).toBe(true))
  expect((await inject('POST', '/reports/export', { report: 'overview', format: 'csv' }, 'user')).statusCode).toBe(403)
  const { rows } = await ctx.pool.query<{ path: string }>('select path from exports where id = $1', [made.export.id])
  expect((await readFile(rows[0]!.path)).length).toBe(made.file.length)
})

test('a browser prints the report with its words, and is gone afterwards', async () => {
  const browser = findBrowser() ?? (await sparticuz.executablePath())
  const file = await sheetsOf(ctx, 'campaigns', { period: '90d', compare: 'before' })
  const pdf = await printHtml(htmlOf(file, 'Shop & <Sons>', null), browser)
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
  expect(pdf.length).toBeGreaterThan(5000)
}, 60_000)

test('a file older than a day is refused and removed', async () => {
  const made = await make('segments', 'csv')
  await ctx.pool.query(`update exports set finished_at = finished_at - interval '25 hours' where id = $1`, [
    made.export.id,
  ])
  const late = await inject('GET', `/reports/exports/${made.export.id}/file`)
  expect([late.statusCode, late.json().detail]).toEqual([
    409,
    'This file was kept for a day and is gone. Make it again.',
  ])
  const { path } = await one('select path from exports where id = $1', [made.export.id])
  await dropOldExports(ctx)
  await expect(readFile(path)).rejects.toThrow('ENOENT')
})

test('a report comes by email every Monday, once, and says what the page says', async () => {
  const bad = await inject('POST', '/reports/schedules', {
    name: 'Monday',
    every: 'week',
    on_day: 9,
    at_hour: 7,
    period: '7d',
    recipients: ['owner@shop.test'],
  })
  expect(bad.json().errors).toMatchObject([{ path: 'on_day' }])
  const made = await inject('POST', '/reports/schedules', {
    name: 'Monday',
    every: 'week',
    on_day: 1,
    at_hour: 7,
    period: '7d',
    recipients: ['owner@shop.test'],
  })
  expect(made.statusCode, made.body).toBe(201)
  expect(made.json().next_at).toBe('2026-11-23T12:00:00.000Z')
  await sendDueReports(ctx, systemActor)
  expect((await one(`select count(*) as n from jobs where kind = 'report_mail'`)).n).toBe(0)
  at('2026-11-23T12:00:30Z')
  await Promise.all([sendDueReports(ctx, systemActor), sendDueReports(ctx, systemActor)])
  const jobs = await ctx.pool.query<{ id: string; input: Record<string, unknown> }>(
    `select id, input from jobs where kind = 'report_mail'`,
  )
  expect(jobs.rows).toHaveLength(1)
  expect((await one('select next_at from report_schedules')).next_at.toISOString()).toBe('2026-11-30T12:00:00.000Z')
  const tools = {
    jobId: jobs.rows[0]!.id,
    actor: systemActor,
    signal: new AbortController().signal,
    progress: async () => undefined,
  }
  expect(await reportMailJob(ctx, jobs.rows[0]!.input, tools)).toEqual({ sent: 1, refused: 0 })
  const mail = await one('select subject, recipient, body_text, body_html from sandbox_messages')
  expect(mail).toMatchObject({ subject: 'Monday: what it earned', recipient: 'owner@shop.test' })
  at('2026-11-20T17:30:00Z')
  expect(mail.body_text).toContain('/analytics?period=7d')
  expect(mail.body_html).toContain('<svg')
})

test('notes stand on the chart; only their author or a manager may take them away', async () => {
  const made = await inject('POST', '/analytics/notes', { day: '2026-11-18', text: 'Road closed' }, 'manager')
  expect(made.statusCode, made.body).toBe(201)
  expect((await read<Overview>('/analytics/overview?period=7d')).marks).toContainEqual({
    day: '2026-11-18',
    kind: 'note',
    label: 'Road closed',
    href: null,
  })
  expect((await inject('DELETE', `/analytics/notes/${made.json().id}`, undefined, 'user')).statusCode).toBe(403)
  expect((await inject('DELETE', `/analytics/notes/${made.json().id}`)).statusCode).toBe(204)
  expect((await read<{ data: unknown[] }>('/analytics/notes?period=7d')).data).toEqual([])
})

test('churn is read from the scores, and prices of messages change what they cost', async () => {
  const churn = await read<ChurnReport>('/analytics/churn')
  expect(churn.classes.find((c) => c.risk === 'high')!.customers).toBeGreaterThan(0)
  expect((await inject('PATCH', '/settings/analytics', { email_per_thousand_cents: 1000 }, 'manager')).statusCode).toBe(
    403,
  )
  await inject('PATCH', '/settings/analytics', { email_per_thousand_cents: 1000 })
  const { kpis } = await read<Overview>('/analytics/overview?period=30d')
  expect(kpis.find((k) => k.id === 'cost')!.value).toBe(240)
})
