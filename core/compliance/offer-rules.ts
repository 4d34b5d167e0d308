import { addDays, isoWeekday, type Day } from '../calendar.ts'
import { holidayOn } from '../holidays.ts'
import { formatCents } from '../money.ts'
import { isDiscount, type Department, type Offer } from '../planning/offer.ts'
import { discountShare, lowestUnitPriceCents, lowersPrice } from '../planning/price.ts'
import type { InfoRuleType, OfferRuleType, PolicyRule } from './policy.ts'

/** The licensed store that sells; its state's law binds the sale. */
export interface StoreFacts {
  state: string
  legal_name: string
  name: string
  licence_number: string | null
  sells: readonly Department[]
}

export interface OfferCase {
  offer: Offer
  store: StoreFacts
  /** the store's local day of the message; null when the offer is looked at by itself */
  day: Day | null
}

/**
 * What an evaluator found. `hit`: the rule speaks, its effect holds. `unsure`: a figure it needs is missing, the shop's
 * choice between warn and hold holds. `advise`: near the rule, always a warning. `require`: a text must be carried.
 * `told`: the rule explains why it is allowed.
 */
export interface Finding {
  how: 'hit' | 'unsure' | 'advise' | 'require' | 'told'
  summary: string
  cure?: string
  text?: string
}
type Evaluator = (rule: PolicyRule, facts: OfferCase) => Finding | null

const hit = (summary: string, cure: string): Finding => ({ how: 'hit', summary, cure })
const unsure = (summary: string, cure: string): Finding => ({ how: 'unsure', summary, cure })
const advise = (summary: string, cure: string): Finding => ({ how: 'advise', summary, cure })
const told =
  (applies: (offer: Offer) => boolean): Evaluator =>
  (rule, { offer }) =>
    applies(offer) ? { how: 'told', summary: `${rule.summary}.` } : null

/** A paper, code or promise the public redeems for less money. */
function isCoupon(offer: Offer): boolean {
  return isDiscount(offer) && (offer.redeemable_as_coupon || offer.code !== null)
}

function givesSomething(offer: Offer): boolean {
  return ['free_item', 'gift', 'bogo'].includes(offer.kind)
}

const contentCure = 'Send it without a price advantage: content, early access or a tasting.'
const costCure = 'Enter unit cost and regular price, on the offer or on its products.'

