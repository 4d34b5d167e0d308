import { z } from 'zod'
import { IdParams, Id, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'
import { CustomerRow } from './knowledge.ts'

export const Segment = z.strictObject({
  id: Id,
  /** stable name used in plans and reports */
  key: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  kind: z.enum(['rfm', 'rule', 'snapshot']),
  rules: z.unknown(),
  /** playbook: offer kinds and keys, best first */
  recommended_offers: z.array(z.unknown()),
  messaging_strategy: z.string().nullable(),
  optimal_channels: z.array(z.string()),
  optimal_send_window: z.unknown(),
  is_active: z.boolean(),
  customer_count: z.int(),
  last_computed_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
})
export type Segment = z.infer<typeof Segment>

const tag = 'Segments'
export const segments = {
  listSegments: route({
    method: 'GET',
    path: '/api/v1/segments',
    access: 'user',
    tag,
    summary: 'Segments with their playbooks, largest first',
    query: z.strictObject({
      ...pageQuery,
      q: z.string().trim().max(200).optional(),
      kind: z.enum(['rfm', 'rule', 'snapshot']).optional(),
    }),
    reply: pageOf(Segment),
  }),
  getSegment: route({
    method: 'GET',
    path: '/api/v1/segments/:id',
    access: 'user',
    tag,
    summary: 'One segment with its playbook',
    params: IdParams,
    reply: Segment,
  }),
  segmentCustomers: route({
    method: 'GET',
    path: '/api/v1/segments/:id/customers',
    access: 'user',
    tag,
    summary: 'Who is in the segment, highest value first',
    params: IdParams,
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size, cursor: pageQuery.cursor }),
    reply: pageOf(CustomerRow),
  }),
}
