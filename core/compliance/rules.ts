import { isoWeekday, type Day } from '../calendar.ts'
import { holidayOn } from '../holidays.ts'
import { formatCents } from '../money.ts'
import { isDiscount, type Department, type Offer } from '../planning/offer.ts'
import { discountShare, lowestUnitPriceCents, lowersPrice } from '../planning/price.ts'
import { offerRuleTypes, rulesFor, type OfferRuleType, type Policy, type PolicyRule } from './policy.ts'
import type { Verdict } from './verdict.ts'

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

type Finding = Pick<Verdict, 'outcome' | 'summary'> & Partial<Pick<Verdict, 'cure' | 'text'>>
type Evaluator = (rule: PolicyRule, facts: OfferCase) => Finding | null

const deny = (summary: string, cure: string): Finding => ({ outcome: 'deny', summary, cure })
const warn = (summary: string, cure: string): Finding => ({ outcome: 'warn', summary, cure })

/** A paper, code or promise the public redeems for less money. */
function isCoupon(offer: Offer): boolean {
  return isDiscount(offer) && (offer.redeemable_as_coupon || offer.code !== null)
}

function givesSomething(offer: Offer): boolean {
  return ['free_item', 'gift', 'bogo'].includes(offer.kind)
}

/** True when the offer reaches products the rule speaks of; an offer on everything reaches all of them. */
export function touches(offer: Offer, products: readonly Department[]): boolean {
  return offer.department === null || products.includes(offer.department)
}

const contentCure = 'Send it without a price advantage: content, early access or a tasting.'

