import { z } from 'zod'
import { mergeFields } from '#core/knowledge/merge.ts'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'
import { Customer, CustomerRow } from './knowledge.ts'
import { ErasureReason } from './bulk.ts'

export const Duplicate = z.strictObject({
  customer: CustomerRow,
  city: z.string().nullable(),
  zip: z.string().nullable(),
  /** 0 to 1: how sure it is that they are one */
  likelihood: z.number(),
  /** what speaks for it, in words */
  reasons: z.array(z.string()),
})
export type Duplicate = z.infer<typeof Duplicate>

export const Merge = z.strictObject({
  id: Id,
  kept_id: Id,
  merged_id: Id,
  /** of the one that was merged */
  name: z.string().nullable(),
  /** what changed its customer */
  moved: z.strictObject({ orders: z.int(), sends: z.int(), consents: z.int(), events: z.int() }),
  created_by: z.string().nullable(),
  created_at: Instant,
  undo_until: Instant,
  undone_at: Instant.nullable(),
  can_undo: z.boolean(),
})
export type Merge = z.infer<typeof Merge>

const tag = 'Customers'
export const merges = {
  duplicates: route({
    method: 'GET',
    path: '/api/v1/customers/:id/duplicates',
    access: 'user',
    tag,
    summary: 'Customers who may be the same person, the likeliest first',
    params: IdParams,
    reply: z.strictObject({ data: z.array(Duplicate) }),
  }),
  merge: route({
    method: 'POST',
    path: '/api/v1/customers/:id/merge',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Make another customer a part of this one: orders, messages, consents, tags; the stricter consent wins',
    description:
      'For each field `keep` says whose value stays: `this` (default where both have one) or `other`. The number, email and phone of the other still lead here when they come with a file. Undo within seven days: `POST /api/v1/merges/:id/undo`.',
    params: IdParams,
    body: z.strictObject({
      other_id: Id,
      keep: z.partialRecord(z.enum(mergeFields), z.enum(['this', 'other'])).optional(),
    }),
    reply: z.strictObject({ merge: Merge, customer: Customer }),
  }),
  list: route({
    method: 'GET',
    path: '/api/v1/customers/:id/merges',
    access: 'user',
    tag,
    summary: 'Whom this customer was merged with, newest first',
    params: IdParams,
    reply: z.strictObject({ data: z.array(Merge) }),
  }),
  undo: route({
    method: 'POST',
    path: '/api/v1/merges/:id/undo',
    largeWork: true,
    access: 'manager',
    tag,
    summary: 'Make two customers of them again, within seven days',
    description: 'What came in since, and fields that somebody changed since, stay with the customer that was kept.',
    params: IdParams,
    reply: Merge,
  }),
  erase: route({
    method: 'POST',
    path: '/api/v1/customers/:id/erase',
    largeWork: true,
    access: 'manager',
    tag,
    status: 204,
    summary: 'Erase a customer for good (GDPR art. 17, CCPA); cannot be undone',
    description:
      'What stays: an anonymous row that orders and events hang on, and keyed hashes of the addresses, which nobody writes to again.',
    params: IdParams,
    body: z.strictObject({ reason: ErasureReason }),
  }),
}
