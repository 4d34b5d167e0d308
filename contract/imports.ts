import { z } from 'zod'
import { Flag, Id, IdParams, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const ImportKind = z.enum(['customers', 'orders', 'products', 'consents', 'suppressions'])
const header = z.string().max(300)
/** Cells that cannot be read: a value is read as another one, or all with the same fault are left empty. */
const Repair = z.union([
  z.strictObject({ column: header, value: z.string().max(100), read_as: z.string().max(300) }),
  z.strictObject({ column: header, leave_empty: z.string().max(300) }),
])
/** What the file leaves open. */
export const ImportOptions = z.strictObject({
  date_order: z.enum(['mdy', 'dmy']).default('mdy'),
  /** zone of times without one; default the shop's */
  time_zone: z.string().max(64).optional(),
  country: z.enum(['US', 'CA']).default('US'),
  /** orders: make customers that are not known yet */
  create_customers: z.boolean().default(false),
  repairs: z.array(Repair).max(500).optional(),
})
export type ImportOptions = z.infer<typeof ImportOptions>

const Tally = z.strictObject({
  column: z.string(),
  reason: z.string(),
  count: z.int(),
  first_line: z.int(),
  can_repair: z.boolean().optional(),
  /** of a check: what stood in the cells; managers only */
  values: z.array(z.strictObject({ value: z.string(), count: z.int() })).optional(),
})
export const ImportSummary = z.strictObject({
  format: z.string().optional(),
  delimiter: z.string().nullable().optional(),
  encoding: z.string().optional(),
  /** lines above the headers that belong to no table */
  skipped_lines: z.array(z.string()).optional(),
  unused_columns: z.array(z.string()).optional(),
  reasons: z.array(Tally).optional(),
  notes: z.array(Tally).optional(),
  also: z.record(z.string(), z.int()).optional(),
  rows_per_second: z.number().optional(),
  duration_ms: z.number().optional(),
  /** of it in the database, after the file was read */
  merge_ms: z.number().optional(),
})
export type ImportSummary = z.infer<typeof ImportSummary>

/** What taking an import back did, in rows. */
export const ImportUndone = z.strictObject({
  /** added by the import and gone again */
  removed: z.int().default(0),
  /** changed by the import and as before again */
  restored: z.int().default(0),
  /** changed by somebody since, so left as they are */
  kept_changed: z.int().default(0),
  /** added by the import and in use by now, so left as they are */
  kept_added: z.int().default(0),
  /** a no that came with the file is never taken back */
  opt_outs_kept: z.int().default(0),
  /** orders: the customers and products it had made on the way */
  customers_removed: z.int().default(0),
  products_removed: z.int().default(0),
})
export type ImportUndone = z.infer<typeof ImportUndone>

export const Import = z.strictObject({
  id: Id,
  kind: ImportKind,
  source: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  phase: z.string().nullable(),
  dry_run: z.boolean(),
  job_id: Id.nullable(),
  mapping: z.record(z.string(), z.string()),
  options: ImportOptions.partial(),
  bytes_total: z.int(),
  bytes_read: z.int(),
  rows_read: z.int(),
  rows_new: z.int(),
  rows_changed: z.int(),
  rows_same: z.int(),
  rows_duplicate: z.int(),
  rows_rejected: z.int(),
  has_rejects: z.boolean(),
  summary: ImportSummary,
  error: z.string().nullable(),
  /** name of who started it; null: the command line or the system */
  created_by_name: z.string().nullable(),
  /** seconds it will still take; `at_least`: the time in the database is not known yet. Null: nobody can say */
  eta: z.strictObject({ seconds: z.int(), at_least: z.boolean() }).nullable(),
  undo: z.strictObject({
    /** why it cannot be taken back; null: it can */
    refusal: z.string().nullable(),
    /** until when it can */
    until: Instant.nullable(),
    job_id: Id.nullable(),
    is_running: z.boolean(),
    undone_at: Instant.nullable(),
    result: ImportUndone,
  }),
  created_at: Instant,
  started_at: Instant.nullable(),
  finished_at: Instant.nullable(),
})
export type Import = z.infer<typeof Import>

/** Form fields of an upload beside `file`; they stand before it. `mapping` and `options` are JSON. */
export const ImportFields = z.strictObject({
  kind: ImportKind.default('customers'),
  mapping: z.record(z.string().max(100), z.string().max(300)).optional(),
  options: ImportOptions.partial().optional(),
  dry_run: z.boolean().default(false),
})
/** Admins may import a file that already lies on the server instead of uploading it. */
export const ImportPath = ImportFields.extend({ path: z.string().min(1).max(4096) })

export const ImportPreview = z.strictObject({
  kind: ImportKind,
  format: z.string(),
  delimiter: z.string().nullable(),
  encoding: z.string(),
  headers: z.array(z.string()),
  skipped_lines: z.array(z.string()),
  /** field -> header: as given, else as in the last import, else guessed */
  mapping: z.record(z.string(), z.string()),
  /** the last import of this kind, when its columns helped; null: all is guessed */
  remembered: z
    .strictObject({
      source: z.string(),
      at: Instant,
      by: z.string().nullable(),
      /** the file has the same columns in the same order: nothing is left to match */
      is_complete: z.boolean(),
      /** fields that were taken from it */
      fields: z.array(z.string()),
      options: ImportOptions.partial(),
    })
    .nullable(),
  certainty: z.record(z.string(), z.number()),
  unused: z.array(z.string()),
  fields: z.array(z.strictObject({ field: z.string(), label: z.string() })),
  mapping_faults: z.array(z.strictObject({ field: z.string(), message: z.string() })),
  samples: z.array(z.array(z.string())),
  rows_checked: z.int(),
  /** the first rows that would be refused */
  errors: z.array(
    z.strictObject({ line: z.int(), column: z.string(), reason: z.string(), value: z.string().nullable() }),
  ),
  notes: z.array(Tally),
})
export type ImportPreview = z.infer<typeof ImportPreview>

const tag = 'Imports'
export const imports = {
  create: route({
    method: 'POST',
    path: '/api/v1/customers/import',
    access: 'manager',
    tag: 'Customers',
    status: 202,
    upload: true,
    summary: 'Import a file of customers, orders, products, consents or suppressions',
    description:
      'multipart/form-data with kind, mapping, options, dry_run, then file; or application/json {path, kind, ...} from an admin.',
    reply: Import,
  }),
  list: route({
    method: 'GET',
    path: '/api/v1/imports',
    access: 'user',
    tag,
    summary: 'Imports, newest first',
    query: z.strictObject({
      ...pageQuery,
      kind: ImportKind.optional(),
      status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'undone']).optional(),
      /** true: only checks; false: only imports */
      dry_run: Flag.optional(),
    }),
    reply: pageOf(Import),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/imports/:id',
    access: 'user',
    tag,
    summary: 'One import and how far it is',
    params: IdParams,
    reply: Import,
  }),
  rejects: route({
    method: 'GET',
    path: '/api/v1/imports/:id/rejects',
    access: 'manager',
    tag,
    summary: 'Refused rows with line, column and reason',
    params: IdParams,
    file: 'text/csv',
  }),
  cancel: route({
    method: 'POST',
    path: '/api/v1/imports/:id/cancel',
    access: 'manager',
    tag,
    summary: 'Stop an import; nothing of it is kept',
    params: IdParams,
    reply: Import,
  }),
  undo: route({
    method: 'POST',
    path: '/api/v1/imports/:id/undo',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Take an import back, for seven days; a job does it',
    description:
      'What it added goes, what it changed becomes as before. Rows that somebody changed or used since stay and are counted. A no that came with the file stays.',
    params: IdParams,
    reply: Import,
  }),
  preview: route({
    method: 'POST',
    path: '/api/v1/imports/preview',
    access: 'manager',
    tag,
    upload: true,
    summary: 'Columns, guessed mapping, samples and first errors of a file; nothing is stored',
    description: 'The same form as an import. The first 1,000 rows are checked.',
    reply: ImportPreview,
  }),
}
