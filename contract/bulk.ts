import { z } from 'zod'
import { Id, IdParams, Instant, Job, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'
import { CustomerFilter } from './knowledge.ts'

/** One word or a few, in small letters, as on the customer. */
export const Tag = z.string().trim().toLowerCase().min(1, 'Write a tag.').max(50)
const note = z.string().trim().min(3, 'Say why in a few words; it is kept in the audit trail.').max(300)

/** Columns an export can have; the last four only for those who see addresses. */
export const exportColumns = [
  'name',
  'email',
  'phone',
  'external_id',
  'state',
  'tags',
  'age_status',
  'email_consent',
  'sms_consent',
  'rfm_segment',
  'churn_risk',
  'clv_score',
  'total_spent',
  'purchase_frequency',
  'avg_order_value',
  'last_purchase_at',
  'primary_category',
  'secondary_category',
  'favorite_brands',
  'avg_purchase_hour',
  'is_night_buyer',
  'success_rate_pct',
  'created_at',
  'store',
  'id',
  'first_name',
  'birth_date',
  'address',
  'city',
  'zip',
] as const
export type ExportColumn = (typeof exportColumns)[number]

export const erasureReasons = ['customer_request', 'under_age', 'no_longer_needed', 'entered_by_mistake'] as const
export const ErasureReason = z.enum(erasureReasons)
export type ErasureReason = z.infer<typeof ErasureReason>

/** Whom a bulk action means: chosen customers, or everybody a filter of the list finds when the job begins. */
const whom = { filter: CustomerFilter.optional(), ids: z.array(Id).min(1).max(5000).optional() }
const act = <A extends string, S extends z.core.$ZodLooseShape>(action: A, shape: S) =>
  z.strictObject({ action: z.literal(action), ...whom, ...shape })

const Channel = z.enum(['email', 'sms', 'all'])
export const BulkRequest = z.discriminatedUnion('action', [
  act('add_tag', { tag: Tag }),
  act('remove_tag', { tag: Tag }),
  /** a segment whose members are picked by hand */
  act('add_to_segment', { segment_id: Id }),
  act('remove_from_segment', { segment_id: Id }),
  /** puts their addresses on the do-not-contact list */
  act('suppress', { channel: Channel, note }),
  /** takes away only what somebody of the shop put there */
  act('unsuppress', { channel: Channel.default('all'), note }),
  act('delete', {}),
  act('restore', {}),
  /** cannot be undone; `expected` is how many the person saw, and must still be right */
  act('erase', { reason: ErasureReason, expected: z.int().min(1) }),
  act('export', {
    /** absent: all columns */
    columns: z.array(z.enum(exportColumns)).min(1).max(exportColumns.length).optional(),
    sort: z.string().max(200).optional(),
    reason: note,
  }),
])
export type BulkRequest = z.output<typeof BulkRequest>
export type BulkAction = BulkRequest['action']

export const Export = z.strictObject({
  id: Id,
  kind: z.string(),
  status: z.enum(['queued', 'running', 'ready', 'failed', 'cancelled', 'expired', 'withdrawn']),
  columns: z.array(z.string()),
  /** filters in words of the API, without a search text */
  filter: z.record(z.string(), z.unknown()),
  rows: z.int().nullable(),
  bytes: z.int().nullable(),
  /** email and phone are masked in it */
  is_masked: z.boolean(),
  reason: z.string().nullable(),
  created_by: z.string().nullable(),
  is_own: z.boolean(),
  job_id: Id.nullable(),
  created_at: Instant,
  finished_at: Instant.nullable(),
  /** until then it can be fetched */
  expires_at: Instant.nullable(),
})
export type Export = z.infer<typeof Export>

const TagRow = z.strictObject({
  tag: z.string(),
  customers: z.int(),
  /** segments whose rule asks for it */
  used_by: z.array(z.string()),
})
const TagParams = z.strictObject({ tag: z.string().min(1).max(200) })

const tag = 'Customers'
export const bulk = {
  start: route({
    method: 'POST',
    path: '/api/v1/customers/bulk',
    access: 'user',
    tag,
    status: 202,
    summary: 'Do one thing to many customers, as a job with progress and, where possible, undo',
    description: `Whom: \`ids\`, or \`filter\` with the filters of the list. Everything but \`export\` needs the role manager, \`erase\` admin.
The job's result is {matched, changed, same}; of an export {export_id, rows}. Undo: \`POST /api/v1/jobs/:id/undo\` within seven days,
except for erase and export. An export of role user has masked addresses. In the file, money is 123.45 and times are the shop's.`,
    body: BulkRequest,
    reply: Job,
  }),
  listTags: route({
    method: 'GET',
    path: '/api/v1/tags',
    access: 'user',
    tag,
    summary: 'Tags with the number of customers that have each, most used first',
    query: z.strictObject({ q: z.string().trim().toLowerCase().max(50).optional() }),
    reply: z.strictObject({ data: z.array(TagRow) }),
  }),
  renameTag: route({
    method: 'PATCH',
    path: '/api/v1/tags/:tag',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Rename a tag on every customer; into one that exists, the two become one',
    params: TagParams,
    body: z.strictObject({ name: Tag }),
    reply: Job,
  }),
  removeTag: route({
    method: 'DELETE',
    path: '/api/v1/tags/:tag',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Take a tag from every customer',
    params: TagParams,
    reply: Job,
  }),
  listExports: route({
    method: 'GET',
    path: '/api/v1/exports',
    access: 'user',
    tag: 'Exports',
    summary: 'Exports, newest first; role user sees their own',
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size, cursor: pageQuery.cursor }),
    reply: pageOf(Export),
  }),
  downloadExport: route({
    method: 'GET',
    path: '/api/v1/exports/:id',
    access: 'user',
    tag: 'Exports',
    summary: 'The file of an export; gone (410) a day after it was made, or when somebody in it was erased',
    params: IdParams,
    file: 'text/csv',
  }),
  removeExport: route({
    method: 'DELETE',
    path: '/api/v1/exports/:id',
    access: 'user',
    tag: 'Exports',
    status: 204,
    summary: 'Remove the file of an export before its time',
    params: IdParams,
  }),
}
