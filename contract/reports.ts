import { z } from 'zod'
import { Comparison, Interval, Kpi, Lift, Mark, PeriodQuery, SeriesDay } from './analytics.ts'
import { Cents, Day, Id, IdParams, Instant, Job } from './common.ts'
import { route } from './http.ts'
import { AnalyticsSettings } from './settings.ts'

/** Said at the head of every report: what was counted. */
const head = {
  from: Day,
  to: Day,
  time_zone: z.string(),
  currency: z.string(),
  comparison: Comparison,
}

const FunnelStep = z.strictObject({
  step: z.enum(['sent', 'delivered', 'opened', 'clicked', 'bought']),
  label: z.string(),
  count: z.int(),
  step_pct: z.number().nullable(),
  note: z.string().nullable(),
})

/** Every figure of the table, with days, marks, funnel and the holdout. */
export const Overview = z.strictObject({
  ...head,
  kpis: z.array(Kpi),
  series: z.array(SeriesDay),
  marks: z.array(Mark),
  funnel: z.array(FunnelStep),
  lift: Lift.nullable(),
})
export type Overview = z.infer<typeof Overview>

const counted = {
  sends: z.int(),
  opens: z.int(),
  clicks: z.int(),
  conversions: z.int(),
  revenue_cents: Cents,
  unsubscribes: z.int(),
  bounces: z.int(),
}
const Shown = z.strictObject(counted)

export const CampaignsReport = z.strictObject({
  ...head,
  data: z.array(
    Shown.extend({
      id: Id,
      name: z.string(),
      status: z.string(),
      started_at: Instant.nullable(),
      /** null: nobody was held out */
      lift: Lift.nullable(),
    }),
  ),
  total: Shown,
})
export type CampaignsReport = z.infer<typeof CampaignsReport>

export const SegmentsReport = z.strictObject({
  ...head,
  data: z.array(
    Shown.extend({
      key: z.string(),
      name: z.string(),
      customers: z.int(),
      clv_cents: Cents.nullable().describe(
        'Expected margin of 12 months, as of the last scoring of everybody; RFM segments only',
      ),
      conversion_pct: z.number().nullable(),
    }),
  ),
  total: Shown,
})
export type SegmentsReport = z.infer<typeof SegmentsReport>

export const OffersReport = z.strictObject({
  ...head,
  data: z.array(
    z.strictObject({
      key: z.string(),
      title: z.string(),
      kind: z.string(),
      sends: z.int(),
      buyers: z.int(),
      revenue_cents: Cents,
      /** messages that sold, per 100, with Wilson's 95 % interval */
      conversion_pct: Interval,
      revenue_per_send_cents: z.number(),
      /** the interval does not reach that of the best one */
      clearly_behind: z.boolean(),
    }),
  ),
})
export type OffersReport = z.infer<typeof OffersReport>

export const DeliverabilityReport = z.strictObject({
  ...head,
  data: z.array(
    z.strictObject({
      domain: z.string(),
      sends: z.int(),
      bounces: z.int(),
      bounce_pct: z.number().nullable(),
      opened_pct: z.number().nullable(),
      clicked_pct: z.number().nullable(),
      complaints: z.int(),
      tone: z.enum(['good', 'warn', 'risk']),
    }),
  ),
})
export type DeliverabilityReport = z.infer<typeof DeliverabilityReport>

export const ListHealth = z.strictObject({
  as_of: Instant,
  customers: z.int(),
  lines: z.array(
    z.strictObject({
      id: z.enum(['email_ok', 'sms_ok', 'no_consent', 'no_address', 'suppressed', 'asleep']),
      label: z.string(),
      customers: z.int(),
      share_pct: z.number(),
      help: z.string(),
    }),
  ),
  months: z.array(z.strictObject({ month: Day, joined: z.int(), left: z.int() })),
})
export type ListHealth = z.infer<typeof ListHealth>

export const Cohorts = z.strictObject({
  as_of: Instant,
  cohorts: z.array(
    z.strictObject({
      month: Day,
      customers: z.int(),
      /** customers who bought in month 0, 1, 2 .. after the first; null: not over yet */
      bought: z.array(z.int().nullable()),
      revenue_cents: z.array(Cents.nullable()),
    }),
  ),
})
export type Cohorts = z.infer<typeof Cohorts>

export const Activity = z.strictObject({
  ...head,
  /** 7 x 24, Monday first, shop time */
  cells: z.array(
    z.strictObject({
      weekday: z.int().min(1).max(7),
      hour: z.int().min(0).max(23),
      orders: z.int(),
      revenue_cents: Cents,
      sends: z.int(),
      clicks: z.int(),
    }),
  ),
})
export type Activity = z.infer<typeof Activity>

