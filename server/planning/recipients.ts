import type { CampaignRecipient } from '#contract/planning.ts'
import { createAssigner, otherGroups } from '#core/planning/assign.ts'
import { isEditable } from '#core/planning/lifecycle.ts'
import { labelOfRule } from '#core/planning/reach.ts'
import type { Ctx } from '../context.ts'
import { streamAudience } from './audience.ts'
import { assignRules, audienceOf } from './gate-query.ts'
import { findCampaign, planOf } from './campaigns.ts'
import { loadGateFacts, ownLimits } from './planner-facts.ts'

export interface RecipientQuery {
  entry?: string | undefined
  status?: 'pending' | 'skipped' | 'holdout' | undefined
  refused_by?: string | undefined
  page_size: number
  cursor?: string | undefined
}

export interface RecipientPage {
  data: CampaignRecipient[]
  next_cursor: string | null
  is_final: boolean
}

/** How many customers one page of a draft may walk through before it answers with what it has. */
const maxWalk = 20_000

/** Who gets it, who does not and why: as it happened, or for a plan that has not started as it would happen now. */
export async function listRecipients(ctx: Ctx, id: string, query: RecipientQuery): Promise<RecipientPage> {
  const campaign = await findCampaign(ctx.pool, id)
  if (!isEditable(campaign.status)) return listMade(ctx, id, query)
  const plan = planOf(campaign)
  const facts = await loadGateFacts(ctx, plan.week_start, ownLimits(campaign))
  const assign = createAssigner(assignRules(facts, plan.entries, ctx.clock()))
  const audience = await audienceOf(ctx.pool, campaign, facts, plan.entries, ctx.clock())
  const data: CampaignRecipient[] = []
  let walked = 0
  let last: string | null = null
  for await (const chunk of streamAudience(ctx.pool, ctx.config, {
    ...audience,
    chunkSize: 1000,
    ...(query.cursor ? { after: query.cursor } : {}),
  })) {
    for (const member of chunk) {
      last = member.id
      for (const a of assign(member.customer)) {
        if (query.entry && a.entry.id !== query.entry) continue
        if (query.status && a.outcome !== query.status) continue
        if (a.verdict?.rule_id === otherGroups) continue
        if (query.refused_by && a.verdict?.rule_id !== query.refused_by) continue
        data.push({
          customer_id: member.id,
          customer_name: member.name,
          entry_id: a.entry.id,
          segment: a.entry.segment,
          day: a.entry.day,
          channel: a.entry.channel,
          status: a.outcome,
          refused_by: a.verdict?.rule_id ?? null,
          because: a.verdict?.summary ?? null,
          due_at: a.due_at?.toISOString() ?? null,
        })
      }
      // A page ends between customers, so that the cursor can be the last one's id.
      if (data.length >= query.page_size) return { data, next_cursor: last, is_final: false }
    }
    walked += chunk.length
    if (walked >= maxWalk) return { data, next_cursor: last, is_final: false }
  }
  return { data, next_cursor: null, is_final: false }
}

async function listMade(ctx: Ctx, id: string, query: RecipientQuery): Promise<RecipientPage> {
  // The page first: what else is said of an action is looked up for a page, not for all that are sorted.
  const { rows: page } = await ctx.pool.query<{ id: string }>(
    `select a.id from every_action as a
     where a.campaign_id = $1 and ($2::text is null or a.plan_entry_id = $2) and ($4::text is null or a.refused_by = $4) and ($5::uuid is null or a.id > $5)
       and ($3::text is null or a.decided = $3 or ($3 = 'pending' and a.decided not in ('skipped', 'holdout')))
     order by a.id limit $6`,
    [id, query.entry ?? null, query.status ?? null, query.refused_by ?? null, query.cursor ?? null, query.page_size],
  )
  const { rows } = await ctx.pool.query<
    Omit<CampaignRecipient, 'due_at' | 'because'> & { id: string; due_at: Date | null }
  >(
    `select a.id, a.customer_id, c.name as customer_name, a.plan_entry_id as entry_id, a.segment, a.scheduled_date as day, a.channels[1] as channel, a.status, a.refused_by, s.due_at
     from every_action as a join customers as c on c.id = a.customer_id
     left join sends as s on s.id = a.send_id
     where a.id = any($1::uuid[]) order by a.id`,
    [page.map((a) => a.id)],
  )
  return {
    data: rows.map(({ id: _, due_at, ...row }) => ({
      ...row,
      because: row.refused_by ? `Customers who ${labelOfRule(row.refused_by)}.` : null,
      due_at: due_at?.toISOString() ?? null,
    })),
    next_cursor: page.length === query.page_size ? page.at(-1)!.id : null,
    is_final: true,
  }
}