const evaluators: Record<OfferRuleType, Evaluator> = {
  coupon_prohibited(_, { offer, store }) {
    if (isCoupon(offer))
      return deny(
        `A coupon for alcohol is not allowed in ${store.state}.`,
        'Drop the code and lower the shelf price for everybody, or send it without a discount.',
      )
    if (lowersPrice(offer))
      return warn(
        `In ${store.state} a price only for readers of a message would be a coupon.`,
        'Give the same price to everybody in the store.',
      )
    return null
  },
  inducement_prohibited(_, { offer, store }) {
    if (givesSomething(offer))
      return deny(`Nothing may be given on top of a purchase of alcohol in ${store.state}.`, contentCure)
    if (offer.kind === 'points')
      return warn(
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
      ? deny(
          `“Buy some, get one free” is not allowed in ${store.state}.`,
          'Give a lower price for several instead: “mix any six, save 10%”.',
        )
      : null
  },
  free_goods_prohibited(_, { offer, store }) {
    if (givesSomething(offer))
      return deny(
        `No gift, premium or free goods with alcohol in ${store.state}.`,
        'Lower the price instead, or send content.',
      )
    if (offer.kind === 'points')
      return warn(`Points may count as a premium in ${store.state}.`, 'Have the loyalty programme reviewed.')
    return null
  },
  supplier_coupon_prohibited(rule, { offer, store }) {
    const bound = offer.funded_by === 'supplier' && (rule.params.any_discount ? isDiscount(offer) : isCoupon(offer))
    return bound
      ? deny(
          `A discount paid by a supplier may not be redeemed in a shop in ${store.state}.`,
          'Pay for it from the store’s own margin, or drop the coupon.',
        )
      : null
  },
  below_cost_prohibited(_, { offer, store }) {
    if (!lowersPrice(offer)) return null
    const price = lowestUnitPriceCents(offer)
    if (price === 0)
      return deny(`Giving alcohol away is selling below cost, which ${store.state} forbids.`, contentCure)
    if (price === null || offer.unit_cost_cents === null) {
      return warn(
        `${store.state} forbids selling below cost, and the cost is not known here.`,
        'Enter unit cost and regular price, on the offer or on its products.',
      )
    }
    return price < offer.unit_cost_cents
      ? deny(
          `${formatCents(price)} is below the cost of ${formatCents(offer.unit_cost_cents)}, which ${store.state} forbids.`,
          `Keep the price at or above ${formatCents(offer.unit_cost_cents)}.`,
        )
      : null
  },
  min_markup_pct(rule, { offer, store }) {
    if (!lowersPrice(offer)) return null
    const pct = rule.params.pct ?? 0
    const price = lowestUnitPriceCents(offer)
    if (price !== 0 && (price === null || offer.unit_cost_cents === null)) {
      return warn(
        `${store.state} asks for a markup of ${pct}%, and the cost is not known here.`,
        'Enter unit cost and regular price, on the offer or on its products.',
      )
    }
    const floor = Math.ceil((offer.unit_cost_cents ?? 0) * (1 + pct / 100))
    return price === 0 || price < floor
      ? deny(
          `${formatCents(price)} leaves less than the ${pct}% markup that ${store.state} asks for.`,
          floor > 0 ? `Keep the price at or above ${formatCents(floor)}.` : contentCure,
        )
      : null
  },
  max_discount_pct(rule, { offer, store }) {
    const pct = rule.params.pct ?? 100
    const share = discountShare(offer)
    if (share === null)
      return warn(
        `${store.state} caps discounts at ${pct}%, and the regular price is not known here.`,
        'Enter the regular price or a minimum spend.',
      )
    return share * 100 > pct + 1e-9
      ? deny(
          `${Math.round(share * 100)}% off is more than the ${pct}% that ${store.state} allows.`,
          `Keep the discount at or below ${pct}%.`,
        )
      : null
  },
  discount_prohibited(_, { offer, store }) {
    return isDiscount(offer) ? deny(`Alcohol may not be sold at a discount in ${store.state}.`, contentCure) : null
  },
  required_text(rule, { offer, store }) {
    if (rule.params.when === 'supplier_coupon') {
      if (offer.funded_by !== 'supplier' || !isCoupon(offer)) return null
      if (!offer.valid_to)
        return deny(`A supplier’s coupon must carry its last day in ${store.state}.`, 'Give the offer an end date.')
      return {
        outcome: 'require',
        summary: 'The coupon must say that only adults may redeem it, and until when.',
        text: `Only customers 21 and over may redeem this offer. It ends on ${offer.valid_to}.`,
      }
    }
    const licence = store.licence_number ? `, licence ${store.licence_number}` : ''
    return {
      outcome: 'require',
      summary: `Every advertisement carries the licensed trade name in ${store.state}.`,
      text: `${store.legal_name}${licence}`,
    }
  },
  coupon_review(_, { offer, store }) {
    return isCoupon(offer) || givesSomething(offer)
      ? warn(`Coupons and premiums have rules of their own in ${store.state}.`, 'Have this offer reviewed.')
      : null
  },
  min_price_review(_, { offer, store }) {
    return lowersPrice(offer)
      ? warn(`${store.state} sets minimum prices for spirits.`, 'Check the new price against the state’s list.')
      : null
  },
  below_cost_review(_, { offer, store }) {
    return lowersPrice(offer)
      ? warn(`${store.state} may forbid selling below cost.`, 'Check the new price against your cost.')
      : null
  },
  sunday_spirits_closed(rule, { offer, store, day }) {
    if (!day || !isDiscount(offer)) return null
    const closed = rule.params.closed ?? []
    const holiday = holidayOn(day)
    const why =
      closed.includes('sunday') && isoWeekday(day) === 7
        ? 'on Sundays'
        : holiday && closed.includes(holiday.key)
          ? `on ${holiday.name}`
          : null
    return why
      ? warn(
          `Spirits are not sold ${why} in ${store.state}: the message arrives at a closed shelf.`,
          'Move it to another day.',
        )
      : null
  },
  supplier_funded_promo(_, { offer }) {
    return offer.funded_by === 'supplier'
      ? warn(
          'A supplier pays for this: tied-house rules ask for a review.',
          'Have the arrangement reviewed, or fund it yourself.',
        )
      : null
  },
}

function verdictOf(rule: PolicyRule, finding: Finding): Verdict {
  // An admin who turned a block into a warning, or the reverse, is followed; a required text stays required.
  const outcome =
    finding.outcome === 'deny' && rule.effect === 'warn'
      ? 'warn'
      : finding.outcome === 'warn' && rule.effect === 'block' && rule.type.endsWith('_review')
        ? 'deny'
        : finding.outcome
  return { ...finding, outcome, rule_id: rule.id, source: rule.source, confidence: rule.confidence }
}

/** Everything the policy says about selling under this offer in this store: law of the store's state, no person involved. */
export function checkOffer(offer: Offer, store: StoreFacts, policy: Policy, day: Day | null = null): Verdict[] {
  const facts: OfferCase = { offer, store, day }
  const verdicts: Verdict[] = []
  if (offer.department && offer.department !== 'other' && !store.sells.includes(offer.department)) {
    verdicts.push({
      outcome: 'deny',
      rule_id: 'shop-store-sells',
      summary: `${store.name} does not sell ${offer.department}.`,
      source: 'shop setting',
      confidence: 'high',
      cure: 'Choose an offer on what this store sells.',
    })
  }
  if (day && ((offer.valid_from && day < offer.valid_from) || (offer.valid_to && day > offer.valid_to))) {
    verdicts.push({
      outcome: 'deny',
      rule_id: 'shop-offer-dates',
      summary: `The offer does not hold on ${day}.`,
      source: 'shop setting',
      confidence: 'high',
      cure: 'Move the message or change the dates of the offer.',
    })
  }
  const rules = rulesFor(policy, store.state)
  for (const rule of rules) {
    if (!isOfferRule(rule.type) || !touches(offer, rule.products)) continue
    const finding = evaluators[rule.type](rule, facts)
    if (finding) verdicts.push(verdictOf(rule, finding))
  }
  if (
    lowersPrice(offer) &&
    touches(offer, ['spirits']) &&
    policy.control_states.states.includes(store.state) &&
    !verdicts.some((v) => v.outcome === 'deny')
  ) {
    const { source, confidence } = policy.control_states
    verdicts.push({
      outcome: 'warn',
      rule_id: 'us-control-state-spirits',
      summary: `${store.state} sells spirits itself, at its own prices.`,
      source,
      confidence,
      cure: 'Leave spirits out, or have the offer reviewed.',
    })
  }
  if (isDiscount(offer) && offer.department !== 'other' && !rules.some((r) => r.jurisdiction !== 'US')) {
    verdicts.push({
      outcome: 'warn',
      rule_id: 'us-state-unknown',
      summary: `We have no rules on offers in ${store.state}: nothing found is not the same as allowed.`,
      source: 'no source',
      confidence: 'low',
      cure: 'Ask your state’s alcohol authority or counsel.',
    })
  }
  return verdicts
}

function isOfferRule(type: string): type is OfferRuleType {
  return (offerRuleTypes as readonly string[]).includes(type)
}
