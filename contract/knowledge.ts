import { z } from 'zod'
import { Verdict } from '#core/compliance/verdict.ts'
import { Cents, Day, Flag, Id, IdParams, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

/**
 * Money is integer cents: the seed's `clv_score`, `total_spent` and `avg_order_value` are `clv_score_cents`,
 * `total_spent_cents` and `avg_order_value_cents`. Role `user` gets email and phone masked, and no address,
 * birth date or raw data.
 */
const Consent = z.enum(['granted', 'denied', 'unknown'])
const AgeStatus = z.enum(['dob_verified', 'attested', 'unknown', 'under_age'])
const ChurnRisk = z.enum(['low', 'medium', 'high', 'new'])

/** A line of the list; scores are null until the customer was scored. */
export const CustomerRow = z.strictObject({
  id: Id,
  external_id: z.string().nullable(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  state: z.string().nullable(),
  store_id: Id.nullable(),
  tags: z.array(z.string()),
  age_status: AgeStatus,
  email_consent: Consent,
  sms_consent: Consent,
  rfm_segment: z.string().nullable(),
  churn_risk: ChurnRisk.nullable(),
  clv_score_cents: Cents.nullable(),
  is_night_buyer: z.boolean().nullable(),
  avg_purchase_hour: z.number().nullable(),
  purchase_frequency: z.int().nullable(),
  total_spent_cents: Cents.nullable(),
  avg_order_value_cents: Cents.nullable(),
  success_rate_pct: z.number().nullable(),
  primary_category: z.string().nullable(),
  secondary_category: z.string().nullable(),
  favorite_brands: z.array(z.string()),
  last_purchase_at: Instant.nullable(),
  is_demo: z.boolean(),
  /** email and phone are masked for this reader */
  is_masked: z.boolean(),
  created_at: Instant,
  updated_at: Instant,
  deleted_at: Instant.nullable(),
})
export type CustomerRow = z.infer<typeof CustomerRow>

/** Standing facts only; hours, caps and state rules are judged per message by the compliance gate. */
const Contactability = z.strictObject({
  channel: z.enum(['email', 'sms']),
  can_contact: z.boolean(),
  /** what stands against it: rule, source and cure as the gate says them */
  reasons: z.array(Verdict),
})

/** The sign-up behind a yes: the words as they stood on the page, and who confirmed them when. */
export const ConsentSignup = z.strictObject({
  words: z.string(),
  /** the page around the form, when it stood in another website */
  page: z.string().nullable(),
  confirmed_at: Instant,
  confirmed_by: z.enum(['link', 'reply']),
})

const ConsentProof = z.strictObject({
  id: Id,
  channel: z.enum(['email', 'sms']),
  status: z.enum(['granted', 'denied']),
  source: z.string(),
  text_version: z.string().nullable(),
  ip: z.string().nullable(),
  given_at: Instant,
  created_at: Instant,
  signup: ConsentSignup.nullable(),
})

const Scores = z.strictObject({
  model_version: z.string(),
  as_of: Instant,
  computed_at: Instant,
  recency_score: z.int().nullable(),
  frequency_score: z.int().nullable(),
  monetary_score: z.int().nullable(),
  aov_score: z.int().nullable(),
  churn_probability: z.number().nullable(),
  clv_low_cents: Cents.nullable(),
  clv_high_cents: Cents.nullable(),
  expected_gap_days: z.number().nullable(),
  due_ratio: z.number().nullable(),
  next_purchase_at: Instant.nullable(),
  next_purchase_from: Instant.nullable(),
  next_purchase_to: Instant.nullable(),
  first_purchase_at: Instant.nullable(),
  preferred_weekday: z.int().nullable(),
  price_sensitivity: z.number().nullable(),
  /** score -> plain words */
  reasons: z.record(z.string(), z.unknown()),
})

export const Customer = CustomerRow.extend({
  first_name: z.string().nullable(),
  birth_date: Day.nullable(),
  address: z.string().nullable(),
  city: z.string().nullable(),
  zip: z.string().nullable(),
  time_zones: z.array(z.string()),
  store_name: z.string().nullable(),
  /** who belongs to no store: the nearest by ZIP */
  nearest_store: z.strictObject({ id: Id, name: z.string() }).nullable(),
  raw_data: z.unknown(),
  import_id: Id.nullable(),
  scores: Scores.nullable(),
  segments: z.array(z.strictObject({ id: Id, key: z.string(), name: z.string(), entered_at: Instant })),
  consents: z.array(ConsentProof),
  contactability: z.array(Contactability),
  /** what they chose in the preference centre; null: nothing special */
  wishes: z
    .strictObject({
      topics_off: z.array(z.string()),
      /** at most one message in so many days */
      every_days: z.int().nullable(),
      paused_until: Instant.nullable(),
    })
    .nullable(),
  /** their own page in the preference centre, to hand to them; null for role user */
  preferences_url: z.string().nullable(),
  /** the customer this one was made a part of */
  merged_into: Id.nullable(),
  /** since then nothing is known of the person any more */
  erased_at: Instant.nullable(),
  /** send it as If-Match when changing the customer */
  etag: z.string(),
})
export type Customer = z.infer<typeof Customer>

const text = (most: number) => z.string().trim().min(1).max(most)
/** Values are normalised as an import does it: email lower case, phone E.164, state code. */
const CustomerFields = z.strictObject({
  external_id: text(100).nullable(),
  email: text(254).nullable(),
  phone: text(60).nullable(),
  name: text(200).nullable(),
  first_name: text(100).nullable(),
  birth_date: Day.nullable(),
  age_status: z.enum(['attested', 'unknown']),
  address: text(300).nullable(),
  city: text(100).nullable(),
  state: text(40).nullable(),
  zip: text(10).nullable(),
  store_id: Id.nullable(),
  tags: z.array(z.string().trim().toLowerCase().min(1).max(50)).max(50),
  /** consent that somebody gave or took back; a grant needs source and date as proof */
  consents: z
    .array(
      z.strictObject({
        channel: z.enum(['email', 'sms']),
        status: z.enum(['granted', 'denied']),
        source: text(200),
        text_version: text(200).optional(),
        given_at: z.iso.datetime({ offset: true }).optional(),
      }),
    )
    .max(2),
})
export const CustomerEdit = CustomerFields.partial()
export type CustomerEdit = z.infer<typeof CustomerEdit>

const amount = z.coerce.number().int().min(0).max(1_000_000_000_00).optional()
const days = z.coerce.number().int().min(1).max(3650).optional()
const orders = z.coerce.number().int().min(0).max(100_000).optional()
const hour = z.coerce.number().int().min(0).max(24).optional()
const part = (most: number) => z.string().trim().max(most).optional()
/** Days are whole days of the shop, as in segment rules: "the last 1 day" begins at midnight yesterday. */
export const customerFilters = {
  /** name, email, phone, customer number; role user finds email and phone only by the whole value */
  q: part(200),
  rfm_segment: List.optional(),
  segment_id: Id.optional(),
  churn_risk: List.optional(),
  primary_category: List.optional(),
  secondary_category: List.optional(),
  /** any of these among the favourite brands */
  brand: List.optional(),
  state: List.optional(),
  city: part(100),
  /** the first digits */
  zip: part(10),
  age_status: List.optional(),
  email_consent: List.optional(),
  sms_consent: List.optional(),
  has_email: Flag.optional(),
  has_phone: Flag.optional(),
  is_night_buyer: Flag.optional(),
  /** bought within the last N days */
  bought_within_days: days,
  /** bought nothing for N days (or never) */
  not_bought_for_days: days,
  /** known to the shop for at most N days */
  created_within_days: days,
  orders_min: orders,
  orders_max: orders,
  clv_min_cents: amount,
  clv_max_cents: amount,
  spent_min_cents: amount,
  spent_max_cents: amount,
  aov_min_cents: amount,
  aov_max_cents: amount,
  /** usual hour, shop time, from (included) to (excluded); 21 to 2 goes over midnight */
  hour_from: hour,
  hour_to: hour,
  /** answered at least this share of messages */
  success_min_pct: z.coerce.number().min(0).max(100).optional(),
  success_max_pct: z.coerce.number().min(0).max(100).optional(),
  /** all of these tags */
  tags: List.optional(),
  /** any of these tags */
  any_tag: List.optional(),
  /** none of these tags */
  without_tags: List.optional(),
  store_id: Id.optional(),
  import_id: Id.optional(),
  is_demo: Flag.optional(),
  deleted: Flag.optional(),
} as const
/** The filters of the list alone, as a body: what a bulk action means, what a view keeps. */
export const CustomerFilter = z.strictObject(customerFilters)
export type CustomerFilter = z.output<typeof CustomerFilter>
export const CustomerQuery = z.strictObject({ ...pageQuery, ...customerFilters })
export type CustomerQuery = z.infer<typeof CustomerQuery>

/** `sort=-clv_score,name`; minus is descending, empty values come last either way. */
export const customerSorts = [
  'name',
  'email',
  'created_at',
  'updated_at',
  'state',
  'rfm_segment',
  'churn_risk',
  'clv_score',
  'total_spent',
  'avg_order_value',
  'purchase_frequency',
  'last_purchase_at',
  'avg_purchase_hour',
  'primary_category',
  'success_rate_pct',
] as const

export const HistoryEntry = z.strictObject({
  /** "order:<id>", "send:<id>", "event:<id>" */
  id: z.string(),
  kind: z.enum(['order', 'send', 'event']),
  at: Instant,
  title: z.string(),
  /** order number, channel and status, or event type */
  detail: z.string().nullable(),
  amount_cents: Cents.nullable(),
  channel: z.string().nullable(),
  status: z.string().nullable(),
  campaign_id: Id.nullable(),
  campaign_name: z.string().nullable(),
  send_id: Id.nullable(),
  items: z.array(
    z.strictObject({
      product_id: Id,
      name: z.string(),
      category: z.string(),
      quantity: z.number(),
      total_cents: Cents,
    }),
  ),
})
export type HistoryEntry = z.infer<typeof HistoryEntry>

export const SegmentShare = z.strictObject({
  rfm_segment: z.string(),
  customers: z.int(),
  share: z.number(),
  total_spent_cents: Cents,
  clv_score_cents: Cents,
  avg_order_value_cents: Cents.nullable(),
  churn: z.strictObject({ low: z.int(), medium: z.int(), high: z.int(), new: z.int() }),
  can_email: z.int(),
  can_sms: z.int(),
})

const tag = 'Customers'
export const knowledge = {
  listCustomers: route({
    method: 'GET',
    path: '/api/v1/customers',
    access: 'user',
    scope: 'customers:read',
    tag,
    summary: 'Customers with their scores: filters, several sort keys, pages or a cursor',
    description: `Sort keys: ${customerSorts.join(', ')}. A cursor belongs to its sort; page is ignored with it. \`total\` is exact up to 10,000.`,
    query: CustomerQuery,
    reply: pageOf(CustomerRow),
  }),
  createCustomer: route({
    method: 'POST',
    path: '/api/v1/customers',
    access: 'manager',
    scope: 'customers:write',
    tag,
    status: 201,
    summary: 'Create a customer',
    body: CustomerEdit,
    reply: Customer,
  }),
  customerSegments: route({
    method: 'GET',
    path: '/api/v1/customers/segments',
    access: 'user',
    scope: 'reports:read',
    tag,
    summary: 'RFM segments with counts, spend, value and churn',
    reply: z.strictObject({ data: z.array(SegmentShare), customers: z.int(), unscored: z.int() }),
  }),
  getCustomer: route({
    method: 'GET',
    path: '/api/v1/customers/:id',
    access: 'user',
    scope: 'customers:read',
    tag,
    summary: 'One customer with scores, reasons, consents and what stops messages',
    params: IdParams,
    reply: Customer,
  }),
  updateCustomer: route({
    method: 'PATCH',
    path: '/api/v1/customers/:id',
    access: 'manager',
    scope: 'customers:write',
    tag,
    summary: 'Change a customer; If-Match with the etag guards against overwriting',
    params: IdParams,
    body: CustomerEdit,
    reply: Customer,
  }),
  deleteCustomer: route({
    method: 'DELETE',
    path: '/api/v1/customers/:id',
    access: 'manager',
    tag,
    status: 204,
    summary: 'Delete softly; restore undoes it',
    params: IdParams,
  }),
  restoreCustomer: route({
    method: 'POST',
    path: '/api/v1/customers/:id/restore',
    access: 'manager',
    tag,
    summary: 'Undo a deletion',
    params: IdParams,
    reply: Customer,
  }),
  customerHistory: route({
    method: 'GET',
    path: '/api/v1/customers/:id/history',
    access: 'user',
    scope: 'customers:read',
    tag,
    summary: 'Purchases, messages and what came back, newest first',
    params: IdParams,
    query: z.strictObject({
      cursor: z.string().max(500).optional(),
      page_size: z.coerce.number().int().min(1).max(200).default(50),
      kind: List.optional(),
    }),
    reply: z.strictObject({ data: z.array(HistoryEntry), next_cursor: z.string().nullable() }),
  }),
}
