import type { analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import { percent } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { notFound } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { readLedger } from './ledger.ts'
import { readLift } from './lift.ts'
import { remember } from './remember.ts'

type Reply = Answer<typeof analytics.campaign>
type Breakdown = Reply['by_day'][number]

interface GroupRow extends Omit<Breakdown, 'key' | 'label'> {
  dimension: 'all' | 'segment' | 'offer' | 'day' | 'channel'
  key: string | null
}

/** What a campaign did, or throws not_found. Every figure is counted from sends, conversions and events. */
export function readCampaign(ctx: Ctx, id: string): Promise<Reply> {
  return remember(ctx, `campaign:${id}`, () => countCampaign(ctx, id), { longestMs: 0 })
}

async function countCampaign(ctx: Ctx, id: string): Promise<Reply> {
  const { rows } = await ctx.pool.query<{
    id: string
    name: string
    status: string
    started_at: Date | null
    end_date: string
  }>('select c.id, c.name, c.status, c.started_at, c.end_date from campaigns as c where c.id = $1', [id])
  const campaign = rows[0]
  if (!campaign) throw notFound('campaign', id)
  const shop = await readSetting(ctx.pool, 'shop')
  const [groups, heard, ledger, lift, silent] = await Promise.all([
    remember(ctx, `groups:${id}`, () => readGroups(ctx, id)),
    readHeard(ctx, id),
    remember(ctx, `ledger:${id}`, () => readLedger(ctx, id)),
    campaign.started_at
      ? readLift(
          ctx,
          [{ id, startedAt: campaign.started_at, endDate: campaign.end_date }],
          shop.time_zone,
          shop.margin_pct,
          shop.currency,
        )
      : null,
    ctx.pool.query<{ n: number }>(
      `select count(*) as n from sends where sends.campaign_id = $1 and sends.status = 'sent'`,
      [id],
    ),
  ])
  const all = groups.find((g) => g.dimension === 'all') ?? {
    planned: 0,
    sent: 0,
    delivered: 0,
    opened: 0,
    clicked: 0,
    conversions: 0,
    revenue_cents: 0,
    bought: 0,
  }
  return {
    campaign_id: campaign.id,
    name: campaign.name,
    status: campaign.status,
    computed_at: ctx.clock(),
    funnel: funnelOf(all, silent.rows[0]?.n ?? 0),
    machine: { opens: heard['open:machine'] ?? 0, clicks: heard['click:machine'] ?? 0 },
    revenue_cents: all.revenue_cents,
    conversions: all.conversions,
    by_segment: pick(groups, 'segment'),
    by_offer: pick(groups, 'offer'),
    by_day: pick(groups, 'day'),
    by_channel: pick(groups, 'channel'),
    lift,
    lift_note: lift
      ? lift.verdict
      : campaign.started_at
        ? 'No lift figure: this campaign held nobody out, or too few. What follows counts orders after a click, which may have come anyway.'
        : 'It has not started yet.',
    unsubscribes: heard['unsubscribe'] ?? 0,
    complaints: heard['complaint'] ?? 0,
    bounces: { hard: heard['bounce:hard'] ?? 0, soft: heard['bounce:soft'] ?? 0 },
    ledger,
  }
}

interface Counted extends Omit<Breakdown, 'key' | 'label'> {
  bought: number
}

function funnelOf(c: Counted, withoutReport: number): Reply['funnel'] {
  const steps = [
    { step: 'sent' as const, label: 'Sent', count: c.sent, note: null },
    {
      step: 'delivered' as const,
      label: 'Delivered',
      count: c.delivered,
      note:
        withoutReport > 0
          ? `${withoutReport} were taken by the mail server without a delivery report; none came back.`
          : null,
    },
    {
      step: 'opened' as const,
      label: 'Opened',
      count: c.opened,
      note: 'Opens are unreliable: Apple Mail hides them and some mail programs block pictures.',
    },
    { step: 'clicked' as const, label: 'Clicked', count: c.clicked, note: null },
    {
      step: 'bought' as const,
      label: 'Bought',
      count: c.bought,
      note: 'After a click, or with the code from the message.',
    },
  ]
  return steps.map((s, i) => ({
    ...s,
    step_pct: i === 0 ? null : percent(s.count, steps[i - 1]!.count),
    of_sent_pct: percent(s.count, c.sent, 2),
  }))
}

function pick(groups: readonly (GroupRow & Counted)[], dimension: GroupRow['dimension']): Breakdown[] {
  return groups
    .filter((g) => g.dimension === dimension)
    .map((g) => ({
      key: g.key ?? '',
      label: g.key ? g.key.replaceAll('_', ' ') : 'Not known',
      planned: g.planned,
      sent: g.sent,
      delivered: g.delivered,
      opened: g.opened,
      clicked: g.clicked,
      conversions: g.conversions,
      revenue_cents: g.revenue_cents,
    }))
    .sort((a, b) => (dimension === 'day' ? a.key.localeCompare(b.key) : b.sent - a.sent || a.key.localeCompare(b.key)))
}

/** One pass over the campaign's sends, grouped four ways and in all. */
async function readGroups(ctx: Ctx, id: string): Promise<(GroupRow & Counted)[]> {
  const { rows } = await ctx.pool.query<GroupRow & Counted>(
    `with earned as (
       select c.send_id, count(*) as orders, sum(c.value_cents) as cents from conversions as c where c.campaign_id = $1 group by 1
     ), facts as (
       select coalesce(e.segment, a.segment) as segment, coalesce(coalesce(e.offer, a.offer) ->> 'title', '') as offer, coalesce(e.scheduled_date, a.scheduled_date)::text as day, s.channel, s.status, s.opened_at, s.clicked_at, earned.orders, earned.cents
       from sends as s left join campaign_entries as e on e.id = s.entry_id left join actions as a on a.id = s.action_id left join earned on earned.send_id = s.id where s.campaign_id = $1
     )
     select case grouping(f.segment, f.offer, f.day, f.channel) when 7 then 'segment' when 11 then 'offer' when 13 then 'day' when 14 then 'channel' else 'all' end as dimension,
       coalesce(f.segment, f.offer, f.day, f.channel) as key, count(*)::int as planned,
       count(*) filter (where f.status in ('sent', 'delivered', 'bounced'))::int as sent,
       count(*) filter (where f.status in ('sent', 'delivered'))::int as delivered,
       count(f.opened_at)::int as opened, count(f.clicked_at)::int as clicked, count(f.orders)::int as bought,
       coalesce(sum(f.orders), 0)::int as conversions, coalesce(sum(f.cents), 0)::bigint as revenue_cents
     from facts as f group by grouping sets ((f.segment), (f.offer), (f.day), (f.channel), ())`,
    [id],
  )
  return rows
}

async function readHeard(ctx: Ctx, id: string): Promise<Record<string, number>> {
  const { rows } = await ctx.pool.query<{ kind: string; n: number }>(
    `select e.event_type || case when e.event_type = 'bounce' then ':' || coalesce(e.properties ->> 'class', 'hard') when e.machine then ':machine' else '' end as kind, count(*) as n
     from analytics_events as e where e.campaign_id = $1 and e.event_type in ('open', 'click', 'unsubscribe', 'complaint', 'bounce') group by 1`,
    [id],
  )
  return Object.fromEntries(rows.map((r) => [r.kind, r.n]))
}
