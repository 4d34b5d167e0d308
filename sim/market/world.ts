import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { offerKinds } from '#core/planning/offer.ts'

const share = z.number().min(0).max(1)
const positive = z.number().positive()

/** One offer of the market: what the shop may send, and what it truly does. */
const MarketOffer = z.strictObject({
  key: z.string().regex(/^[a-z0-9_]+$/),
  kind: z.enum(offerKinds),
  /** as in the product: percent for percent_off and multi_buy, else null */
  value: z.number().nonnegative().nullable(),
  /** strength: the rate of purchases of an opener is multiplied by exp(beta x factor x phase x tiredness) */
  factor: z.number().min(0).max(3),
  /** added to the factor per unit of price sensitivity above the mean */
  by_sensitivity: z.number().min(-2).max(2).default(0),
  /** the factor is multiplied by these for night buyers and for all others */
  night: z.number().min(0).max(3).default(1),
  day: z.number().min(0).max(3).default(1),
  /** share of the basket that is given away, and of the buying openers who use it */
  depth: z.number().min(0).max(0.6).default(0),
  used: share.default(1),
  /** the basket of those who use it is multiplied by this */
  basket: z.number().min(0.5).max(2).default(1),
  /** chance that an opener who was lost, and is persuadable, comes back at once */
  revives: share.default(0),
})
export type MarketOffer = z.infer<typeof MarketOffer>

const TypeLogit = z.strictObject({
  /** share among average customers; the four are normalised */
  share: positive,
  /** log-odds per standard deviation of the log purchase rate, and of price sensitivity */
  by_frequency: z.number().min(-3).max(3),
  by_sensitivity: z.number().min(-3).max(3),
  /** sensitivity to messages: exponent of the purchase rate */
  beta: z.number().min(-1).max(2),
})

/** Parameters that change from one evaluation week on: the market does not stand still for anybody. */
const Shift = z.strictObject({
  /** week of the evaluation, from 0 */
  week: z.int().min(0),
  /** factors of offers are multiplied by these */
  offers: z.record(z.string(), z.number().min(0).max(5)).default({}),
  /** purchase rates, and openness to email in logits */
  rate: z.number().min(0.2).max(3).default(1),
  open: z.number().min(-2).max(2).default(0),
  /** tiredness per message weighs this many times as much */
  fatigue: z.number().min(0).max(5).default(1),
})

/**
 * A liquor market with known truth (facts/science.md §8). Every field is documented in docs/planning.md; money is in
 * cents where the name says so, baskets in dollars on the log scale, rates are per week.
 */
export const World = z.strictObject({
  name: z.string().min(1).max(60),
  description: z.string().max(600),
  /** a Monday */
  start: z.iso.date(),
  weeks: z.strictObject({
    /** randomised contacts: the shop learns from them */
    burn_in: z.int().min(8).max(104),
    evaluate: z.int().min(4).max(52),
    /** share of customers contacted in a week of the burn-in */
    contacted: z.number().min(0.02).max(0.8),
  }),
  /** local time zones and their shares */
  zones: z.array(z.strictObject({ zone: z.string(), share: positive })).min(1),
  gross_margin: z.number().min(0.05).max(0.8),
  /** purchases by month, January first */
  season: z.array(positive).length(12),
  /** by ISO weekday, Monday first */
  weekday: z.array(positive).length(7),
  purchase: z.strictObject({
    /** rate per week: gamma of this shape and mean, cut to min and max */
    shape: positive,
    mean: positive,
    min: positive,
    max: positive,
    /** shares of Erlang-1, -2, -3 customers: the higher, the more regular */
    erlang: z.array(share).length(3),
    /** chance of being lost after a purchase: beta of these two */
    dropout: z.tuple([positive, positive]),
    /** log of the basket in dollars: mean, spread between customers, spread between orders */
    basket: z.tuple([z.number(), positive, positive]),
    /** after a purchase with an offer the rate is multiplied by this for some weeks */
    stocked: share,
    stocked_weeks: z.number().min(0).max(12),
    /** share of customers there from the first day; the others join during the burn-in */
    from_start: z.number().min(0.1).max(1),
  }),
  night: z.strictObject({
    share,
    /** share of orders from 20:00 to 04:00 of night buyers, and of others */
    own: share,
    others: share,
    /** a message from this hour on is an evening message */
    from_hour: z.int().min(16).max(20),
    /** logits added to the opening of night buyers: by an evening message, and by any other */
    match: z.number(),
    mismatch: z.number(),
  }),
  /** price sensitivity: beta of these two; it shows in orders at a reduced price */
  sensitivity: z.tuple([positive, positive]),
  shelf: z.strictObject({ base: share, per_sensitivity: share, depth: z.number().min(0).max(0.3) }),
  types: z.strictObject({ persuadable: TypeLogit, sure: TypeLogit, lost: TypeLogit, dog: TypeLogit }),
  /** how response depends on days since the last purchase over the own mean gap */
  phase: z.strictObject({ from: z.number(), full: z.number(), until: z.number(), fade: positive, least: share }),
  offers: z.array(MarketOffer).min(1).max(12),
  open: z.strictObject({
    email: share,
    email_spread: z.number().nonnegative(),
    email_fatigue: z.number().nonnegative(),
    sms: share,
    sms_fatigue: z.number().nonnegative(),
    /** mean hours from message to opening */
    delay_hours: positive,
  }),
  click: z.strictObject({ base: share, per_beta: share }),
  fatigue: z.strictObject({
    /** share of tiredness left after a week; each message adds one */
    weekly: share,
    /** response is multiplied by exp(-response x tiredness) */
    response: z.number().nonnegative(),
  }),
  unsubscribe: z.strictObject({ email: share, sms: share, fatigue: z.number().nonnegative(), dog: positive }),
  cost_cents: z.strictObject({ email: z.number().nonnegative(), sms: z.number().nonnegative() }),
  /** days for which an opened message works */
  effect_days: z.number().min(1).max(28),
  /** share of customers who agreed to the channel */
  consent: z.strictObject({ email: share, sms: share }),
  shift: Shift.nullable().default(null),
})
export type World = z.infer<typeof World>

/** Reads a world. @throws Error that names the file and every field that does not fit */
export function loadWorld(file: string): World {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const read = World.safeParse(given)
  if (!read.success)
    throw new Error(
      `${file} is not a market: ${read.error.issues.map((i) => `${i.path.join('.') || 'file'}: ${i.message}`).join('; ')}`,
    )
  const world = read.data
  if (new Date(world.start).getUTCDay() !== 1) throw new Error(`${file}: start: ${world.start} is not a Monday.`)
  const unknown = Object.keys(world.shift?.offers ?? {}).filter((key) => world.offers.every((o) => o.key !== key))
  if (unknown.length > 0) throw new Error(`${file}: shift.offers: there is no offer ${unknown.join(', ')}.`)
  return world
}
