import type { analytics } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { Ctx } from '../context.ts'
import { ruleLabel } from './names.ts'

type Ledger = Answer<typeof analytics.campaign>['ledger']

const labels: Record<string, string> = {
  contacted: 'Got the message',
  bounced: 'Message came back',
  failed: 'Could not be sent',
  unknown: 'May or may not have left',
  waiting: 'Waiting for its time',
  holdout: 'Held out on purpose, to measure what contact earns',
}
const order = ['contacted', 'waiting', 'holdout', 'skipped', 'cancelled', 'bounced', 'failed', 'unknown']

/**
 * What became of every planned action: each is in exactly one line (its best message decides), so the lines add up to
 * the plan.
 */
export async function readLedger(ctx: Ctx, campaignId: string): Promise<Ledger> {
  const { rows } = await ctx.pool.query<{ outcome: string; rule_id: string | null; count: number }>(
    `with best as (
       select distinct on (s.action_id) s.action_id, s.status, s.refused_by from sends as s where s.campaign_id = $1 and s.action_id is not null
       order by s.action_id, array_position(array['delivered', 'sent', 'pending', 'unknown', 'bounced', 'failed', 'skipped', 'cancelled'], s.status), s.id
     ), each as (
       select case
           when a.status = 'holdout' then 'holdout'
           when best.status in ('delivered', 'sent') then 'contacted'
           when best.status = 'pending' then 'waiting'
           when best.status is not null then best.status
           when a.status in ('skipped', 'failed') then a.status
           else 'waiting' end as outcome,
         coalesce(best.refused_by, a.refused_by) as refused_by
       from actions as a left join best on best.action_id = a.id where a.campaign_id = $1 and a.status <> 'proposed'
       union all
       -- messages that are their own action
       select case when s.status in ('delivered', 'sent') then 'contacted' when s.status in ('pending', 'claimed') then 'waiting' else s.status end, s.refused_by
       from sends as s where s.campaign_id = $1 and s.entry_id is not null and s.customer_id is not null
     )
     select each.outcome, case when each.outcome in ('skipped', 'cancelled', 'failed') then each.refused_by end as rule_id, count(*)::int as count
     from each group by 1, 2`,
    [campaignId],
  )
  const lines = rows
    .map((r) => ({ ...r, label: lineLabel(r.outcome, r.rule_id) }))
    .sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome) || b.count - a.count)
  return { planned: rows.reduce((sum, r) => sum + r.count, 0), lines }
}

function lineLabel(outcome: string, ruleId: string | null): string {
  if (outcome === 'skipped') return `Not contacted: ${ruleId ? lower(ruleLabel(ruleId)) : 'no reason stored'}`
  if (outcome === 'cancelled') return ruleId ? `Cancelled: ${lower(ruleLabel(ruleId))}` : 'Cancelled'
  return labels[outcome] ?? outcome
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
