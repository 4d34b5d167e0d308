import type { SegmentShare } from '#contract/knowledge.ts'
import type { z } from 'zod'
import type { Ctx } from '../context.ts'

type Share = z.infer<typeof SegmentShare>
type Row = Omit<Share, 'share' | 'churn'> & Record<`churn_${'low' | 'medium' | 'high' | 'new'}`, number>

/** RFM segments of the live customers: how many, what they spent, what they are worth, who is about to leave. */
export async function readBreakdown(ctx: Ctx): Promise<{ data: Share[]; customers: number; unscored: number }> {
  const { rows } = await ctx.pool.query<Row>(
    `select s.rfm_segment, count(*) as customers, coalesce(sum(s.total_spent_cents), 0)::bigint as total_spent_cents,
       coalesce(sum(s.clv_cents), 0)::bigint as clv_score_cents,
       (sum(s.total_spent_cents) / nullif(sum(s.purchase_frequency), 0))::bigint as avg_order_value_cents,
       count(*) filter (where s.churn_risk = 'low') as churn_low, count(*) filter (where s.churn_risk = 'medium') as churn_medium,
       count(*) filter (where s.churn_risk = 'high') as churn_high, count(*) filter (where s.churn_risk = 'new') as churn_new,
       count(*) filter (where c.email is not null and c.email_consent <> 'denied' and c.age_status in ('dob_verified', 'attested')) as can_email,
       count(*) filter (where c.phone is not null and c.sms_consent = 'granted' and c.age_status = 'dob_verified') as can_sms
     from customer_scores as s join customers as c on c.id = s.customer_id
     where c.deleted_at is null group by s.rfm_segment order by customers desc, s.rfm_segment`,
  )
  const { rows: all } = await ctx.pool.query<{ n: number }>(
    'select count(*) as n from customers where customers.deleted_at is null',
  )
  const customers = all[0]?.n ?? 0
  const scored = rows.reduce((sum, r) => sum + r.customers, 0)
  return {
    data: rows.map(({ churn_low, churn_medium, churn_high, churn_new, ...row }) => ({
      ...row,
      share: scored > 0 ? row.customers / scored : 0,
      churn: { low: churn_low, medium: churn_medium, high: churn_high, new: churn_new },
    })),
    customers,
    unscored: customers - scored,
  }
}
