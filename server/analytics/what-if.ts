import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { sayWhatIf, whatIfHoldout, whatIfWeeks } from '#core/analytics/what-if.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { remember } from './remember.ts'

/** A usual week of the last quarter: who was reached per week of campaigns, and what a contactable customer spends in one. */
async function readUsualWeek(ctx: Ctx): Promise<{ reached: number; mean_cents: number; sd_cents: number }> {
  const { rows } = await ctx.pool.query<{ reached: number | null; n: number; total: number; squares: number }>(
    `with reached as (
       select a.campaign_id, count(distinct a.customer_id) as n from every_action as a join campaigns as c on c.id = a.campaign_id
       where c.started_at >= $1::timestamptz - interval '13 weeks' and a.decided not in ('skipped', 'proposed')
         and (a.send_id is null or a.send_id >= uuidv7_floor($1::timestamptz - interval '13 weeks' - interval '40 days')) group by 1
     ), spend as (
       select o.customer_id, sum(o.total_cents)::float8 as cents from orders as o where o.ordered_at >= $1::timestamptz - interval '7 days' and o.ordered_at < $1 group by 1
     )
     select (select avg(reached.n) from reached)::float8 as reached, (select count(*) from customers as c where c.deleted_at is null and (c.email is not null or c.phone is not null)) as n,
       coalesce(sum(spend.cents), 0)::float8 as total, coalesce(sum(spend.cents ^ 2), 0)::float8 as squares
     from spend join customers as c on c.id = spend.customer_id and (c.email is not null or c.phone is not null)`,
    [ctx.clock()],
  )
  const { n, total, squares, reached } = rows[0]!
  const mean = n > 0 ? total / n : 0
  return {
    // Nothing sent yet: as if everybody reachable were written to.
    reached: Math.round(reached ?? n),
    mean_cents: mean,
    sd_cents: n > 1 ? Math.sqrt(Math.max(0, (squares - n * mean * mean) / (n - 1))) : 0,
  }
}

export async function readWhatIf(ctx: Ctx): Promise<Answer<typeof reports.whatIf>> {
  const shop = await readSetting(ctx.pool, 'shop')
  const week = await remember(ctx, 'usual week', () => readUsualWeek(ctx), { graceMs: 3_600_000 })
  const usual = { reached: week.reached, meanCents: week.mean_cents, sdCents: week.sd_cents }
  const points = whatIfHoldout(usual, shop.margin_pct)
  return { ...week, points, weeks: whatIfWeeks, verdict: sayWhatIf(usual, points, shop.currency) }
}
