import { z } from 'zod'
import { Verdict } from '#core/compliance/verdict.ts'
import { Offer, departments, offerKinds } from '#core/planning/offer.ts'
import { Cents, Flag, Id, IdParams, Instant, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'

export const OfferInput = Offer.omit({ id: true }).partial().required({ key: true, title: true, kind: true })
export type OfferInput = z.infer<typeof OfferInput>

/** What the law of a store's state says about an offer. */
export const StoreOpinion = z.strictObject({
  /** null: a state that was asked for, not a store of this shop */
  store_id: Id.nullable(),
  store: z.string(),
  state: z.string(),
  allowed: z.boolean(),
  outcome: Verdict.shape.outcome,
  verdicts: z.array(Verdict),
})
export type StoreOpinion = z.infer<typeof StoreOpinion>

const Share = z.number()
export const OfferEconomics = z.strictObject({
  regular_price_cents: Cents.nullable(),
  lowest_price_cents: Cents.nullable(),
  unit_cost_cents: Cents.nullable(),
  margin_before_cents: Cents.nullable(),
  margin_after_cents: Cents.nullable(),
  discount_share: Share.nullable(),
  redemption_cost_cents: Cents,
  basket_margin_cents: Cents,
  break_even_share: Share.nullable(),
})

/** Products in the range of an offer; units are null when no product of it is counted. */
export const OfferStock = z.strictObject({
  products: z.int(),
  in_stock: z.int(),
  units: z.int().nullable(),
})

/** Everything that is computed from an offer's fields. */
export const JudgedOffer = z.strictObject({
  /** in a customer's words, built from the fields */
  text: z.string(),
  /** where cost and price come from: the offer itself, the product of its range with the thinnest margin, or nowhere */
  price_from: z.enum(['offer', 'products', 'unknown']),
  economics: OfferEconomics,
  stock: OfferStock,
  /** what the law of each store's state says about it */
  stores: z.array(StoreOpinion),
  /** what the title says that it should not */
  copy: z.array(Verdict),
})
export type JudgedOffer = z.infer<typeof JudgedOffer>

export const StoredOffer = z.strictObject({
  ...Offer.shape,
  ...JudgedOffer.shape,
  is_active: z.boolean(),
  is_demo: z.boolean(),
  /** campaigns that wait or run with it */
  in_campaigns: z.int(),
  archived_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
  version: z.int(),
  /** send it as If-Match when changing the offer */
  etag: z.string(),
})
export type StoredOffer = z.infer<typeof StoredOffer>

const OfferChange = Offer.omit({ id: true, key: true }).extend({ is_active: z.boolean() }).partial().strict()
export type OfferChange = z.infer<typeof OfferChange>

const tag = 'Planning'
export const offers = {
  list: route({
    method: 'GET',
    path: '/api/v1/offers',
    access: 'user',
    tag,
    summary: 'Offers with law, margin and stock computed; archived ones only when asked for',
    query: z.strictObject({
      page: pageQuery.page,
      page_size: pageQuery.page_size.default(200),
      cursor: Id.optional(),
      q: z.string().max(200).optional(),
      kind: z.enum(offerKinds).optional(),
      department: z.enum(departments).optional(),
      funded_by: z.enum(['store', 'supplier']).optional(),
      is_active: Flag.optional(),
      archived: Flag.default(false),
    }),
    reply: pageOf(StoredOffer),
  }),
  get: route({
    method: 'GET',
    path: '/api/v1/offers/:id',
    access: 'user',
    tag,
    summary: 'One offer; ETag guards a change',
    params: IdParams,
    reply: StoredOffer,
  }),
  preview: route({
    method: 'POST',
    path: '/api/v1/offers/preview',
    access: 'user',
    tag,
    summary: 'Law, margin and stock of an offer that is not stored yet',
    body: OfferInput.strict(),
    reply: JudgedOffer,
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
    description: 'With If-Match (the offer’s etag), 412 when somebody else changed it meanwhile.',
    params: IdParams,
    body: OfferChange,
    reply: StoredOffer,
  }),
  archive: route({
    method: 'POST',
    path: '/api/v1/offers/:id/archive',
    access: 'manager',
    tag,
    summary: 'Put an offer away: no new plan uses it, what has started goes on. Twice is once',
    params: IdParams,
    reply: StoredOffer,
  }),
  restore: route({
    method: 'POST',
    path: '/api/v1/offers/:id/restore',
    access: 'manager',
    tag,
    summary: 'Take an archived offer back into use',
    params: IdParams,
    reply: StoredOffer,
  }),
}