export const RfmGrid = z.strictObject({
  as_of: Instant.nullable(),
  /** 5 x 5: recency by frequency, 5 is best */
  cells: z.array(
    z.strictObject({
      recency: z.int().min(1).max(5),
      frequency: z.int().min(1).max(5),
      customers: z.int(),
      spent_cents: Cents,
      segment: z.string().nullable(),
    }),
  ),
})
export type RfmGrid = z.infer<typeof RfmGrid>

export const AttributionReport = z.strictObject({
  ...head,
  /** orders after a message that were shared out; `left_out` more were too many to look at */
  orders: z.int(),
  left_out: z.int(),
  revenue_cents: Cents,
  /** what contact caused, and its interval: the truth above the shares; null without holdout */
  incremental_revenue_cents: Interval.nullable(),
  models: z.array(z.strictObject({ id: z.string(), label: z.string(), help: z.string() })),
  rows: z.array(
    z.strictObject({
      dimension: z.enum(['campaign', 'channel']),
      key: z.string(),
      label: z.string(),
      /** cents by model id */
      credit: z.record(z.string(), z.number()),
    }),
  ),
})
export type AttributionReport = z.infer<typeof AttributionReport>

export const WhatIf = z.strictObject({
  /** customers reached by a usual week, and what one spends in it */
  reached: z.int(),
  mean_cents: z.number(),
  sd_cents: z.number(),
  points: z.array(
    z.strictObject({
      holdout_pct: z.number(),
      held_out: z.int(),
      /** smallest lift seen with 80 % power after 1, 4, 13 and 26 weeks, in percent; null: more than 500 */
      detectable_pct: z.array(z.number().nullable()),
      /** margin not earned by holding out, if contact lifts spending by 10 %, per week */
      cost_cents: Cents,
    }),
  ),
  weeks: z.array(z.int()),
  verdict: z.string(),
})
export type WhatIf = z.infer<typeof WhatIf>

const Note = z.strictObject({
  id: Id,
  day: Day,
  text: z.string(),
  author: z.string().nullable(),
  created_at: Instant,
})

export const reportKinds = ['overview', 'campaigns', 'segments', 'offers', 'cohorts', 'deliverability'] as const
export const ReportExport = z.strictObject({
  id: Id,
  report: z.enum(reportKinds),
  format: z.enum(['csv', 'xlsx', 'pdf']),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired']),
  rows: z.int().nullable(),
  file_name: z.string(),
  created_at: Instant,
  /** after it the file is gone */
  expires_at: Instant.nullable(),
  error: z.string().nullable(),
  job_id: Id.nullable(),
})
export type ReportExport = z.infer<typeof ReportExport>

const ScheduleInput = z.strictObject({
  name: z.string().trim().min(1).max(120),
  every: z.enum(['week', 'month']),
  on_day: z.int().min(1).max(28),
  at_hour: z.int().min(0).max(23),
  period: z.enum(['7d', '30d', '90d', '12m']),
  recipients: z.array(z.email()).min(1).max(20),
  is_active: z.boolean().default(true),
})
const Schedule = ScheduleInput.extend({
  id: Id,
  is_active: z.boolean(),
  next_at: Instant,
  last_at: Instant.nullable(),
  last_error: z.string().nullable(),
})
export type Schedule = z.infer<typeof Schedule>

const Sums = z.strictObject({
  built_at: Instant,
  reconciled_at: Instant.nullable(),
  mismatches: z.int(),
  detail: z.record(z.string(), z.int()),
})

