import { z } from 'zod'
import { Cents, Id } from './common.ts'
import { route } from './http.ts'

/** The most items of one batch. */
export const batchMost = 1000

/**
 * A batch whose items are judged one by one, so that a bad one does not keep the others out. The route sees them unread;
 * the documentation shows what they must be.
 */
function batchOf(item: z.ZodType) {
  const { $schema: _, ...shape } = z.toJSONSchema(item, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-2020-12',
  })
  return z
    .array(z.unknown().meta(shape))
    .min(1, 'Send at least one.')
    .max(batchMost, `Send at most ${batchMost} at once.`)
}

const text = (most: number) => z.string().trim().min(1).max(most)
const When = z.iso.datetime({ offset: true, error: 'Write an instant with its zone, like 2026-11-23T17:45:00-06:00.' })

/** Whose it is: by our number for them, email or phone. All that are given must mean the same person. */
const who = { external_id: text(100), email: text(254), phone: text(60) }
const nobody = 'Say whose it is: external_id, email or phone.'
export const CustomerRef = z
  .strictObject({ ...who, name: text(200) })
  .partial()
  .refine((c) => Boolean(c.external_id ?? c.email ?? c.phone), { error: nobody })

export const OrderItemInput = z
  .strictObject({
    sku: text(100).optional(),
    name: text(300).optional(),
    brand: text(100).optional(),
    /** as the shelf says it, like Bourbon */
    category: text(100).optional(),
    department: z.enum(['spirits', 'wine', 'beer', 'other']).optional(),
    quantity: z.number().min(-100_000).max(100_000).default(1),
    /** what was paid for the line, after discounts; or give unit_price_cents */
    total_cents: Cents.optional(),
    unit_price_cents: Cents.optional(),
    discount_cents: Cents.min(0).optional(),
  })
  .refine((i) => Boolean(i.sku ?? i.name), { error: 'An item needs a sku or a name.' })
  .refine((i) => i.total_cents !== undefined || i.unit_price_cents !== undefined, {
    error: 'An item needs an amount: total_cents or unit_price_cents.',
  })

/** An order as it now is: sent again, it replaces what is stored under its external_id. */
export const OrderInput = z
  .strictObject({
    external_id: text(100),
    ordered_at: When,
    customer: CustomerRef,
    /** number or name of the store */
    store: text(100).optional(),
    coupon_code: text(100).optional(),
    /** goods after discounts, without tax and shipping; default the sum of the items */
    total_cents: Cents.optional(),
    discount_cents: Cents.min(0).optional(),
    /** must be the shop's */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'Use three capital letters, like USD.')
      .optional(),
    /** all items of the order; left out: those that are stored stay */
    items: z.array(OrderItemInput).max(500).optional(),
  })
  .refine((o) => o.total_cents !== undefined || (o.items?.length ?? 0) > 0, {
    error: 'An order needs items or total_cents.',
  })
export type OrderInput = z.output<typeof OrderInput>

export const behaviours = ['page_view', 'product_view', 'add_to_cart', 'cart_abandoned', 'sign_up'] as const
/** Something a person did in the shop. Names of your own are welcome; those of messages and purchases are ours. */
export const BehaviourInput = z.strictObject({
  /** your id of the event: the same id twice is one event */
  id: text(100),
  type: z.string().regex(/^[a-z][a-z0-9_]{1,49}$/, 'Use small letters, digits and _, like page_view.'),
  at: When,
  customer: CustomerRef,
  value_cents: Cents.optional(),
  /** what it was about: sku, category, url, store... No names, addresses or card numbers. */
  properties: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
      z.union([z.string().max(500), z.number(), z.boolean(), z.null()]),
    )
    .refine((p) => Object.keys(p).length <= 25, { error: 'Give at most 25 properties.' })
    .default({}),
})
export type BehaviourInput = z.output<typeof BehaviourInput>

