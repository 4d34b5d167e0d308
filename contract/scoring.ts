import { z } from 'zod'
import { Offer } from '#core/planning/offer.ts'
import { Window } from '#core/planning/plan.ts'
import { Day, Id, IdParams, Instant, Job, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const actionStatuses = ['proposed', 'pending', 'queued', 'sent', 'failed', 'skipped', 'holdout'] as const
export const ActionStatus = z.enum(actionStatuses)
export type ActionStatus = z.infer<typeof ActionStatus>

/** One customer, one offer: proposed by scoring, then taken into a plan. */
export const Action = z.strictObject({
  id: Id,
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  customer_id: Id,
  customer_name: z.string().nullable(),
  segment: z.string(),
  /** 0..100: expected incremental margin, 50 points are 25 cents */
  priority_score: z.number(),
  reason: z.string(),
  offer: Offer,
  /** the offer in a customer's words */
  offer_text: z.string(),
  creative_hint: z.string().nullable(),
  scheduled_date: Day.nullable(),
  send_window: Window.nullable(),
  channels: z.array(z.enum(['email', 'sms'])),
  status: ActionStatus,
  refused_by: z.string().nullable(),
  created_at: Instant,
})
export type Action = z.infer<typeof Action>

export const ActionDetail = Action.extend({
  /** figures behind the reason */
  terms: z.record(z.string(), z.unknown()),
  template_id: Id.nullable(),
  plan_entry_id: z.string().nullable(),
})
export type ActionDetail = z.infer<typeof ActionDetail>

export const actionSorts = ['priority_score', 'created_at', 'scheduled_date', 'segment', 'status'] as const

const tag = 'Scoring'
export const scoring = {
  list: route({
    method: 'GET',
    path: '/api/v1/actions',
    access: 'user',
    tag,
    summary: 'Actions, the most promising first',
    description: `Sort by ${actionSorts.join(', ')}, with - for descending. The cursor works with the default sort.`,
    query: z.strictObject({
      ...pageQuery,
      segment: List.optional(),
      status: List.pipe(z.array(ActionStatus)).optional(),
      campaign_id: Id.optional(),
      customer_id: Id.optional(),
    }),
    reply: pageOf(Action),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/actions/:id',
    access: 'user',
    tag,
    summary: 'One action with the figures behind its reason',
    params: IdParams,
    reply: ActionDetail,
  }),
  generate: route({
    method: 'POST',
    path: '/api/v1/actions/generate',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Propose actions for every scored customer (the subagent); replaces earlier proposals',
    body: z.strictObject({
      limit: z.int().positive().max(10_000_000).optional(),
      per_customer: z.int().min(1).max(5).optional(),
    }),
    reply: Job,
  }),
  compute: route({
    method: 'POST',
    path: '/api/v1/scores/compute',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Score every customer again: RFM, churn, value, rhythm, taste',
    body: z.strictObject({ as_of: z.iso.datetime({ offset: true }).optional() }),
    reply: Job,
  }),
}
