import type { Day } from '../calendar.ts'
import { departments, type Department, type Offer } from '../planning/offer.ts'
import { evaluators, type Finding, type OfferCase, type StoreFacts } from './offer-rules.ts'
import {
  infoRuleTypes,
  offerRuleTypes,
  rulesFor,
  type InfoRuleType,
  type OfferRuleType,
  type Policy,
  type PolicyRule,
} from './policy.ts'
import type { Verdict } from './verdict.ts'

export type { StoreFacts } from './offer-rules.ts'

/** True when the offer reaches products the rule speaks of; an offer on everything reaches all of them. */
function touches(offer: Offer, products: readonly Department[]): boolean {
  return offer.department === null || products.includes(offer.department)
}

function outcomeOf({ how }: Finding, rule: PolicyRule, policy: Policy): Verdict['outcome'] {
  switch (how) {
    case 'hit':
      return rule.effect === 'block' ? 'deny' : 'warn'
    case 'unsure':
      // A gap in our knowledge is held where the shop says so; a review that an admin made binding is binding.
      return policy.unknown_effect === 'hold' || (rule.effect === 'block' && rule.type === 'unknown_state_review')
        ? 'deny'
        : 'warn'
    case 'advise':
      return 'warn'
    case 'require':
      return 'require'
    case 'told':
      return 'allow'
  }
}

function verdictOf(rule: PolicyRule, finding: Finding, policy: Policy): Verdict {
  const { how: _, ...words } = finding
  return {
    outcome: outcomeOf(finding, rule, policy),
    rule_id: rule.id,
    ...words,
    source: rule.source,
    confidence: rule.confidence,
  }
}

/** Everything the policy says about selling under this offer in this store: law of the store's state, no person involved. */
export function checkOffer(offer: Offer, store: StoreFacts, policy: Policy, day: Day | null = null): Verdict[] {
  const facts: OfferCase = { offer, store, day }
  const verdicts = shopVerdicts(facts)
  const rules = rulesFor(policy, store.state)
  const isKnown = isKnownState(offer, rules)
  for (const rule of rules) {
    if (!isAboutOffers(rule.type) || !touches(offer, rule.products)) continue
    if (rule.type === 'unknown_state_review' && isKnown) continue
    const finding = evaluators[rule.type](rule, facts)
    if (finding) verdicts.push(verdictOf(rule, finding, policy))
  }
  return verdicts
}

// A state that closes on Sundays, or forbids suppliers something, has not said what a retailer's own offer may be.
const besideThePoint: ReadonlySet<string> = new Set([
  'sunday_spirits_closed',
  'required_text',
  'supplier_coupon_prohibited',
])

/** True when rules of the state itself speak about everything the offer reaches: one on beer says nothing about wine. */
function isKnownState(offer: Offer, rules: readonly PolicyRule[]): boolean {
  const own = rules.filter((r) => r.jurisdiction !== 'US' && isAboutOffers(r.type) && !besideThePoint.has(r.type))
  const reached = departments.filter((d) => d !== 'other' && touches(offer, [d]))
  return reached.every((d) => own.some((r) => r.products.includes(d)))
}

function shopVerdicts({ offer, store, day }: OfferCase): Verdict[] {
  const deny = (rule_id: string, summary: string, cure: string): Verdict => ({
    outcome: 'deny',
    rule_id,
    summary,
    source: 'shop setting',
    confidence: 'high',
    cure,
  })
  const out: Verdict[] = []
  if (offer.department && offer.department !== 'other' && !store.sells.includes(offer.department))
    out.push(
      deny(
        'shop-store-sells',
        `${store.name} does not sell ${offer.department}.`,
        'Choose an offer on what this store sells.',
      ),
    )
  if (day && ((offer.valid_from && day < offer.valid_from) || (offer.valid_to && day > offer.valid_to)))
    out.push(
      deny(
        'shop-offer-dates',
        `The offer does not hold on ${day}.`,
        'Move the message or change the dates of the offer.',
      ),
    )
  return out
}

const aboutOffers: ReadonlySet<string> = new Set([...offerRuleTypes, ...infoRuleTypes])
function isAboutOffers(type: string): type is OfferRuleType | InfoRuleType {
  return aboutOffers.has(type)
}
