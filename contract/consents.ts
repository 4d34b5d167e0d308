import { z } from 'zod'
import { Id, IdParams, Instant, List, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'
import { ConsentSignup, Customer } from './knowledge.ts'

/** What was said, where, when, to which words, and from which machine. Nothing is ever overwritten. */
export const ConsentRow = z.strictObject({
  id: Id,
  channel: z.enum(['email', 'sms']),
  status: z.enum(['granted', 'denied']),
  source: z.string(),
  text_version: z.string().nullable(),
  ip: z.string().nullable(),
  user_agent: z.string().nullable(),
  given_at: Instant,
  created_at: Instant,
  signup: ConsentSignup.nullable(),
})
export type ConsentRow = z.infer<typeof ConsentRow>

const ConsentInput = z.strictObject({
  channel: z.enum(['email', 'sms']),
  status: z.enum(['granted', 'denied']),
  /** where it was said: "paper form at the till", "phone call" */
  source: z.string().trim().min(1, 'Say where: a consent without its source is no proof.').max(200),
  text_version: z.string().trim().max(200).optional(),
  ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  user_agent: z.string().trim().max(300).optional(),
  given_at: z.iso.datetime({ offset: true }).optional(),
})
export type ConsentInput = z.output<typeof ConsentInput>

export const suppressionReasons = ['unsubscribe', 'hard_bounce', 'complaint', 'stop', 'manual', 'erased'] as const
const note = z.string().trim().min(3, 'Say why in a few words; it is kept in the audit trail.').max(300)

/** An address that must not be contacted. The address itself is kept only as a keyed hash. */
export const Suppression = z.strictObject({
  id: Id,
  /** `all`: what the person gets on any channel */
  channel: z.enum(['email', 'sms', 'all']),
  reason: z.enum(suppressionReasons),
  note: z.string().nullable(),
  customer_id: Id.nullable(),
  customer_name: z.string().nullable(),
  /** the customer's address, as far as it is the one that is meant; masked for role user */
  address: z.string().nullable(),
  send_id: Id.nullable(),
  created_by: z.string().nullable(),
  created_at: Instant,
  /** somebody of the shop put it there, so somebody of the shop may take it away */
  can_lift: z.boolean(),
})
export type Suppression = z.infer<typeof Suppression>

const tag = 'Consent'
export const consents = {
  list: route({
    method: 'GET',
    path: '/api/v1/customers/:id/consents',
    access: 'user',
    tag,
    summary: 'Every consent of a customer with its proof, newest first',
    params: IdParams,
    query: z.strictObject({
      cursor: z.string().max(500).optional(),
      page_size: z.coerce.number().int().min(1).max(200).default(50),
      channel: z.enum(['email', 'sms']).optional(),
    }),
    reply: z.strictObject({ data: z.array(ConsentRow), next_cursor: z.string().nullable() }),
  }),
  record: route({
    method: 'POST',
    path: '/api/v1/customers/:id/consents',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Record a consent that was given or taken back elsewhere',
    description:
      'A no closes the address for good. A yes needs source and date, and never undoes a no of the customer.',
    params: IdParams,
    body: ConsentInput,
    reply: Customer,
  }),
  listSuppressions: route({
    method: 'GET',
    path: '/api/v1/suppressions',
    access: 'user',
    tag,
    summary: 'Addresses that must not be contacted, newest first',
    query: z.strictObject({
      page: pageQuery.page,
      page_size: pageQuery.page_size,
      cursor: pageQuery.cursor,
      channel: List.optional(),
      reason: List.optional(),
      customer_id: Id.optional(),
      /** put there within the last N days */
      within_days: z.coerce.number().int().min(1).max(3650).optional(),
    }),
    reply: pageOf(Suppression),
  }),
  lookUp: route({
    method: 'POST',
    path: '/api/v1/suppressions/lookup',
    access: 'user',
    tag,
    summary: 'Whether one address is on the list; in a body, as addresses do not belong into links and logs',
    body: z.strictObject({ address: z.string().trim().min(3).max(254) }),
    reply: z.strictObject({ data: z.array(Suppression) }),
  }),
  suppress: route({
    method: 'POST',
    path: '/api/v1/suppressions',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Put an address, or those of a customer, on the list by hand',
    description: 'Give `address` or `customer_id`. An address that is on the list already stays as it is.',
    body: z.strictObject({
      channel: z.enum(['email', 'sms', 'all']),
      address: z.string().trim().min(3).max(254).optional(),
      customer_id: Id.optional(),
      note,
    }),
    reply: z.strictObject({ data: z.array(Suppression) }),
  }),
  lift: route({
    method: 'DELETE',
    path: '/api/v1/suppressions/:id',
    access: 'manager',
    tag,
    status: 204,
    summary: 'Take an address off the list that was put there by hand; only the customer can take back what they said',
    params: IdParams,
    body: z.strictObject({ note }),
  }),
}
