import { z } from 'zod'
import { Day, Id, Instant, Job, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

/** One line of the trail: what somebody did (`event`), or what became of a row (`change`). */
export const AuditLine = z.strictObject({
  id: Id,
  kind: z.enum(['event', 'change']),
  at: Instant,
  actor_kind: z.enum(['user', 'api_key', 'cli', 'system', 'customer']),
  actor_id: Id.nullable(),
  /** name of the user or the key, as it is now */
  actor_name: z.string().nullable(),
  /** `campaign.approved`, or `campaigns.update` for a change */
  action: z.string(),
  entity: z.string(),
  entity_id: z.string().nullable(),
  /** rows of the statement, where there were too many for a line each */
  rows: z.int(),
  before: z.unknown(),
  after: z.unknown(),
  reason: z.string().nullable(),
  request_id: z.string().nullable(),
  is_sealed: z.boolean(),
  /** an erasure took its content */
  is_redacted: z.boolean(),
})
export type AuditLine = z.infer<typeof AuditLine>

const filter = {
  kind: z.enum(['event', 'change']).optional(),
  /** part of an action, or a whole id of a thing or a request */
  q: z.string().trim().max(200).optional(),
  actor_id: Id.optional(),
  actor_kind: z.enum(['user', 'api_key', 'cli', 'system', 'customer']).optional(),
  entity: z.string().max(60).optional(),
  entity_id: z.string().max(200).optional(),
  request_id: z.string().max(100).optional(),
  /** days in UTC, both included */
  from: Day.optional(),
  to: Day.optional(),
}
const { sort: _, ...paging } = pageQuery

const tag = 'Audit'
export const audit = {
  list: route({
    method: 'GET',
    path: '/api/v1/audit',
    access: 'admin',
    tag,
    summary: 'The audit trail, newest first; secrets and personal data are not in it',
    query: z.strictObject({ ...paging, ...filter }),
    reply: pageOf(AuditLine),
  }),
  export: route({
    method: 'GET',
    path: '/api/v1/audit/export',
    access: 'admin',
    tag,
    summary: 'The same as CSV, up to 100,000 lines; noted in the trail itself',
    query: z.strictObject(filter),
    file: 'text/csv',
  }),
  state: route({
    method: 'GET',
    path: '/api/v1/audit/state',
    access: 'admin',
    tag,
    summary: 'How far the trail is sealed, and what the last verification found',
    reply: z.strictObject({
      lines: z.int(),
      seals: z.int(),
      last_seal: z.strictObject({ number: z.int(), at: Instant, hash: z.string() }).nullable(),
      unsealed: z.int(),
      verified: z
        .strictObject({ at: Instant, lines: z.int(), faults: z.array(z.string()), failed: z.string().nullable() })
        .nullable(),
    }),
  }),
  verify: route({
    method: 'POST',
    path: '/api/v1/audit/verify',
    access: 'admin',
    tag,
    status: 202,
    summary: 'Read the whole chain again; the job says what was changed',
    reply: Job,
  }),
}
