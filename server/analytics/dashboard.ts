import type { Period, analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import { localDate } from '#core/calendar.ts'
import { holidaysBetween } from '#core/holidays.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { computeKpis, incrementalMarginDefinition } from './kpis.ts'
import { liftCampaigns, readLift } from './lift.ts'
import { readNeeds } from './needs.ts'
import { readLatestSends, readRunning } from './running.ts'
import { readSeries, spanOf, type Span } from './series.ts'

type Reply = Answer<typeof analytics.dashboard>

/** Everything the first page shows. */
export async function readDashboard(ctx: Ctx, actor: Actor, period: Period): Promise<Reply> {
  const shop = await readSetting(ctx.pool, 'shop')
  const zone = shop.time_zone
  const span = spanOf(period, ctx.clock(), zone)
  const [series, marks, lift, needs, running, latest] = await Promise.all([
    readSeries(ctx, span, zone),
    readMarks(ctx, span, zone),
    liftCampaigns(ctx, span.fromAt, span.toAt).then((campaigns) =>
      readLift(ctx, campaigns, zone, shop.margin_pct, shop.currency),
    ),
    readNeeds(ctx),
    readRunning(ctx),
    readLatestSends(ctx, actor),
  ])
  const kpis: Reply['kpis'] = computeKpis(series)
  if (lift) {
    kpis.push({
      id: 'incremental_margin',
      label: 'Margin from contact',
      unit: 'cents',
      value: lift.margin_cents.mid,
      previous: null,
      change_pct: null,
      better: 'up',
      definition: incrementalMarginDefinition,
      spark: [],
    })
  }
  return {
    period,
    time_zone: zone,
    currency: shop.currency,
    from: span.from,
    to: span.to,
    comparison: comparisonOf(span),
    kpis,
    series,
    marks,
    lift,
    ...needs,
    running_campaigns: running,
    latest_sends: latest,
  }
}

export function comparisonOf(span: Span): Reply['comparison'] {
  return { from: span.previousFrom, to: span.previousTo, weeks_before: span.weeksBefore, words: span.words }
}

/** Campaign starts and the days on which a liquor shop sells more anyway. */
async function readMarks(ctx: Ctx, span: Span, zone: string): Promise<Reply['marks']> {
  const { rows } = await ctx.pool.query<{ id: string; name: string; start_date: string; started_at: Date | null }>(
    `select c.id, c.name, c.start_date, c.started_at from campaigns as c
     where c.status in ('active', 'paused', 'completed') and c.start_date between $1 and $2 order by c.start_date limit 60`,
    [span.from, span.to],
  )
  // A plan is started days before its first day, or after it: the chart marks when messages could first leave.
  const campaigns = rows.map((c) => {
    const started = c.started_at ? localDate(c.started_at, zone) : c.start_date
    return {
      day: started > c.start_date ? started : c.start_date,
      kind: 'campaign' as const,
      label: c.name,
      href: `/campaigns/${c.id}`,
    }
  })
  const days = holidaysBetween(span.from, span.to).map((h) => ({
    day: h.day,
    kind: 'holiday' as const,
    label: h.name,
    href: null,
  }))
  return [...campaigns, ...days].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0))
}