const tag = 'Reports'
const read = { method: 'GET', access: 'user', tag, query: PeriodQuery } as const
export const reports = {
  overview: route({ ...read, path: '/api/v1/analytics/overview', summary: 'Every figure, by day', reply: Overview }),
  cohorts: route({
    method: 'GET',
    access: 'user',
    tag,
    path: '/api/v1/analytics/cohorts',
    summary: 'Who bought again, by the month of their first order',
    query: z.strictObject({ months: z.coerce.number().int().min(2).max(24).default(12) }),
    reply: Cohorts,
  }),
  activity: route({
    ...read,
    path: '/api/v1/analytics/activity',
    summary: 'Orders, messages and clicks by weekday and hour',
    reply: Activity,
  }),
  rfm: route({
    method: 'GET',
    access: 'user',
    tag,
    path: '/api/v1/analytics/rfm',
    summary: 'Customers by recency and frequency',
    reply: RfmGrid,
  }),
  attribution: route({
    ...read,
    path: '/api/v1/analytics/attribution',
    summary: 'Attribution models side by side, under the holdout figure',
    reply: AttributionReport,
  }),
  whatIf: route({
    method: 'GET',
    access: 'user',
    tag,
    path: '/api/v1/analytics/what-if',
    summary: 'How sure a holdout of another size would make us',
    reply: WhatIf,
  }),
  listHealth: route({
    method: 'GET',
    access: 'user',
    tag,
    path: '/api/v1/analytics/list-health',
    summary: 'Who can be written to, and how the list grows',
    reply: ListHealth,
  }),
  campaigns: route({
    ...read,
    path: '/api/v1/reports/campaigns',
    summary: 'Campaigns of the period',
    reply: CampaignsReport,
  }),
  segments: route({
    ...read,
    path: '/api/v1/reports/segments',
    summary: 'Segments in the period',
    reply: SegmentsReport,
  }),
  offers: route({ ...read, path: '/api/v1/reports/offers', summary: 'Offers, best first', reply: OffersReport }),
  deliverability: route({
    ...read,
    path: '/api/v1/reports/deliverability',
    summary: 'Bounces and opens by mailbox domain',
    reply: DeliverabilityReport,
  }),

  notes: route({
    ...read,
    path: '/api/v1/analytics/notes',
    summary: 'Notes on charts',
    reply: z.strictObject({ data: z.array(Note) }),
  }),
  addNote: route({
    method: 'POST',
    path: '/api/v1/analytics/notes',
    access: 'user',
    tag,
    summary: 'Note what happened on a day',
    body: z.strictObject({ day: Day, text: z.string().trim().min(1).max(140) }),
    status: 201,
    reply: Note,
  }),
  removeNote: route({
    method: 'DELETE',
    path: '/api/v1/analytics/notes/:id',
    access: 'user',
    tag,
    summary: 'Remove a note; only its author or a manager may',
    params: IdParams,
  }),

  export: route({
    method: 'POST',
    path: '/api/v1/reports/export',
    access: 'manager',
    tag,
    summary: 'Make a file of a report; the job ends with a link that works for a day',
    body: z.strictObject({
      report: z.enum(reportKinds),
      format: z.enum(['csv', 'xlsx', 'pdf']),
      period: PeriodQuery.default({ period: '30d', compare: 'before' }),
    }),
    status: 202,
    reply: z.strictObject({ export: ReportExport, job: Job }),
  }),
  exports: route({
    method: 'GET',
    path: '/api/v1/reports/exports',
    access: 'manager',
    tag,
    summary: 'Files made lately',
    reply: z.strictObject({ data: z.array(ReportExport) }),
  }),
  exported: route({
    method: 'GET',
    path: '/api/v1/reports/exports/:id',
    access: 'manager',
    tag,
    summary: 'One file: state, and until when it is kept',
    params: IdParams,
    reply: ReportExport,
  }),
  download: route({
    method: 'GET',
    path: '/api/v1/reports/exports/:id/file',
    access: 'manager',
    tag,
    summary: 'The file itself',
    params: IdParams,
    file: 'application/octet-stream',
  }),

  schedules: route({
    method: 'GET',
    path: '/api/v1/reports/schedules',
    access: 'manager',
    tag,
    summary: 'Reports that come by email',
    reply: z.strictObject({ data: z.array(Schedule) }),
  }),
  addSchedule: route({
    method: 'POST',
    path: '/api/v1/reports/schedules',
    access: 'manager',
    tag,
    summary: 'Have a report sent by email every week or month',
    body: ScheduleInput,
    status: 201,
    reply: Schedule,
  }),
  changeSchedule: route({
    method: 'PATCH',
    path: '/api/v1/reports/schedules/:id',
    access: 'manager',
    tag,
    summary: 'Change or pause a scheduled report',
    params: IdParams,
    body: ScheduleInput.partial(),
    reply: Schedule,
  }),
  removeSchedule: route({
    method: 'DELETE',
    path: '/api/v1/reports/schedules/:id',
    access: 'manager',
    tag,
    summary: 'Stop a scheduled report for good',
    params: IdParams,
  }),
  sendSchedule: route({
    method: 'POST',
    path: '/api/v1/reports/schedules/:id/send',
    access: 'manager',
    tag,
    summary: 'Send it now, once',
    params: IdParams,
    status: 202,
    reply: Job,
  }),

  settings: route({
    method: 'GET',
    path: '/api/v1/settings/analytics',
    access: 'user',
    tag,
    summary: 'What reports reckon with',
    reply: AnalyticsSettings,
  }),
  changeSettings: route({
    method: 'PATCH',
    path: '/api/v1/settings/analytics',
    access: 'admin',
    tag,
    summary: 'Change what reports reckon with',
    body: AnalyticsSettings.partial(),
    reply: AnalyticsSettings,
  }),
  sums: route({
    method: 'GET',
    path: '/api/v1/analytics/rollups',
    access: 'user',
    tag,
    summary: 'Whether the sums behind the charts are a recount',
    reply: Sums,
  }),
  rebuild: route({
    method: 'POST',
    path: '/api/v1/analytics/rollups/rebuild',
    access: 'admin',
    tag,
    summary: 'Build the sums anew from events and orders, then compare',
    status: 202,
    reply: Job,
  }),
}
