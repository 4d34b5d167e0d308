import { addDays, instantOf } from '#core/calendar.ts'
import type { PairedArm } from '#core/experiments/cuped.ts'
import type { ArmData } from '#core/experiments/read-test.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import type { StoredExperiment } from './store.ts'

/** An order may still be the answer to a message for this long after the campaign. */
const afterDays = 7
/** What customers did in so many days before the start explains part of what they do after it. */
const beforeDays = 91

/** When the counting of a test ends. */
export async function countedUntil(ctx: Ctx, e: Pick<StoredExperiment, 'campaign_end_date'>): Promise<Date> {
  const { time_zone } = await readSetting(ctx.pool, 'shop')
  return instantOf(addDays(e.campaign_end_date!, 1 + afterDays), '00:00', time_zone)
}

interface SumsRow extends PairedArm {
  key: string
  drawn: number
  gone: number
}

/**
 * Sums per version, for everybody drawn whose day has come. Who was held back from a message (a cap, a closed window)
 * counts where the version itself may have caused it (offer, time, channel), and nowhere else.
 */
export async function readArms(ctx: Ctx, e: StoredExperiment): Promise<ArmData[]> {
  const now = ctx.clock()
  const start = e.campaign_started_at
  const until = e.campaign_end_date && start ? await countedUntil(ctx, e) : now
  const rows = await withTx(ctx.pool, async (tx) => {
    // Nobody knows how many of a union are different: a planner that takes them for two hundred would compare each with each.
    await tx.query('set local enable_nestloop = off')
    const { rows } = await tx.query<SumsRow>(
      `with drawn as (
       select a.customer_id, min(a.variant) as variant, bool_or(a.decided not in ('skipped', 'holdout') and (a.scheduled_date is null or a.scheduled_date <= $3::timestamptz::date)) as counted,
         bool_or(a.decided <> 'holdout' and (a.scheduled_date is null or a.scheduled_date <= $3::timestamptz::date)) as meant
       from every_action as a where a.campaign_id = $1 and a.variant is not null group by 1
     ), pop as (
       select drawn.customer_id, drawn.variant from drawn where case when $7 then drawn.meant else drawn.counted end
     ), clicked as (
       select s.customer_id from sends as s where s.campaign_id = $1 and s.clicked_at is not null and s.customer_id is not null group by 1
     ), after as (
       select o.customer_id, sum(o.total_cents)::float8 as cents from orders as o join pop on pop.customer_id = o.customer_id
       where o.ordered_at >= $2 and o.ordered_at < least($3, $4::timestamptz) group by 1
     ), before as (
       select o.customer_id, sum(o.total_cents)::float8 as cents, count(*)::float8 as orders from orders as o join pop on pop.customer_id = o.customer_id
       where o.ordered_at >= $2::timestamptz - make_interval(days => $6) and o.ordered_at < $2 group by 1
     ), gone as (
       select v.customer_id from analytics_events as v where v.campaign_id = $1 and v.event_type in ('unsubscribe', 'complaint') and v.customer_id is not null group by 1
     ), each as (
       select pop.variant,
         case $5 when 'clicks' then case when clicked.customer_id is not null then 1 else 0 end
                 when 'orders' then case when after.customer_id is not null then 1 else 0 end
                 else coalesce(after.cents, 0) end::float8 as y,
         case $5 when 'revenue' then coalesce(before.cents, 0) else coalesce(before.orders, 0) end::float8 as x,
         gone.customer_id is not null as gone
       from pop left join clicked using (customer_id) left join after using (customer_id) left join before using (customer_id) left join gone using (customer_id)
     ), sums as (
       select each.variant as key, count(*) as n, sum(each.y) as y, sum(each.y ^ 2) as yy, sum(each.x) as x, sum(each.x ^ 2) as xx, sum(each.x * each.y) as xy, count(*) filter (where each.gone) as gone
       from each group by 1
     )
     select d.variant as key, count(*) as drawn, coalesce(max(sums.n), 0) as n, coalesce(max(sums.y), 0) as y, coalesce(max(sums.yy), 0) as yy, coalesce(max(sums.x), 0) as x,
       coalesce(max(sums.xx), 0) as xx, coalesce(max(sums.xy), 0) as xy, coalesce(max(sums.gone), 0) as gone
     from drawn as d left join sums on sums.key = d.variant group by 1`,
      [
        e.campaign_id,
        start ?? now,
        now,
        until,
        e.metric,
        beforeDays,
        e.dimension === 'offer' || e.dimension === 'send_time' || e.dimension === 'channel',
      ],
    )
    return rows
  })
  return e.variants.map((v) => {
    const row = rows.find((r) => r.key === v.key)
    return {
      key: v.key,
      label: v.label,
      weight: v.weight,
      drawn: row?.drawn ?? 0,
      left: row?.gone ?? 0,
      data: {
        n: row?.n ?? 0,
        y: row?.y ?? 0,
        yy: row?.yy ?? 0,
        x: row?.x ?? 0,
        xx: row?.xx ?? 0,
        xy: row?.xy ?? 0,
      },
    }
  })
}
