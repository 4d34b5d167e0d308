import { z } from 'zod'
import { isZone } from '#core/calendar.ts'
import { Window } from '#core/planning/plan.ts'
import { defaultAverageThresholdCents } from '#core/scoring/rfm.ts'
import { Website } from './common.ts'
import { route } from './http.ts'

/** Facts about the shop that every stage reads. One row of `settings` each, name -> schema. */
export const ShopSettings = z.strictObject({
  name: z.string().min(1).max(120),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'Write the three letters of a currency, like USD.')
    .default('USD'),
  time_zone: z.string().max(60).refine(isZone, 'Choose a time zone like America/New_York.').default('America/New_York'),
  /** gross margin in percent where a product has no cost */
  margin_pct: z.number().min(0).max(100).default(25),
  /** a frequent customer whose average order is below this is a small basket (segment Low_Value_Frequent) */
  low_basket_cents: z.int().min(100).max(1_000_000).default(defaultAverageThresholdCents),
  /** what a customer sees: "Corner Cellars <hello@cornercellars.test>" */
  from_name: z.string().min(1).max(120),
  from_email: z.email(),
  reply_to: z.email().nullable().default(null),
  /** where the links of messages lead; null: the domain of the sender address */
  website: Website.nullable().default(null),
  /** branding of messages */
  brand_color: z
    .string()
    .regex(/^#[0-9A-Fa-f]{6}$/)
    .default('#17553F'),
})
export type ShopSettings = z.infer<typeof ShopSettings>

export const LimitSettings = z.strictObject({
  max_per_customer_week: z.int().min(1).max(14).default(2),
  max_sms_per_customer_week: z.int().min(0).max(7).default(1),
  holdout_share: z.number().min(0).max(0.5).default(0.1),
  email_window: Window.default({ start: '08:00', end: '21:00' }),
  sms_window: Window.default({ start: '10:00', end: '20:00' }),
  /** ages that may get alcohol email; SMS always needs dob_verified */
  email_ages: z.array(z.enum(['dob_verified', 'attested'])).default(['dob_verified', 'attested']),
  /** what to do where the customer's state or zone is unknown */
  unknown_place: z.enum(['warn', 'hold']).default('warn'),
  email_per_day: z.int().positive().nullable().default(null),
  sms_per_day: z.int().positive().nullable().default(null),
  /** most that the messages of a week and the reductions used may cost; null: no limit */
  budget_week_cents: z.int().positive().max(1_000_000_000).nullable().default(null),
  /** with more messages than this a campaign is started by somebody else than who approved it; null: whoever may */
  four_eyes_above: z.int().min(0).max(100_000_000).nullable().default(null),
})
export type LimitSettings = z.infer<typeof LimitSettings>

/** What reports reckon with. */
export const AnalyticsSettings = z.strictObject({
  /** in cents: what a thousand emails and a thousand texts cost the shop */
  email_per_thousand_cents: z.int().min(0).max(1_000_000).default(40),
  sms_per_thousand_cents: z.int().min(0).max(1_000_000).default(1200),
  /** customers who are contacted by no campaign for a calendar year, drawn anew each January */
  global_holdout_share: z.number().min(0).max(0.2).default(0),
})
export type AnalyticsSettings = z.infer<typeof AnalyticsSettings>

/** When backups are made by themselves, and how many are kept. */
export const BackupSettings = z.strictObject({
  enabled: z.boolean().default(true),
  /** in the shop's zone; a machine that slept then makes it up */
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a time like 03:30.')
    .default('03:30'),
  /** older ones of the schedule are deleted; those that a person made stay */
  keep: z.int().min(1).max(90).default(7),
})
export type BackupSettings = z.infer<typeof BackupSettings>

export const settingSchemas = {
  shop: ShopSettings,
  limits: LimitSettings,
  analytics: AnalyticsSettings,
  backups: BackupSettings,
} as const
export type SettingName = keyof typeof settingSchemas

const tag = 'Settings'
export const settings = {
  getShop: route({
    method: 'GET',
    path: '/api/v1/settings/shop',
    access: 'user',
    tag,
    summary: 'Shop profile',
    reply: ShopSettings,
  }),
  updateShop: route({
    method: 'PATCH',
    path: '/api/v1/settings/shop',
    access: 'admin',
    tag,
    summary: 'Change the shop profile',
    body: ShopSettings.partial(),
    reply: ShopSettings,
  }),
  getLimits: route({
    method: 'GET',
    path: '/api/v1/settings/limits',
    access: 'user',
    tag,
    summary: 'Sending limits',
    reply: LimitSettings,
  }),
  updateLimits: route({
    method: 'PATCH',
    path: '/api/v1/settings/limits',
    access: 'admin',
    tag,
    summary: 'Change the sending limits',
    body: LimitSettings.partial(),
    reply: LimitSettings,
  }),
  demoState: route({
    method: 'GET',
    path: '/api/v1/demo',
    access: 'user',
    tag,
    summary: 'Whether demo data is in the shop',
    reply: z.strictObject({ present: z.boolean(), customers: z.int(), orders: z.int(), campaigns: z.int() }),
  }),
  removeDemo: route({
    method: 'DELETE',
    path: '/api/v1/demo',
    access: 'admin',
    tag,
    summary: 'Remove all demo data in one go',
    reply: z.strictObject({ removed_customers: z.int(), removed_orders: z.int(), removed_campaigns: z.int() }),
  }),
}
