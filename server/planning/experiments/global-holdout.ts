import type { experiments } from '#contract/experiments.ts'
import type { Answer } from '#contract/http.ts'
import { measureLift } from '#core/analytics/lift.ts'
import { instantOf, localDate } from '#core/calendar.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'

/**
 * What all contact of this year earned together: customers held out of everything against those who were not, each from
 * the day they would first have been contacted.
 */
export async function readGlobalHoldout(ctx: Ctx): Promise<Answer<typeof experiments.holdout>> {
  const [shop, settings] = await Promise.all([readSetting(ctx.pool, 'shop'), readSetting(ctx.pool, 'analytics')])
  const now = ctx.clock()
  const year = Number(localDate(now, shop.time_zone).slice(0, 4))
  const since = instantOf(`${year}-01-01`, '00:00', shop.time_zone)
  const { rows } = await ctx.pool.query<{ held: boolean; n: number; total: number; squares: number }>(
    `with drawn as (
       select a.customer_id, bool_or(a.held_out_of_all) as held, min(c.started_at) as since from every_action as a join campaigns as c on c.id = a.campaign_id
       where c.started_at >= $1 and c.started_at < $2 and a.decided not in ('skipped', 'proposed') and (a.send_id is null or a.send_id >= uuidv7_floor($1::timestamptz - interval '40 days')) group by 1
     ), spend as (
       select d.customer_id, d.held, sum(o.total_cents)::float8 as cents
       from drawn as d left join orders as o on o.customer_id = d.customer_id and o.ordered_at >= d.since and o.ordered_at < $2 group by 1, 2
     )
     select spend.held, count(*) as n, coalesce(sum(spend.cents), 0)::float8 as total, coalesce(sum(spend.cents ^ 2), 0)::float8 as squares
     from spend group by 1`,
    [since, now],
  )
  const arm = (held: boolean) => {
    const row = rows.find((r) => r.held === held)
    return { n: row?.n ?? 0, sum: row?.total ?? 0, sumOfSquares: row?.squares ?? 0 }
  }
  const [heldOut, contacted] = [arm(true), arm(false)]
  const weeks = Math.max(1, Math.ceil((now.getTime() - since.getTime()) / (7 * 86_400_000)))
  const lift = heldOut.n > 0 ? measureLift([{ contacted, heldOut }], shop.margin_pct, weeks, shop.currency) : null
  const share = settings.global_holdout_share
  const counted = { share, year, contacted: contacted.n, held_out: heldOut.n }
  if (!lift)
    return {
      ...counted,
      per_customer_cents: null,
      revenue_cents: null,
      margin_cents: null,
      outcome: share === 0 && heldOut.n === 0 ? 'off' : 'waiting',
      verdict:
        share === 0 && heldOut.n === 0
          ? 'Nobody is held out of everything. 5% for a year would show what all messages together earn.'
          : 'The first campaign with it has not been counted yet.',
    }
  return {
    ...counted,
    per_customer_cents: lift.per_customer_cents,
    revenue_cents: lift.revenue_cents,
    margin_cents: lift.margin_cents.mid,
    outcome: lift.outcome,
    verdict: lift.verdict,
  }
}
