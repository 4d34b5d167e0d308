import { z } from 'zod'
import { departments } from '#core/planning/offer.ts'
import { Id, IdParams, Website } from './common.ts'
import { route } from './http.ts'

/** A shop with an address and a licence: its state's law applies to its offers, its address stands in every message. */
const fields = {
  name: z.string().trim().min(1, 'Write the name customers know.').max(120),
  legal_name: z.string().trim().min(1, 'Write the name on the licence.').max(200),
  licence_number: z.string().trim().max(80).nullable(),
  address: z.string().trim().min(3, 'Write street and number; every message must carry it.').max(200),
  city: z.string().trim().min(1).max(100),
  state: z.string().regex(/^[A-Z]{2}$/, 'Use the two letters of the state, like IL.'),
  zip: z.string().regex(/^\d{5}(-\d{4})?$/, 'Use five digits, like 62701.'),
  time_zone: z.string().max(60),
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'Use the international form, like +12175550142.')
    .nullable(),
  /** where links of its messages lead; null: the website of the shop */
  website: Website.nullable(),
  /** departments the licence covers */
  sells: z.array(z.enum(departments)).min(1),
}
export const StoreInput = z.strictObject({
  ...fields,
  licence_number: fields.licence_number.default(null),
  phone: fields.phone.default(null),
  website: fields.website.default(null),
  sells: fields.sells.default(['spirits', 'wine', 'beer']),
})
export const Store = z.strictObject({
  id: Id,
  ...fields,
  external_id: z.string().nullable(),
  is_demo: z.boolean(),
  customers: z.int(),
})
export type Store = z.infer<typeof Store>

const tag = 'Settings'
export const stores = {
  list: route({
    method: 'GET',
    path: '/api/v1/stores',
    access: 'user',
    scope: 'catalog:read',
    tag,
    summary: 'The shops of this retailer',
    reply: z.strictObject({ data: z.array(Store) }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/stores',
    access: 'admin',
    tag,
    status: 201,
    summary: 'Add a shop',
    body: StoreInput,
    reply: Store,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/stores/:id',
    access: 'admin',
    tag,
    summary: 'Change a shop',
    params: IdParams,
    body: z.strictObject(fields).partial(),
    reply: Store,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/stores/:id',
    access: 'admin',
    tag,
    summary: 'Remove a shop; its customers move to another one',
    params: IdParams,
    query: z.strictObject({ move_to: Id.optional() }),
    reply: z.strictObject({ moved_customers: z.int() }),
  }),
}
