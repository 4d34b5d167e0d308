import { z } from 'zod'
import { Copy, PlanChange, WeeklyPlan, Window } from '#core/planning/plan.ts'
import { Trigger } from '#core/planning/trigger.ts'
import { Cents, Day, Flag, Id, IdParams, Instant, Job, List, pageOf, pageQuery } from './common.ts'
import { TemplatePreview } from './delivery.ts'
import { route } from './http.ts'

export const CampaignStatus = z.enum(['draft', 'approved', 'scheduled', 'active', 'paused', 'completed', 'cancelled'])
export type CampaignStatus = z.infer<typeof CampaignStatus>
export const Engine = z.enum(['llm', 'heuristic', 'manual'])
const Channel = z.enum(['email', 'sms'])

export const CampaignRow = z.strictObject({
  id: Id,
  name: z.string(),
  description: z.string().nullable(),
  type: z.enum(['weekly_plan', 'one_time', 'triggered']),
  status: CampaignStatus,
  start_date: Day,
  end_date: Day,
  target_segments: z.array(z.string()),
  engine: Engine,
  /** why another engine than asked for made the plan */
  engine_note: z.string().nullable(),
  plan_version: z.int(),
  holdout_share: z.number(),
  /** customers the plan reaches, and what it is expected to earn; null without a plan */
  planned_reach: z.int().nullable(),
  planned_margin_cents: Cents.nullable(),
  total_sends: z.int(),
  completed_sends: z.int(),
  failed_sends: z.int(),
  opens: z.int(),
  clicks: z.int(),
  conversions: z.int(),
  revenue_cents: Cents,
  pause_reason: z.string().nullable(),
  approved_by_name: z.string().nullable(),
  approved_at: Instant.nullable(),
  started_at: Instant.nullable(),
  /** nothing leaves before: the minute in which a start can be taken back */
  hold_until: Instant.nullable(),
  finished_at: Instant.nullable(),
  is_demo: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
})
export type CampaignRow = z.infer<typeof CampaignRow>

export const Campaign = CampaignRow.extend({
  target_kpis: z.array(z.unknown()),
  resend_unknown: z.boolean(),
  weekly_plan: WeeklyPlan.nullable(),
})
export type Campaign = z.infer<typeof Campaign>

/** One change of the plan; a list of them is applied in order, checked as a whole and counted anew. */
export const PlanOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('move'), entry_id: z.string(), day: Day }),
  z.strictObject({
    op: z.literal('change'),
    entry_id: z.string(),
    window: Window.optional(),
    offer_id: Id.optional(),
    channel: Channel.optional(),
    template_id: Id.optional(),
    /** words in place of the template’s; null: back to the template’s own */
    copy: Copy.nullable().optional(),
  }),
  z.strictObject({ op: z.literal('lock'), entry_id: z.string(), locked: z.boolean() }),
  z.strictObject({ op: z.literal('remove'), entry_id: z.string() }),
  z.strictObject({
    op: z.literal('add'),
    segment: z.string(),
    day: Day,
    channel: Channel,
    offer_id: Id,
    window: Window.optional(),
  }),
])
export type PlanOperation = z.infer<typeof PlanOperation>

export const CampaignRecipient = z.strictObject({
  customer_id: Id,
  customer_name: z.string().nullable(),
  entry_id: z.string(),
  segment: z.string(),
  day: Day,
  channel: Channel,
  status: z.enum(['pending', 'queued', 'sent', 'failed', 'skipped', 'holdout']),
  /** rule that keeps the customer back, and its reason in words */
  refused_by: z.string().nullable(),
  because: z.string().nullable(),
  due_at: Instant.nullable(),
})
export type CampaignRecipient = z.infer<typeof CampaignRecipient>

export const EntryPreview = z.strictObject({
  customer_id: Id,
  customer_name: z.string().nullable(),
  /** what the gate says now; null: the message is not meant for this customer */
  status: z.enum(['pending', 'skipped', 'holdout']).nullable(),
  refused_by: z.string().nullable(),
  because: z.string().nullable(),
  due_at: Instant.nullable(),
  message: TemplatePreview,
})
export type EntryPreview = z.infer<typeof EntryPreview>

const CampaignInput = z.strictObject({
  name: z.string().trim().min(1).max(200),
  description: z.string().max(2000).nullable().optional(),
  start_date: Day,
  holdout_share: z.number().min(0).max(0.5).optional(),
  resend_unknown: z.boolean().optional(),
  /** one_time: a week by hand that is not part of the weekly rhythm; with a trigger the type is `triggered` */
  type: z.enum(['weekly_plan', 'one_time']).optional(),
  trigger: Trigger.optional(),
})

