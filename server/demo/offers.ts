import type { Offer } from '#core/planning/offer.ts'
import type { Chance } from './random.ts'

type Draft = Pick<Offer, 'key' | 'title' | 'kind'> & Partial<Offer>

// One of them, the free case, is against the law of the demo store's state: the plan shows why it was refused.
const drafts: readonly Draft[] = [
  {
    key: 'bourbon_guide',
    title: 'Five bourbons our staff would pour tonight',
    kind: 'content',
    department: 'spirits',
    category: 'Bourbon',
  },
  { key: 'weekend_picks', title: 'What to open this weekend', kind: 'content' },
  { key: 'due_again', title: 'Your usual is on the shelf', kind: 'content' },
  { key: 'new_arrivals_first', title: 'First look at this month’s new arrivals', kind: 'early_access' },
  {
    key: 'tasting_friday',
    title: 'Friday tasting: meet the winemaker, 5 to 7 pm',
    kind: 'tasting_event',
    department: 'wine',
  },
  {
    key: 'mixed_six',
    title: 'Mix any six bottles of wine, save 10%',
    kind: 'multi_buy',
    value: 10,
    min_quantity: 6,
    department: 'wine',
  },
  { key: 'basket_5', title: '$5 off when you spend $60', kind: 'amount_off', value: 500, min_spend_cents: 6000 },
  {
    key: 'come_back_10',
    title: 'We kept your place: 10% off one visit',
    kind: 'percent_off',
    value: 10,
    redeemable_as_coupon: true,
    code: 'BACK10',
  },
  {
    key: 'come_back_15',
    title: 'Come back and take 15% off',
    kind: 'percent_off',
    value: 15,
    redeemable_as_coupon: true,
    code: 'BACK15',
  },
  {
    key: 'case_two_plus_one',
    title: 'Buy two cases of lager, get one free',
    kind: 'bogo',
    min_quantity: 2,
    department: 'beer',
    category: 'Lager',
  },
  {
    key: 'glass_with_rye',
    title: 'A tasting glass with every bottle of rye',
    kind: 'gift',
    department: 'spirits',
    category: 'Rye Whiskey',
    unit_cost_cents: 250,
  },
]

export type DemoOffer = Omit<Offer, 'valid_from' | 'valid_to'>

export function makeOffers(chance: Chance, at: Date): DemoOffer[] {
  return drafts.map((draft) => ({
    id: chance.uuid(at),
    value: null,
    min_quantity: null,
    department: null,
    category: null,
    product_ids: [],
    min_spend_cents: null,
    funded_by: 'store',
    redeemable_as_coupon: false,
    code: null,
    unit_cost_cents: null,
    regular_price_cents: null,
    ...draft,
  }))
}
