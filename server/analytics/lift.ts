import type { Lift } from '#contract/analytics.ts'
import { measureLift, type HoldoutArms } from '#core/analytics/lift.ts'
import { addDays, instantOf } from '#core/calendar.ts'
import type { Ctx } from '../context.ts'
import { remember } from './remember.ts'
import type { Span } from './series.ts'

interface CampaignSpan {
  id: string
  startedAt: Date
  endDate: string
}

/** An order may still be the answer to a message for this long after the campaign. */
const afterDays = 7
const week = 7 * 86_400_000

/**
 * Lift of one or several campaigns. Contacted are all for whom messages were made, sent or not (intention to treat:
 * who drops out later drops out of one arm only); held out are those the plan put aside from the same reach.
 */
export async function readLift(
  ctx: Ctx,
  campaigns: readonly CampaignSpan[],
  zone: string,
  marginPct: number,
  currency: string,
): Promise<Lift | null> {
  if (campaigns.length === 0) return null
  const arms = await Promise.all(campaigns.map((c) => remember(ctx, `lift:${c.id}`, () => readArms(ctx, c, zone))))
  const weeks = new Set(campaigns.map((c) => Math.floor(c.startedAt.getTime() / week))).size
  return measureLift(
    arms.filter((a) => a.heldOut.n > 0),
    marginPct,
    weeks,
    currency,
  )
}

async function readArms(ctx: Ctx, campaign: CampaignSpan, zone: string): Promise<HoldoutArms> {
  const until = new Date(
    Math.min(ctx.clock().getTime(), instantOf(addDays(campaign.endDate, 1 + afterDays), '00:00', zone).getTime()),
  )
  const { rows } = await ctx.pool.query<{ held: boolean; n: number; total: number; squares: number }>(
    `with arm as (
       select s.customer_id, false as held from sends as s where s.campaign_id = $1 and s.customer_id is not null group by 1
       union all
       select a.customer_id, true from actions as a
       where a.campaign_id = $1 and a.status = 'holdout' and not exists (select 1 from sends as s where s.campaign_id = $1 and s.customer_id = a.customer_id) group by 1
     ), spend as (
       select o.customer_id, sum(o.total_cents)::float8 as cents from orders as o
       where o.ordered_at >= $2 and o.ordered_at < $3 group by 1
     )
     select arm.held, count(*) as n, coalesce(sum(spend.cents), 0)::float8 as total, coalesce(sum(spend.cents * spend.cents), 0)::float8 as squares
     from arm left join spend on spend.customer_id = arm.customer_id group by 1`,
    [campaign.id, campaign.startedAt, until],
  )
  const arm = (held: boolean) => {
    const row = rows.find((r) => r.held === held)
    return { n: row?.n ?? 0, sum: row?.total ?? 0, sumOfSquares: row?.squares ?? 0 }
  }
  return { contacted: arm(false), heldOut: arm(true) }
}

/** Lift of all campaigns that began in the period. */
export async function readPeriodLift(
  ctx: Ctx,
  span: Pick<Span, 'fromAt' | 'toAt'>,
  shop: { time_zone: string; margin_pct: number; currency: string },
): Promise<Lift | null> {
  const campaigns = await liftCampaigns(ctx, span.fromAt, span.toAt)
  return readLift(ctx, campaigns, shop.time_zone, shop.margin_pct, shop.currency)
}

/** Campaigns that began in the stretch and held somebody out. */
async function liftCampaigns(ctx: Ctx, from: Date, to: Date): Promise<CampaignSpan[]> {
  const { rows } = await ctx.pool.query<{ id: string; started_at: Date; end_date: string }>(
    `select c.id, c.started_at, c.end_date from campaigns as c
     where c.started_at >= $1 and c.started_at < $2 and exists (select 1 from actions as a where a.campaign_id = c.id and a.status = 'holdout')
     order by c.started_at desc limit 60`,
    [from, to],
  )
  return rows.map((c) => ({ id: c.id, startedAt: c.started_at, endDate: c.end_date }))
}
