import type { KpiId } from '#contract/analytics.ts'
import { percent } from '#core/analytics/period.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import type { Standing } from './kpis.ts'
import { remember } from './remember.ts'

const ofScores: KpiId[] = ['active_customers', 'churn', 'clv']

/** What KPIs need besides sums of days and the lift; scores are only looked at when a KPI asks for them. */
export async function readStanding(ctx: Ctx, ids: readonly KpiId[]): Promise<Omit<Standing, 'lift'>> {
  const [prices, scores] = await Promise.all([
    readSetting(ctx.pool, 'analytics'),
    ids.some((id) => ofScores.includes(id))
      ? remember(ctx, 'standing', () => readScores(ctx), { graceMs: 600_000 })
      : null,
  ])
  return {
    costCents: (s) =>
      Math.round(
        ((s.sends - s.sms_sends) * prices.email_per_thousand_cents + s.sms_sends * prices.sms_per_thousand_cents) /
          1000,
      ),
    active: scores?.scored ? scores.active : null,
    churnPct: scores ? percent(scores.leaving, scores.scored) : null,
    clvCents: scores?.scored ? scores.clv_cents : null,
  }
}

async function readScores(ctx: Ctx): Promise<{ scored: number; active: number; leaving: number; clv_cents: number }> {
  const { rows } = await ctx.pool.query<{ scored: number; active: number; leaving: number; clv_cents: number }>(
    `select count(*) as scored, count(*) filter (where s.last_purchase_at >= $1::timestamptz - interval '90 days') as active,
       count(*) filter (where s.churn_risk = 'high') as leaving, coalesce(sum(s.clv_cents), 0)::bigint as clv_cents
     from customer_scores as s join customers on customers.id = s.customer_id and customers.deleted_at is null`,
    [ctx.clock()],
  )
  return rows[0]!
}
