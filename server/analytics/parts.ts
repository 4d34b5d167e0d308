import type { PeriodQuery } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { instantOf } from '#core/calendar.ts'
import type { Ctx } from '../context.ts'
import { daysSql, readState } from '../rollups.ts'
import { readLift } from './lift.ts'
import { rates } from './measures.ts'
import { headOf } from './overview.ts'
import { remember } from './remember.ts'
import type { Span } from './series.ts'

interface Part {
  key: string
  sends: number
  opens: number
  clicks: number
  conversions: number
  revenue_cents: number
  unsubscribes: number
  bounces: number
}

const columns = `
  coalesce(sum(s.events) filter (where s.event_type = 'sent'), 0)::bigint as sends,
  coalesce(sum(s.events) filter (where s.event_type = 'open' and not s.machine), 0)::bigint as opens,
  coalesce(sum(s.events) filter (where s.event_type = 'click' and not s.machine), 0)::bigint as clicks,
  coalesce(sum(case s.event_type when 'conversion' then s.events when 'conversion_withdrawn' then -s.events end), 0)::bigint as conversions,
  coalesce(sum(s.value_cents) filter (where s.event_type in ('conversion', 'conversion_adjusted', 'conversion_withdrawn')), 0)::bigint as revenue_cents,
  coalesce(sum(s.events) filter (where s.event_type = 'unsubscribe'), 0)::bigint as unsubscribes,
  coalesce(sum(s.events) filter (where s.event_type = 'bounce'), 0)::bigint as bounces`

/** Sums of the period by campaign or segment: whole days from the day sums, the unfinished last one from its hours. */
function readParts(ctx: Ctx, span: Span, zone: string, grain: 'campaign' | 'segment'): Promise<Part[]> {
  return remember(ctx, `parts:${grain}:${span.from}:${span.to}:${zone}`, async () => {
    const { zone: cutIn } = await readState(ctx.pool)
    const whole = cutIn === zone
    const hoursFrom = whole ? instantOf(span.to, '00:00', zone) : span.fromAt
    const column = grain === 'campaign' ? 'r.campaign_id::text' : 'r.segment'
    const { rows } = await ctx.pool.query<Part>(
      `select s.key, ${columns}
       from (
         select d.key, d.event_type, d.machine, d.events, d.value_cents from (${daysSql}) as d
         where d.grain = $2 and d.day >= $3 and d.day < $4 and $5
         union all
         select ${column}, r.event_type, r.machine, r.events, r.value_cents from rollup_hourly as r
         where r.hour >= $6 and r.hour < $7 and ${column} not in ('', '00000000-0000-0000-0000-000000000000')
       ) as s where s.event_type in ('sent', 'open', 'click', 'conversion', 'conversion_adjusted', 'conversion_withdrawn', 'unsubscribe', 'bounce') group by 1`,
      [zone, grain, span.from, span.to, whole, hoursFrom, span.toAt],
    )
    return rows
  })
}

function totalOf(parts: readonly Omit<Part, 'key'>[]): Omit<Part, 'key'> {
  const total = { sends: 0, opens: 0, clicks: 0, conversions: 0, revenue_cents: 0, unsubscribes: 0, bounces: 0 }
  for (const part of parts) for (const k of Object.keys(total) as (keyof typeof total)[]) total[k] += part[k]
  return total
}

/** Campaigns with something in the period, the most money first, each with what it really added. */
export async function readCampaigns(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.campaigns>> {
  const { shop, span, head } = await headOf(ctx, query)
  const parts = await readParts(ctx, span, shop.time_zone, 'campaign')
  const active = parts.filter((p) => p.sends + p.opens + p.clicks + p.conversions + p.unsubscribes + p.bounces > 0)
  const { rows } = await ctx.pool.query<{
    id: string
    name: string
    status: string
    started_at: Date | null
    end_date: string
    held: boolean
  }>(
    `select c.id, c.name, c.status, c.started_at, c.end_date, exists (select 1 from actions as a where a.campaign_id = c.id and a.status = 'holdout') as held
     from campaigns as c where c.id = any($1::uuid[])`,
    [active.map((p) => p.key)],
  )
  const known = new Map(rows.map((r) => [r.id, r]))
  const data = await Promise.all(
    active
      .filter((p) => known.has(p.key))
      .toSorted((a, b) => b.revenue_cents - a.revenue_cents || b.sends - a.sends || a.key.localeCompare(b.key))
      .slice(0, 200)
      .map(async ({ key, ...part }) => {
        const c = known.get(key)!
        const lift =
          c.held && c.started_at
            ? await readLift(
                ctx,
                [{ id: c.id, startedAt: c.started_at, endDate: c.end_date }],
                shop.time_zone,
                shop.margin_pct,
                shop.currency,
              )
            : null
        return { ...part, id: c.id, name: c.name, status: c.status, started_at: c.started_at, lift }
      }),
  )
  return { ...head, data, total: totalOf(active) }
}

/** Segments in the period: what went out to them and what came back. */
export async function readSegments(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.segments>> {
  const { shop, span, head } = await headOf(ctx, query)
  const [parts, { rows }] = await Promise.all([
    readParts(ctx, span, shop.time_zone, 'segment'),
    ctx.pool.query<{ key: string; name: string; customers: number; clv_cents: number | null }>(
      'select g.key, g.name, g.customer_count as customers, g.clv_cents from segments as g where g.is_active',
    ),
  ])
  const counted = new Map(parts.map((p) => [p.key, p]))
  const named = new Map(rows.map((r) => [r.key, r]))
  const keys = new Set([
    ...rows.map((r) => r.key),
    ...parts.filter((p) => p.sends + p.conversions > 0).map((p) => p.key),
  ])
  const data = [...keys].map((key) => {
    const { key: _, ...part } = counted.get(key) ?? { key, ...totalOf([]) }
    return {
      ...part,
      key,
      name: named.get(key)?.name ?? key.replaceAll('_', ' '),
      customers: named.get(key)?.customers ?? 0,
      clv_cents: named.get(key)?.clv_cents ?? null,
      conversion_pct: rates.inPercent(part.conversions, part.sends),
    }
  })
  return {
    ...head,
    data: data.toSorted(
      (a, b) => b.revenue_cents - a.revenue_cents || b.sends - a.sends || a.name.localeCompare(b.name),
    ),
    total: totalOf(data),
  }
}
