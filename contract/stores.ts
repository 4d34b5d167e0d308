import { z } from 'zod'
import { isZone } from '#core/calendar.ts'
import { departments } from '#core/planning/offer.ts'
import { Id, IdParams, Website } from './common.ts'
import { route } from './http.ts'

const stretch = z.strictObject({
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a time like 09:00.'),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'Write a time like 21:00, or 24:00.'),
})
/** Seven lists, Monday first; an empty one is a closed day. What lies after midnight belongs to the next day. */
const Week = z.array(z.array(stretch).max(3)).length(7)
export type Week = z.infer<typeof Week>

/** A shop with an address and a licence: its state's law applies to its offers, its address stands in every message. */
const fields = {
  name: z.string().trim().min(1, 'Write the name customers know.').max(120),
  legal_name: z.string().trim().min(1, 'Write the name on the licence.').max(200),
  licence_number: z.string().trim().max(80).nullable(),
  address: z.string().trim().min(3, 'Write street and number; every message must carry it.').max(200),
  city: z.string().trim().min(1).max(100),
  state: z.string().regex(/^[A-Z]{2}$/, 'Use the two letters of the state, like IL.'),
  zip: z.string().regex(/^\d{5}(-\d{4})?$/, 'Use five digits, like 62701.'),
  time_zone: z.string().max(60).refine(isZone, 'Choose a time zone like America/New_York.'),
  phone: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'Use the international form, like +12175550142.')
    .nullable(),
  /** where links of its messages lead; null: the website of the shop */
  website: Website.nullable(),
  /** departments the licence covers */
  sells: z.array(z.enum(departments)).min(1),
  /** number of the store in your till: imports find it by that */
  external_id: z.string().trim().min(1).max(60).nullable(),
  /** by the store's clock; null: not stated */
  opening_hours: Week.nullable(),
  /** when a department may be sold, where that is not whenever the store is open */
  sale_hours: z.partialRecord(z.enum(departments), Week.nullable()),
}
export const StoreInput = z.strictObject({
  ...fields,
  licence_number: fields.licence_number.default(null),
  phone: fields.phone.default(null),
  website: fields.website.default(null),
  sells: fields.sells.default(['spirits', 'wine', 'beer']),
  external_id: fields.external_id.default(null),
  opening_hours: fields.opening_hours.default(null),
  sale_hours: fields.sale_hours.default({}),
})
export const Store = z.strictObject({
  id: Id,
  ...fields,
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
  nearest: route({
    method: 'GET',
    path: '/api/v1/stores/nearest',
    access: 'user',
    tag,
    summary: 'How many customers without a store of their own are nearest to each',
    description:
      'By state, then by the difference of the first three ZIP digits; who has neither counts with the oldest store.',
    reply: z.strictObject({ data: z.array(z.strictObject({ store_id: Id, customers: z.int() })) }),
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