const tag = 'Planning'
const move = { params: IdParams, reply: Campaign } as const
export const planning = {
  list: route({
    method: 'GET',
    path: '/api/v1/campaigns',
    access: 'user',
    scope: 'campaigns:read',
    tag,
    summary: 'Campaigns, newest first',
    query: z.strictObject({
      ...pageQuery,
      status: List.optional(),
      q: z.string().max(200).optional(),
      is_demo: Flag.optional(),
    }),
    reply: pageOf(CampaignRow),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/campaigns',
    access: 'manager',
    tag,
    status: 201,
    summary: 'An empty week to be planned by hand, or a message that follows an event',
    description:
      'With `trigger` the campaign waits for something to happen to a customer and runs until it is paused or cancelled; approve and start it like any other.',
    body: CampaignInput,
    reply: Campaign,
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/campaigns/:id',
    access: 'user',
    scope: 'campaigns:read',
    tag,
    summary: 'One campaign with its plan; ETag is the version of the plan',
    params: IdParams,
    reply: Campaign,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/campaigns/:id',
    access: 'manager',
    tag,
    summary: 'Name, description, holdout share, what to do with unknown outcomes',
    params: IdParams,
    body: CampaignInput.omit({ start_date: true, type: true, trigger: true }).partial(),
    reply: Campaign,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/campaigns/:id',
    access: 'manager',
    tag,
    summary: 'Remove a campaign that never started',
    params: IdParams,
  }),
  generate: route({
    method: 'POST',
    path: '/api/v1/campaigns/generate',
    largeWork: true,
    access: 'manager',
    tag,
    status: 202,
    summary: 'Plan a week; the job’s result is {campaign_id, engine, fallback_reason, cost_micros}',
    description:
      'With engine llm a language model plans from aggregates and the checker corrects it; without key, in time-out, over budget or with nothing lawful in its answer, the rule-based planner makes the plan and fallback_reason says so.',
    body: z.strictObject({
      /** any day of the week to plan */
      week_start: Day,
      engine: Engine.exclude(['manual']).default('heuristic'),
      name: z.string().trim().min(1).max(200).optional(),
      /** keys of the segments to plan for; left out: every active one, or those chosen before for this draft */
      segments: z.array(z.string().max(200)).min(1).max(60).optional(),
      /** share that gets nothing, 0 to 0.5; left out: as the shop's limits say */
      holdout_share: z.number().min(0).max(0.5).optional(),
      /** most that messages and the reductions used may cost; null: no limit; left out: the draft's, else the shop's */
      budget_cents: z.int().positive().max(1_000_000_000).nullable().optional(),
      /** plan this draft again; its locked entries stay */
      campaign_id: Id.optional(),
      /** engine llm: ask again even where an answer to the same question is known */
      fresh: z.boolean().default(false),
    }),
    reply: Job,
  }),
  approve: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/approve',
    access: 'manager',
    tag,
    summary: 'Approve the plan as it stands',
    ...move,
  }),
  start: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/start',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Make its messages; they leave when they are due',
    description:
      'With now: true nobody waits for the planned day and hour: one message per customer, as soon as the window of the law and of the shop is open.',
    ...move,
    body: z
      .strictObject({
        now: z.boolean().default(false),
        /** seconds in which nothing leaves yet, so that the start can be taken back; `release` ends them */
        hold_seconds: z.int().min(0).max(3600).default(0),
      })
      .prefault({}),
  }),
  release: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/release',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Do not wait for the end of the hold: let its messages leave',
    ...move,
  }),
  clone: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/clone',
    access: 'manager',
    tag,
    status: 201,
    summary: 'A draft of the same kind: the plan moved to another week and counted anew, or the same trigger',
    params: IdParams,
    body: z
      .strictObject({
        name: z.string().trim().min(1).max(200).optional(),
        /** any day of the week for the copy; left out: the week after this one */
        start_date: Day.optional(),
      })
      .prefault({}),
    reply: z.strictObject({ campaign: Campaign, changes: z.array(PlanChange) }),
  }),
  pause: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/pause',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Stop taking up further messages',
    ...move,
    body: z.strictObject({ reason: z.string().trim().max(500).optional() }),
  }),
  resume: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/resume',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Go on',
    ...move,
  }),
  cancel: route({
    method: 'POST',
    path: '/api/v1/campaigns/:id/cancel',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'End it; what has not left never will',
    ...move,
    body: z.strictObject({ reason: z.string().trim().max(500).optional() }),
  }),
  editPlan: route({
    method: 'PATCH',
    path: '/api/v1/campaigns/:id/plan',
    access: 'manager',
    tag,
    summary: 'Change the plan; needs If-Match with the plan version',
    description:
      'The operations are applied in order, the whole plan is checked and counted anew, and plan_version grows by one. A plan that was approved becomes a draft again. 412 when somebody else changed it meanwhile.',
    params: IdParams,
    body: z.strictObject({ operations: z.array(PlanOperation).min(1).max(100) }),
    reply: z.strictObject({ campaign: Campaign, changes: z.array(PlanChange) }),
  }),
  previewEntry: route({
    method: 'GET',
    path: '/api/v1/campaigns/:id/preview',
    access: 'user',
    tag,
    summary: 'A message of the plan as a real customer gets it, with what the gate says of them',
    description:
      'Without customer_id it is the first customer whom the entry reaches, after `after` when given; where it reaches nobody, the first it is meant for. Nothing is stored or counted.',
    params: IdParams,
    query: z.strictObject({ entry: z.string().min(1).max(300), customer_id: Id.optional(), after: Id.optional() }),
    reply: EntryPreview,
  }),
  recipients: route({
    method: 'GET',
    path: '/api/v1/campaigns/:id/recipients',
    access: 'user',
    tag,
    summary: 'Who gets it, who does not, and why',
    params: IdParams,
    query: z.strictObject({
      entry: z.string().max(300).optional(),
      status: z.enum(['pending', 'skipped', 'holdout']).optional(),
      refused_by: z.string().max(100).optional(),
      page_size: pageQuery.page_size,
      cursor: pageQuery.cursor,
    }),
    reply: z.strictObject({
      data: z.array(CampaignRecipient),
      next_cursor: z.string().nullable(),
      /** false: the campaign has not started, the rows are what would happen now */
      is_final: z.boolean(),
    }),
  }),
}
