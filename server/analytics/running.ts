import type { analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { shownName } from './names.ts'
import { remember } from './remember.ts'

type Reply = Answer<typeof analytics.dashboard>

interface RunningRow {
  id: string
  name: string
  status: 'active' | 'paused'
  total: number
  pending: number
  failed: number
  next_due_at: Date | null
  last_due_at: Date | null
  last_minute: number
}

/** Campaigns that send now: progress, rate of the last minute, and when the rest will be out. */
export function readRunning(ctx: Ctx): Promise<Reply['running_campaigns']> {
  return remember(ctx, 'running', () => countRunning(ctx))
}

async function countRunning(ctx: Ctx): Promise<Reply['running_campaigns']> {
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<RunningRow>(
    `select c.id, c.name, c.status, coalesce(s.total, 0)::int as total, coalesce(s.pending, 0)::int as pending, coalesce(s.failed, 0)::int as failed,
       s.next_due_at, s.last_due_at,
       (select count(*) from analytics_events as e where e.event_type = 'sent' and e.occurred_at > $1::timestamptz - interval '1 minute' and e.occurred_at <= $1 and e.campaign_id = c.id)::int as last_minute
     from campaigns as c
     left join (
       select sends.campaign_id, count(*) as total, count(*) filter (where sends.status = 'pending') as pending,
         count(*) filter (where sends.status in ('failed', 'bounced')) as failed,
         min(sends.due_at) filter (where sends.status = 'pending') as next_due_at, max(sends.due_at) filter (where sends.status = 'pending') as last_due_at
       from sends where sends.campaign_id in (select r.id from campaigns as r where r.status in ('active', 'paused')) group by 1
     ) as s on s.campaign_id = c.id
     where c.status in ('active', 'paused') order by c.start_date, c.id limit 10`,
    [now],
  )
  return rows.map((r) => ({
    id: r.id,
    name: r.name,
    status: r.status,
    total: r.total,
    done: r.total - r.pending,
    pending: r.pending,
    failed: r.failed,
    rate_per_minute: r.last_minute,
    next_due_at: r.next_due_at,
    eta: r.status === 'paused' ? null : etaOf(r, now),
  }))
}

// All is out when the last message is due, or later if the present rate does not keep up.
function etaOf(row: RunningRow, now: Date): Date | null {
  if (row.pending === 0) return null
  const lastDue = row.last_due_at?.getTime() ?? now.getTime()
  const byRate = row.last_minute > 0 ? now.getTime() + (row.pending / row.last_minute) * 60_000 : 0
  const eta = Math.max(lastDue, row.next_due_at && row.next_due_at > now ? 0 : byRate)
  return eta > now.getTime() ? new Date(eta) : null
}

interface LatestRow {
  id: string
  customer_id: string | null
  customer_name: string | null
  campaign_id: string | null
  campaign_name: string | null
  offer_title: string | null
  segment: string | null
  channel: 'email' | 'sms'
  status: string
  sent_at: Date
  opened_at: Date | null
  clicked_at: Date | null
  converted_at: Date | null
  conversion_cents: number | null
}

/** The ten messages that left last. */
export async function readLatestSends(ctx: Ctx, actor: Actor): Promise<Reply['latest_sends']> {
  const { rows } = await ctx.pool.query<LatestRow>(
    `with last as (
       select e.send_id, e.occurred_at from analytics_events as e where e.event_type = 'sent' and e.send_id is not null and e.occurred_at <= $1
       order by e.occurred_at desc limit 10
     )
     select s.id, s.customer_id, customers.name as customer_name, s.campaign_id, campaigns.name as campaign_name, offer_of(s) ->> 'title' as offer_title, segment_of(s) as segment,
       s.channel, s.status, coalesce(s.sent_at, last.occurred_at) as sent_at, s.opened_at, s.clicked_at, s.converted_at, s.conversion_cents
     from last join sends as s on s.id = last.send_id
     left join customers on customers.id = s.customer_id left join campaigns on campaigns.id = s.campaign_id
     order by last.occurred_at desc, s.id desc`,
    [ctx.clock()],
  )
  return rows.map(({ customer_name, ...row }) => ({ ...row, customer_name: shownName(actor, customer_name) }))
}