const Said = z
  .strictObject({
    status: z.enum(['granted', 'denied']),
    /** where it was said, like "newsletter form" or "till 2" */
    source: text(200).optional(),
    given_at: When.optional(),
    /** which wording they agreed to */
    text_version: text(200).optional(),
  })
  .refine((c) => c.status === 'denied' || (c.source !== undefined && c.given_at !== undefined), {
    error: 'A yes needs its proof: source and given_at.',
  })
export const CustomerInput = z
  .strictObject({
    ...who,
    name: text(200),
    first_name: text(100),
    last_name: text(100),
    birth_date: z.iso.date(),
    /** somebody confirmed that this person is 21 or older */
    age_verified: z.boolean(),
    address: text(300),
    city: text(100),
    state: text(40),
    zip: text(10),
    store: text(100),
    tags: z.array(text(50)).max(50),
    email_consent: Said,
    sms_consent: Said,
  })
  .partial()
  .refine((c) => Boolean(c.external_id ?? c.email ?? c.phone), { error: nobody })
export type CustomerInput = z.output<typeof CustomerInput>

const Remark = z.strictObject({ path: z.string(), message: z.string() })
const outcome = {
  /** place in the batch, from 0 */
  index: z.int(),
  external_id: z.string().nullable(),
  /** why it was refused, with paths into the batch */
  errors: z.array(Remark),
  /** what was left out or counted differently */
  notes: z.array(Remark),
}

const tag = 'Ingest'
const batchLimit = 8 * 1024 * 1024
export const ingest = {
  orders: route({
    method: 'POST',
    path: '/api/v1/orders',
    access: 'manager',
    scope: 'orders:write',
    tag,
    summary: 'Add or change up to 1,000 orders with their items',
    description:
      'The good ones go in, together; each refused one is named with its path and the reason. Sending the same order again changes nothing.',
    bodyLimit: batchLimit,
    body: z.strictObject({
      orders: batchOf(OrderInput),
      /** make customers that are not known yet */
      create_customers: z.boolean().default(true),
      /** products that are not known yet are added to the catalog, or refuse their order */
      unknown_products: z.enum(['create', 'refuse']).default('create'),
    }),
    reply: z.strictObject({
      received: z.int(),
      created: z.int(),
      changed: z.int(),
      same: z.int(),
      duplicate: z.int(),
      refused: z.int(),
      customers_created: z.int(),
      products_created: z.int(),
      outcomes: z.array(
        z.strictObject({
          ...outcome,
          outcome: z.enum(['created', 'changed', 'same', 'duplicate', 'refused']),
          order_id: Id.nullable(),
        }),
      ),
    }),
  }),
  events: route({
    method: 'POST',
    path: '/api/v1/events',
    access: 'manager',
    scope: 'events:write',
    tag,
    summary: 'Report up to 1,000 things that people did in the shop',
    description: `Usual types: ${behaviours.join(', ')}; names of your own are kept as they are. The same id twice is one event.`,
    bodyLimit: batchLimit,
    body: z.strictObject({ events: batchOf(BehaviourInput) }),
    reply: z.strictObject({
      received: z.int(),
      created: z.int(),
      duplicate: z.int(),
      refused: z.int(),
      outcomes: z.array(
        z.strictObject({
          index: z.int(),
          id: z.string().nullable(),
          outcome: z.enum(['created', 'duplicate', 'refused']),
          errors: z.array(Remark),
        }),
      ),
    }),
  }),
  customers: route({
    method: 'POST',
    path: '/api/v1/customers/batch',
    access: 'manager',
    scope: 'customers:write',
    tag,
    summary: 'Add or change up to 1,000 customers',
    description:
      'Found by external_id, email or phone. What is left out stays as it is. A yes needs source and date, and never undoes a no.',
    bodyLimit: batchLimit,
    body: z.strictObject({ customers: batchOf(CustomerInput) }),
    reply: z.strictObject({
      received: z.int(),
      created: z.int(),
      changed: z.int(),
      same: z.int(),
      duplicate: z.int(),
      refused: z.int(),
      outcomes: z.array(
        z.strictObject({
          ...outcome,
          outcome: z.enum(['created', 'changed', 'same', 'duplicate', 'refused']),
          customer_id: Id.nullable(),
        }),
      ),
    }),
  }),
}
