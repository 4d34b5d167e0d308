import { z } from 'zod'
import { Verdict } from '#core/compliance/verdict.ts'
import { Offer, departments, offerKinds } from '#core/planning/offer.ts'
import { Flag, Id, IdParams } from './common.ts'
import { route } from './http.ts'

export const OfferInput = Offer.omit({ id: true }).partial().required({ key: true, title: true, kind: true })
export type OfferInput = z.infer<typeof OfferInput>
export const StoredOffer = Offer.extend({
  is_active: z.boolean(),
  is_demo: z.boolean(),
  /** in a customer's words, built from the fields */
  text: z.string(),
  /** what the law of each store's state says about it */
  stores: z.array(
    z.strictObject({
      store_id: Id,
      store: z.string(),
      state: z.string(),
      allowed: z.boolean(),
      verdicts: z.array(Verdict),
    }),
  ),
})
export type StoredOffer = z.infer<typeof StoredOffer>

const tag = 'Planning'
export const offers = {
  list: route({
    method: 'GET',
    path: '/api/v1/offers',
    access: 'user',
    tag,
    summary: 'Offers, with what each store’s state says about them',
    query: z.strictObject({
      q: z.string().max(200).optional(),
      kind: z.enum(offerKinds).optional(),
      department: z.enum(departments).optional(),
      is_active: Flag.optional(),
    }),
    reply: z.strictObject({ data: z.array(StoredOffer) }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/offers',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Create an offer',
    body: OfferInput.strict(),
    reply: StoredOffer,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/offers/:id',
    access: 'manager',
    tag,
    summary: 'Change an offer; running campaigns keep the one they were started with',
    params: IdParams,
    body: Offer.omit({ id: true, key: true }).extend({ is_active: z.boolean() }).partial().strict(),
    reply: StoredOffer,
  }),
}
