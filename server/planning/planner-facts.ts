import type { ClientBase, Pool } from 'pg'
import { addDays, localDate, localMinutes, minutesOf, type Day } from '#core/calendar.ts'
import type { PlannerFacts, TemplateFacts } from '#core/planning/facts.ts'
import type { WeeklyPlan } from '#core/planning/plan.ts'
import type { Ctx } from '../context.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { findOffers, offerOf } from '../offers.ts'
import { loadStores } from '../stores.ts'
import { findPastResults, findResults } from './results.ts'
import { findSegments } from './segment-facts.ts'

export interface OwnLimits {
  holdoutShare?: number | undefined
  /** null: no limit, whatever the shop says */
  budgetCents?: number | null | undefined
}

/** What a campaign's draft was made with. */
export function ownLimits(campaign: { holdout_share: number; weekly_plan: WeeklyPlan | null }): OwnLimits {
  return { holdoutShare: campaign.holdout_share, budgetCents: campaign.weekly_plan?.limits.budget_cents }
}

/**
 * Everything an engine may see: aggregates of segments, offers, templates, past results, limits and law. No person, no
 * address. @param own what the campaign says otherwise than the shop's limits
 */
export async function loadPlannerFacts(ctx: Ctx, weekStart: Day, own: OwnLimits = {}): Promise<PlannerFacts> {
  const { pool } = ctx
  const now = ctx.clock()
  const [shop, limits, policy, stores, offers, templates] = await Promise.all([
    readSetting(pool, 'shop'),
    readSetting(pool, 'limits'),
    readPolicy(pool),
    loadStores(pool),
    findOffers(pool, { isActive: true, archived: false }),
    findTemplates(pool),
  ])
  const today = localDate(now, shop.time_zone)
  const [segments, past, results] = await Promise.all([
    findSegments(ctx, {
      now,
      zone: shop.time_zone,
      ages: limits.email_ages,
      stores,
      emailWindow: limits.email_window,
    }),
    findPastResults(pool, today),
    findResults(pool, today),
  ])
  const isLate = localMinutes(now, shop.time_zone) + 60 >= minutesOf(limits.email_window.end)
  return {
    week_start: weekStart,
    first_day: isLate ? addDays(today, 1) : today,
    currency: shop.currency,
    margin_share: shop.margin_pct / 100,
    segments,
    templates,
    stores,
    past,
    results,
    policy,
    offers: offers.map(offerOf),
    limits: {
      max_per_customer_week: limits.max_per_customer_week,
      max_sms_per_customer_week: limits.max_sms_per_customer_week,
      holdout_share: own.holdoutShare ?? limits.holdout_share,
      channels: ['email', 'sms'],
      email_per_day: limits.email_per_day,
      sms_per_day: limits.sms_per_day,
      budget_cents: own.budgetCents === undefined ? limits.budget_week_cents : own.budgetCents,
    },
    contact: limits,
  }
}

/** Newest active version of each template. */
async function findTemplates(client: ClientBase | Pool): Promise<TemplateFacts[]> {
  const { rows } = await client.query<TemplateFacts>(
    `select distinct on (t.key) t.id, t.key, t.channel, t.category from message_templates as t where t.is_active order by t.key, t.version desc`,
  )
  return rows
}
