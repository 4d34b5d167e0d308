import type { KpiId, PeriodQuery, analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import { localDate } from '#core/calendar.ts'
import { holidaysBetween } from '#core/holidays.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { computeKpis } from './kpis.ts'
import { readPeriodLift } from './lift.ts'
import { readNeeds } from './needs.ts'
import { remember } from './remember.ts'
import { readLatestSends, readRunning } from './running.ts'
import { readDays, seriesOf, spanOf, type Span } from './series.ts'
import { readStanding } from './standing.ts'

type Reply = Answer<typeof analytics.dashboard>

/** What the first page has room for; the whole table is on the analytics page. */
const cards: KpiId[] = ['revenue', 'orders', 'sends', 'conversion', 'aov', 'incremental_margin']

/** Everything the first page shows. */
export function readDashboard(ctx: Ctx, actor: Actor, query: PeriodQuery): Promise<Reply> {
  const key = `dashboard:${actor.role}:${JSON.stringify(query)}`
  return remember(ctx, key, () => computeDashboard(ctx, actor, query), { longestMs: 0 })
}

async function computeDashboard(ctx: Ctx, actor: Actor, query: PeriodQuery): Promise<Reply> {
  const shop = await readSetting(ctx.pool, 'shop')
  const zone = shop.time_zone
  const span = spanOf(query, ctx.clock(), zone)
  const [days, marks, lift, standing, needs, running, latest] = await Promise.all([
    readDays(ctx, span, zone),
    readMarks(ctx, span, zone),
    readPeriodLift(ctx, span, shop),
    readStanding(ctx, []),
    readNeeds(ctx),
    readRunning(ctx),
    readLatestSends(ctx, actor),
  ])
  const kpis = computeKpis(days, { ...standing, lift }, cards).filter(
    (k) => k.id !== 'incremental_margin' || k.value !== null,
  )
  return {
    period: query.period,
    time_zone: zone,
    currency: shop.currency,
    from: span.from,
    to: span.to,
    comparison: comparisonOf(span),
    kpis,
    series: seriesOf(days),
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

/** Campaign starts, the days on which a liquor shop sells more anyway, and what people noted. */
export async function readMarks(ctx: Ctx, span: Span, zone: string): Promise<Reply['marks']> {
  const { rows: notes } = await ctx.pool.query<{ day: string; text: string }>(
    'select n.day, n.text from chart_notes as n where n.day between $1 and $2 order by n.day, n.id limit 100',
    [span.from, span.to],
  )
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
  const noted = notes.map((n) => ({ day: n.day, kind: 'note' as const, label: n.text, href: null }))
  return [...campaigns, ...days, ...noted].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0))
}
