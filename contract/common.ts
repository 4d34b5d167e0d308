import { z } from 'zod'

export const Id = z.uuid()
export const IdParams = z.strictObject({ id: Id })
/** Integer cents of the shop's currency. */
export const Cents = z.int()
/** UTC instant; Dates of the database are written as ISO 8601 strings. */
export const Instant = z.union([z.iso.datetime({ offset: true }), z.date().transform((d) => d.toISOString())])
export const Day = z.iso.date()

const csv = z
  .string()
  .max(2000)
  .transform((s) =>
    s
      .split(',')
      .map((v) => v.trim())
      .filter(Boolean),
  )
/** A filter that may be given as `a,b` or repeated. */
export const List = z.union([csv, z.array(z.string().max(200)).max(100)])
/** `true` in a body, `'true'` in an address. */
export const Flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((v) => v === 'true')])

/** Every list: pages for people, a cursor for programs. */
export const pageQuery = {
  page: z.coerce.number().int().min(1).max(100_000).default(1),
  page_size: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
  sort: z.string().max(200).optional(),
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    data: z.array(item),
    page: z.int(),
    page_size: z.int(),
    total: z.int(),
    /** false: the total is an estimate */
    total_is_exact: z.boolean(),
    next_cursor: z.string().nullable(),
  })
}

/** RFC 9457 problem details with field paths. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  request_id: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
})
export type Problem = z.infer<typeof Problem>

/** Long work: 202 answers with it, progress comes over `WS /ws/notifications` and `GET /jobs/:id`. */
export const Job = z.strictObject({
  id: Id,
  kind: z.string(),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  done: z.int(),
  total: z.int().nullable(),
  message: z.string().nullable(),
  result: z.unknown(),
  error: z.string().nullable(),
  created_at: Instant,
  finished_at: Instant.nullable(),
  /** `POST /jobs/:id/undo` would take it back now */
  can_undo: z.boolean(),
})
export type Job = z.infer<typeof Job>

/** A page on the web, as it is written into messages. */
export const Website = z
  .url({ protocol: /^https?$/, error: 'Write a full address, like https://www.example.com.' })
  .max(500)
