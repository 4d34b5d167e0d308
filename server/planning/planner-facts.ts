import type { ClientBase, Pool } from 'pg'
import { addDays, localDate, localMinutes, minutesOf, type Day } from '#core/calendar.ts'
import { nothingKnown } from '#core/planning/evidence.ts'
import type { PlannerFacts, TemplateFacts } from '#core/planning/facts.ts'
import { usualHabits } from '#core/planning/groups.ts'
import type { WeeklyPlan } from '#core/planning/plan.ts'
import type { Ctx } from '../context.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { findOffers, offerOf } from '../offers.ts'
import { loadStores } from '../stores.ts'
import { findHabits } from './habits.ts'
import { readEvidence } from './evidence-store.ts'
import { findPastResults } from './results.ts'
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

/** What the gate and the count of customers ask for: limits, law, and whom a segment leaves in peace for how long. */
export type GateFacts = Pick<PlannerFacts, 'week_start' | 'currency' | 'policy' | 'contact' | 'limits' | 'habits'> & {
  segments: readonly { key: string; playbook: { cool_down_days?: number } }[]
}

/** The few facts without which nobody can be counted; quick in a shop of any size. @param own as of loadPlannerFacts */
export async function loadGateFacts(ctx: Ctx, weekStart: Day, own: OwnLimits = {}): Promise<GateFacts> {
  const { pool } = ctx
  const [shop, limits, policy, habits, { rows }] = await Promise.all([
    readSetting(pool, 'shop'),
    readSetting(pool, 'limits'),
    readPolicy(pool),
    findHabits(pool),
    pool.query<{ key: string; cool_down_days: number }>('select g.key, g.cool_down_days from segments as g'),
  ])
  return {
    week_start: weekStart,
    currency: shop.currency,
    policy,
    habits,
    segments: rows.map(({ key, cool_down_days }) => ({ key, playbook: { cool_down_days } })),
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

/**
 * Everything an engine may see: aggregates of segments, offers, templates, past results, limits and law. No person, no
 * address. @param own what the campaign says otherwise than the shop's limits @param withResults false: nothing will be
 * valued, and the results of a large shop are hundreds of thousands of rows
 */
export async function loadPlannerFacts(
  ctx: Ctx,
  weekStart: Day,
  own: OwnLimits = {},
  withResults = true,
): Promise<PlannerFacts> {
  const { pool } = ctx
  const now = ctx.clock()
  const [gate, shop, limits, stores, offers, templates] = await Promise.all([
    loadGateFacts(ctx, weekStart, own),
    readSetting(pool, 'shop'),
    readSetting(pool, 'limits'),
    loadStores(pool),
    findOffers(pool, { isActive: true, archived: false }),
    findTemplates(pool),
  ])
  const today = localDate(now, shop.time_zone)
  const [segments, past, evidence] = await Promise.all([
    findSegments(ctx, {
      now,
      zone: shop.time_zone,
      ages: limits.email_ages,
      stores,
      emailWindow: limits.email_window,
      habits: gate.habits ?? usualHabits,
    }),
    withResults ? findPastResults(pool, today) : [],
    withResults ? readEvidence(ctx, today) : nothingKnown,
  ])
  const isLate = localMinutes(now, shop.time_zone) + 60 >= minutesOf(limits.email_window.end)
  return {
    ...gate,
    first_day: isLate ? addDays(today, 1) : today,
    margin_share: shop.margin_pct / 100,
    segments,
    templates,
    stores,
    past,
    evidence,
    offers: offers.map(offerOf),
  }
}

/** Newest active version of each template. */
async function findTemplates(client: ClientBase | Pool): Promise<TemplateFacts[]> {
  const { rows } = await client.query<TemplateFacts>(
    `select distinct on (t.key) t.id, t.key, t.channel, t.category from message_templates as t where t.is_active order by t.key, t.version desc`,
  )
  return rows
}