/** One evaluator per type of rule; forgetting one does not compile. */
export const evaluators: Record<OfferRuleType | InfoRuleType, Evaluator> = {
  coupon_prohibited(_, { offer, store }) {
    if (isCoupon(offer))
      return hit(
        `A coupon for alcohol is not allowed in ${store.state}.`,
        'Drop the code and lower the shelf price for everybody, or send it without a discount.',
      )
    if (lowersPrice(offer))
      return advise(
        `In ${store.state} a price only for readers of a message would be a coupon.`,
        'Give the same price to everybody in the store.',
      )
    return null
  },
  inducement_prohibited(_, { offer, store }) {
    if (givesSomething(offer))
      return hit(`Nothing may be given on top of a purchase of alcohol in ${store.state}.`, contentCure)
    if (offer.kind === 'points')
      return advise(
        `Points may count as an inducement in ${store.state}.`,
        'Have the loyalty programme reviewed, or send content instead.',
      )
    return null
  },
  multi_unit_free_prohibited(_, { offer, store }) {
    const free =
      offer.kind === 'bogo' ||
      offer.kind === 'free_item' ||
      (offer.kind === 'multi_buy' && (offer.value ?? 0) >= 100) ||
      (offer.kind === 'price_point' && (offer.value ?? 0) <= 1)
    return free
      ? hit(
          `“Buy some, get one free” is not allowed in ${store.state}.`,
          'Give a lower price for several instead: “mix any six, save 10%”.',
        )
      : null
  },
  free_goods_prohibited(_, { offer, store }) {
    if (givesSomething(offer))
      return hit(
        `No gift, premium or free goods with alcohol in ${store.state}.`,
        'Lower the price instead, or send content.',
      )
    if (offer.kind === 'points')
      return advise(`Points may count as a premium in ${store.state}.`, 'Have the loyalty programme reviewed.')
    return null
  },
  supplier_coupon_prohibited(rule, { offer, store }) {
    const bound = offer.funded_by === 'supplier' && (rule.params.any_discount ? isDiscount(offer) : isCoupon(offer))
    return bound
      ? hit(
          `A discount paid by a supplier may not be redeemed in a shop in ${store.state}.`,
          'Pay for it from the store’s own margin, or drop the coupon.',
        )
      : null
  },
  below_cost_prohibited(_, { offer, store }) {
    if (!lowersPrice(offer)) return null
    const price = lowestUnitPriceCents(offer)
    if (price === 0) return hit(`Giving alcohol away is selling below cost, which ${store.state} forbids.`, contentCure)
    if (price === null || offer.unit_cost_cents === null)
      return unsure(`${store.state} forbids selling below cost, and the cost is not known here.`, costCure)
    return price < offer.unit_cost_cents
      ? hit(
          `${formatCents(price)} is below the cost of ${formatCents(offer.unit_cost_cents)}, which ${store.state} forbids.`,
          `Keep the price at or above ${formatCents(offer.unit_cost_cents)}.`,
        )
      : null
  },
  min_markup_pct(rule, { offer, store }) {
    if (!lowersPrice(offer)) return null
    const pct = rule.params.pct ?? 0
    const price = lowestUnitPriceCents(offer)
    if (price !== 0 && (price === null || offer.unit_cost_cents === null))
      return unsure(`${store.state} asks for a markup of ${pct}%, and the cost is not known here.`, costCure)
    const floor = Math.ceil((offer.unit_cost_cents ?? 0) * (1 + pct / 100))
    return price === 0 || price < floor
      ? hit(
          `${formatCents(price)} leaves less than the ${pct}% markup that ${store.state} asks for.`,
          floor > 0 ? `Keep the price at or above ${formatCents(floor)}.` : contentCure,
        )
      : null
  },
  max_discount_pct(rule, { offer, store }) {
    const pct = rule.params.pct ?? 100
    const share = discountShare(offer)
    if (share === null)
      return unsure(
        `${store.state} caps discounts at ${pct}%, and the regular price is not known here.`,
        'Enter the regular price or a minimum spend.',
      )
    return share * 100 > pct + 1e-9
      ? hit(
          `${Math.round(share * 100)}% off is more than the ${pct}% that ${store.state} allows.`,
          `Keep the discount at or below ${pct}%.`,
        )
      : null
  },
  discount_prohibited(_, { offer, store }) {
    return isDiscount(offer) ? hit(`Alcohol may not be sold at a discount in ${store.state}.`, contentCure) : null
  },
  required_text(rule, { offer, store }) {
    if (rule.params.when === 'supplier_coupon') {
      if (offer.funded_by !== 'supplier' || !isCoupon(offer)) return null
      if (!offer.valid_to)
        return hit(`A supplier’s coupon must carry its last day in ${store.state}.`, 'Give the offer an end date.')
      return {
        how: 'require',
        summary: 'The coupon must say that only adults may redeem it, and until when.',
        text: `Only customers 21 and over may redeem this offer. It ends on ${offer.valid_to}.`,
      }
    }
    const licence = store.licence_number ? `, licence ${store.licence_number}` : ''
    return {
      how: 'require',
      summary: `Every advertisement carries the licensed trade name in ${store.state}.`,
      text: `${store.legal_name}${licence}`,
    }
  },
  coupon_review(_, { offer, store }) {
    return isCoupon(offer) || givesSomething(offer)
      ? hit(`Coupons and premiums have rules of their own in ${store.state}.`, 'Have this offer reviewed.')
      : null
  },
  min_price_review(_, { offer, store }) {
    return lowersPrice(offer)
      ? hit(`${store.state} sets minimum prices for spirits.`, 'Check the new price against the state’s list.')
      : null
  },
  below_cost_review(_, { offer, store }) {
    return lowersPrice(offer)
      ? hit(`${store.state} may forbid selling below cost.`, 'Check the new price against your cost.')
      : null
  },
  sunday_spirits_closed(rule, { offer, store, day }) {
    const why = day && isDiscount(offer) ? closedOn(day, rule.params.closed ?? []) : null
    return why
      ? hit(
          `${rule.products.length > 1 ? 'Alcohol is' : 'Spirits are'} not sold ${why} in ${store.state}: the message arrives at a closed shelf.`,
          'Move it to another day.',
        )
      : null
  },
  supplier_funded_promo(_, { offer }) {
    return offer.funded_by === 'supplier'
      ? hit(
          'A supplier pays for this: tied-house rules ask for a review.',
          'Have the arrangement reviewed, or fund it yourself.',
        )
      : null
  },
  control_state_review(_, { offer, store }) {
    return lowersPrice(offer)
      ? hit(`${store.state} sells spirits itself, at its own prices.`, 'Leave spirits out, or have the offer reviewed.')
      : null
  },
  local_option_review(_, { offer, store, day }) {
    return day && isoWeekday(day) === 7 && isDiscount(offer)
      ? hit(
          `Whether alcohol is sold on Sundays depends on the county in ${store.state}.`,
          'Move it to another day, or switch this rule off once you know the rule of your county.',
        )
      : null
  },
  // Only asked when no rule of the state speaks about the products (rules.ts).
  unknown_state_review(_, { offer, store }) {
    return isDiscount(offer) && offer.department !== 'other'
      ? unsure(
          `We have no rules on such offers in ${store.state}: nothing found is not the same as allowed.`,
          'Ask your state’s alcohol authority or counsel.',
        )
      : null
  },
  price_ad_allowed: told(lowersPrice),
  coupon_allowed: told((offer) => isCoupon(offer) && offer.funded_by === 'store'),
  no_special_rule: told(isDiscount),
  control_state: told(isDiscount),
  multi_unit_discount_allowed: told((offer) => offer.kind === 'multi_buy'),
  retailer_instant_rebate: told((offer) => isCoupon(offer) && offer.funded_by === 'store'),
}

/** "on Sundays", "on Thanksgiving"; null when the shelf is open. A holiday that falls on a Sunday closes the Monday too. */
function closedOn(day: Day, closed: readonly string[]): string | null {
  if (closed.includes('sunday') && isoWeekday(day) === 7) return 'on Sundays'
  const holiday = holidayOn(day) ?? (isoWeekday(day) === 1 ? holidayOn(addDays(day, -1)) : null)
  return holiday && closed.includes(holiday.key) ? `on ${holiday.name}` : null
}
