import { expect, test } from 'vitest'
import { instantOf } from '../calendar.ts'
import { noOffer, type Offer } from '../planning/offer.ts'
import { checkAudience } from './audience.ts'
import { gate, type GateInput, type Recipient } from './gate.ts'
import { lintCopy, requiredLine } from './lint.ts'
import { defaultPolicy, type PolicyRule } from './policy.ts'
import collected from './policy/collected.json' with { type: 'json' }
import { checkOffer, type StoreFacts } from './rules.ts'
import type { Verdict } from './verdict.ts'

const policy = defaultPolicy()
const tuesday = '2026-11-24'
const sunday = '2026-11-22'
const thanksgiving = '2026-11-26'

const storeIn = (state: string): StoreFacts & { time_zone: string } => ({
  state,
  name: 'Main Street',
  legal_name: 'Main Street Liquor LLC',
  licence_number: 'L-1',
  sells: ['spirits', 'wine', 'beer', 'other'],
  time_zone: 'America/Chicago',
})
const offer = (part: Partial<Offer> & Pick<Offer, 'kind'>): Offer => ({
  ...noOffer,
  key: 'o',
  title: 'An offer',
  ...part,
})
const priced = { unit_cost_cents: 2000, regular_price_cents: 2500 }
const percent = (value: number, part: Partial<Offer> = {}) => offer({ kind: 'percent_off', value, ...priced, ...part })
const at = (cents: number, part: Partial<Offer> = {}) =>
  offer({ kind: 'price_point', value: cents, ...priced, ...part })
const coupon = percent(10, { code: 'TEN', redeemable_as_coupon: true })
const codeOnly = percent(5, { code: 'FIVE' })
const supplier = { funded_by: 'supplier' as const }
const supplierCoupon = percent(10, { code: 'TEN', redeemable_as_coupon: true, ...supplier })
const supplierAmount = offer({ kind: 'amount_off', value: 300, redeemable_as_coupon: true, ...priced, ...supplier })
const content = offer({ kind: 'content' })
const early = offer({ kind: 'early_access' })
const gift = offer({ kind: 'gift', unit_cost_cents: 250 })
const freeItem = offer({ kind: 'free_item' })
const bogo = offer({ kind: 'bogo', min_quantity: 1 })
const mixSix = offer({ kind: 'multi_buy', value: 10, min_quantity: 6, ...priced })
const beer = { department: 'beer' as const }
const wine = { department: 'wine' as const }
const spirits = { department: 'spirits' as const }

type Case = () => Verdict[]
const sells =
  (state: string, what: Offer, day: string | null = tuesday): Case =>
  () =>
    checkOffer(what, storeIn(state), policy, day)
const says =
  (text: string): Case =>
  () => [...lintCopy(text), ...requiredLine(text)]

const adult: Recipient = {
  birth_date: '1980-05-01',
  age_status: 'dob_verified',
  email_consent: 'granted',
  sms_consent: 'granted',
  has_email: true,
  has_phone: true,
  is_suppressed: false,
  state: 'IL',
  time_zones: ['America/Chicago'],
}
const allDay = { start: '00:00', end: '24:00' }
const base: GateInput = {
  recipient: adult,
  channel: 'email',
  offer: content,
  template: { has_footer: true, has_unsubscribe: true },
  policy,
  limits: {
    max_per_customer_week: 14,
    max_sms_per_customer_week: 7,
    email_window: allDay,
    sms_window: allDay,
    email_ages: ['dob_verified', 'attested'],
    unknown_place: 'warn',
  },
  history: { week: 0, sms_week: 0, sms_day: 0 },
  at: instantOf(tuesday, '12:00', 'America/Chicago'),
  store: storeIn('IL'),
}
const writes =
  (person: Partial<Recipient>, change: Partial<GateInput> = {}): Case =>
  () =>
    gate({ ...base, ...change, recipient: { ...adult, ...person } })
const sms = { channel: 'sms' as const }
const text = (person: Partial<Recipient>, change: Partial<GateInput> = {}): Case =>
  writes(person, { ...sms, ...change })
const texts = (day: string, clock: string, state: string | null = null): Case =>
  text({ state }, { at: instantOf(day, clock, 'America/Chicago') })
const lapse = { sms_day: 3, week: 3, sms_week: 3 }

/** rule -> cases in which it speaks, and the nearest ones in which it does not; at least two of each */
const table: Record<string, [speaks: Case[], silent: Case[]]> = {
  // persons
  'us-legal-age': [
    [
      writes({ birth_date: '2006-01-01' }),
      text({ birth_date: '2005-11-25' }),
      writes({ age_status: 'under_age', birth_date: null }),
    ],
    [writes({}), text({ birth_date: '2005-11-24' })],
  ],
  'us-age-gate-required': [
    [text({ age_status: 'attested', birth_date: null }), text({ age_status: 'unknown', birth_date: null })],
    [text({}), writes({ age_status: 'attested', birth_date: null })],
  ],
  'us-sms-quiet-hours': [
    [texts(tuesday, '07:59'), texts(tuesday, '21:00'), texts(tuesday, '23:30')],
    [
      texts(tuesday, '12:00'),
      texts(tuesday, '20:59'),
      writes({}, { at: instantOf(tuesday, '23:30', 'America/Chicago') }),
    ],
  ],
  'us-sms-revocation': [
    [text({ is_suppressed: true }), text({ is_suppressed: true, suppression_reason: 'stop' })],
    [text({}), writes({ is_suppressed: true })],
  ],
  'us-email-footer-required': [
    [
      writes({}, { template: { has_footer: false, has_unsubscribe: true } }),
      writes({}, { template: { has_footer: true, has_unsubscribe: false } }),
    ],
    [writes({}), text({}, { template: { has_footer: false, has_unsubscribe: false } })],
  ],
  'us-fl-sms-daily-cap': [
    [text({ state: 'FL' }, { history: lapse }), text({ state: null }, { store: storeIn('FL'), history: lapse })],
    [text({ state: 'FL' }, { history: { ...lapse, sms_day: 2 } }), text({ state: 'IL' }, { history: lapse })],
  ],
  'us-pa-direct-mail-optin': [
    [writes({ email_consent: 'unknown' }, { store: storeIn('PA') }), text({ sms_consent: 'denied', state: 'PA' })],
    [writes({}, { store: storeIn('PA') }), writes({ email_consent: 'unknown' })],
  ],
  // an advertisement's audience, and its words
  'us-audience-share': [
    [() => checkAudience(0.737, policy), () => checkAudience(null, policy)],
    [() => checkAudience(0.738, policy), () => checkAudience(1, policy)],
  ],
  'us-content-lint': [
    [says('Fun for kids'), says('Get drunk tonight'), says('Full of antioxidants'), says('One for the road')],
    [
      says('Five bourbons our staff would pour tonight. Drink responsibly.'),
      says('Mix any six and save 10%. Please drink responsibly'),
    ],
  ],
  // offers anywhere
  'us-supplier-funded-promo': [
    [sells('NY', offer({ kind: 'content', ...supplier })), sells('IL', percent(5, supplier))],
    [sells('NY', content), sells('IL', percent(5))],
  ],
  'us-control-state-spirits': [
    [sells('ME', percent(5, spirits)), sells('OH', at(2400, spirits)), sells('PA', percent(5))],
    [
      sells('NY', percent(5, spirits)),
      sells('ME', percent(5, wine)),
      sells('OH', offer({ kind: 'content', ...spirits })),
    ],
  ],
  'us-local-option-sunday': [
    [sells('TX', percent(5, wine), sunday), sells('KY', mixSix, sunday)],
    [sells('TX', percent(5, wine)), sells('NY', percent(5, wine), sunday), sells('KY', content, sunday)],
  ],
  'us-state-unknown': [
    [
      sells('CO', percent(5)),
      sells('FL', gift),
      sells('GA', percent(5, wine)),
      sells('GA', percent(5)),
      sells('SC', mixSix),
      sells('??', percent(5)),
    ],
    [sells('CO', content), sells('IL', percent(5)), sells('CO', percent(5, { department: 'other' }))],
  ],
  // Texas
  'us-tx-coupon-prohibited': [
    [
      sells('TX', coupon),
      sells('TX', codeOnly),
      sells('TX', offer({ kind: 'amount_off', value: 500, redeemable_as_coupon: true })),
    ],
    [sells('TX', content), sells('NE', coupon), sells('TX', percent(10, { department: 'other', code: 'TEN' }))],
  ],
  'us-tx-inducement-prohibited': [
    [sells('TX', gift), sells('TX', freeItem), sells('TX', bogo)],
    [sells('TX', content), sells('TX', mixSix)],
  ],
  'us-tx-multi-unit-free-prohibited': [
    [sells('TX', bogo), sells('TX', freeItem), sells('TX', offer({ kind: 'multi_buy', value: 100, min_quantity: 2 }))],
    [sells('TX', mixSix), sells('TX', at(2400))],
  ],
  'us-tx-sunday-spirits-closed': [
    [
      sells('TX', percent(5, spirits), sunday),
      sells('TX', percent(5, spirits), thanksgiving),
      sells('TX', percent(5, spirits), '2023-01-02'),
    ],
    [
      sells('TX', percent(5, spirits)),
      sells('TX', percent(5, wine), sunday),
      sells('TX', offer({ kind: 'content', ...spirits }), sunday),
    ],
  ],
  // California, Washington, Georgia, Ohio, Illinois
  'us-ca-free-goods-prohibited': [
    [sells('CA', freeItem), sells('CA', gift), sells('CA', bogo)],
    [sells('CA', percent(10)), sells('CA', content)],
  ],
  'us-ca-supplier-coupon-prohibited': [
    [sells('CA', supplierCoupon), sells('CA', supplierAmount)],
    [sells('CA', coupon), sells('CA', percent(10, supplier))],
  ],
  'us-wa-below-cost-prohibited': [
    [sells('WA', percent(21)), sells('WA', at(1999)), sells('WA', freeItem)],
    [sells('WA', percent(20)), sells('WA', at(2000))],
  ],
  'us-wa-required-text': [
    [sells('WA', content), sells('WA', percent(5))],
    [sells('WA', offer({ kind: 'content', department: 'other' })), sells('OR', content)],
  ],
  'us-wa-coupon-review': [
    [sells('WA', coupon), sells('WA', gift)],
    [sells('WA', percent(5)), sells('WA', content)],
  ],
  'us-ga-below-cost-prohibited': [
    [sells('GA', percent(30, spirits)), sells('GA', at(1500, spirits))],
    [sells('GA', percent(30, wine)), sells('GA', percent(10, spirits))],
  ],
  'us-oh-min-markup-pct': [
    [sells('OH', percent(1, beer)), sells('OH', at(2499, beer))],
    [sells('OH', at(2500, beer)), sells('OH', percent(20, wine))],
  ],
  'us-oh-price-ad-allowed': [
    [sells('OH', percent(5, wine)), sells('OH', at(2500, beer))],
    [sells('OH', content), sells('IN', percent(5, wine))],
  ],
  'us-il-below-cost-prohibited': [
    [sells('IL', at(1999)), sells('IL', percent(25))],
    [sells('IL', at(2000)), sells('IL', percent(15))],
  ],
  'us-il-multi-unit-free-prohibited': [
    [sells('IL', offer({ kind: 'bogo', min_quantity: 2, ...beer })), sells('IL', at(1))],
    [sells('IL', mixSix), sells('IL', at(2))],
  ],
  // North Carolina, Nebraska, Oklahoma, Tennessee, Connecticut, Massachusetts
  'us-nc-max-discount-pct': [
    [
      sells('NC', percent(36, { ...wine, unit_cost_cents: 100 })),
      sells('NC', at(1600, { ...beer, unit_cost_cents: 100 })),
    ],
    [sells('NC', percent(35, { ...wine, unit_cost_cents: 100 })), sells('NC', percent(50, spirits))],
  ],
  'us-nc-supplier-coupon-prohibited': [
    [sells('NC', percent(10, supplier)), sells('NC', supplierCoupon)],
    [sells('NC', percent(10)), sells('NC', offer({ kind: 'content', ...supplier }))],
  ],
  'us-nc-sunday-spirits-closed': [
    [sells('NC', percent(5, spirits), sunday), sells('NC', percent(5), sunday)],
    [sells('NC', percent(5, spirits)), sells('NC', percent(5, beer), sunday)],
  ],
  'us-ne-coupon-allowed': [
    [sells('NE', coupon), sells('NE', codeOnly)],
    [sells('NE', supplierCoupon), sells('NE', content)],
  ],
  'us-ne-supplier-coupon-prohibited': [
    [sells('NE', supplierCoupon), sells('NE', supplierAmount)],
    [sells('NE', coupon), sells('NE', percent(10, supplier))],
  ],
  'us-ok-inducement-prohibited': [
    [sells('OK', offer({ kind: 'gift', ...wine })), sells('OK', offer({ kind: 'bogo', min_quantity: 1, ...beer }))],
    [sells('OK', { ...mixSix, ...wine }), sells('OK', offer({ kind: 'gift', ...spirits }))],
  ],
  'us-tn-min-markup-pct-spirits': [
    [sells('TN', percent(13, spirits)), sells('TN', at(2199, spirits))],
    [sells('TN', percent(12, spirits)), sells('TN', at(2200, spirits))],
  ],
  'us-tn-min-markup-pct-wine': [
    [sells('TN', percent(5, wine)), sells('TN', at(2399, wine))],
    [sells('TN', percent(4, wine)), sells('TN', percent(5, beer))],
  ],
  'us-ct-below-cost-prohibited': [
    [sells('CT', percent(25)), sells('CT', at(1999))],
    [sells('CT', percent(15)), sells('CT', content)],
  ],
  'us-ma-below-cost-prohibited': [
    [sells('MA', percent(25)), sells('MA', freeItem)],
    [sells('MA', percent(15)), sells('MA', at(2000))],
  ],
  'us-ma-coupon-prohibited': [
    [sells('MA', coupon), sells('MA', codeOnly)],
    [sells('MA', content), sells('MA', gift)],
  ],
  // New Jersey, New York, Pennsylvania, Michigan, Virginia, Maryland
  'us-nj-inducement-prohibited': [
    [sells('NJ', freeItem), sells('NJ', gift)],
    [sells('NJ', coupon), sells('NJ', mixSix)],
  ],
  'us-nj-below-cost-prohibited': [
    [sells('NJ', percent(25)), sells('NJ', at(1))],
    [sells('NJ', percent(15)), sells('NJ', content)],
  ],
  'us-nj-supplier-coupon-prohibited': [
    [sells('NJ', supplierCoupon), sells('NJ', supplierAmount)],
    [sells('NJ', coupon), sells('NJ', percent(10, supplier))],
  ],
  'us-ny-no-special-rule': [
    [sells('NY', percent(5)), sells('NY', gift)],
    [sells('NY', content), sells('CT', percent(5))],
  ],
  'us-pa-control-state': [
    [sells('PA', percent(5, wine)), sells('PA', percent(5, spirits))],
    [sells('PA', percent(5, beer)), sells('PA', offer({ kind: 'content', ...wine }))],
  ],
  'us-pa-multi-unit-discount-allowed': [
    [sells('PA', { ...mixSix, ...beer }), sells('PA', mixSix)],
    [sells('PA', { ...mixSix, ...wine }), sells('PA', percent(5, beer))],
  ],
  'us-mi-retailer-instant-rebate': [
    [sells('MI', coupon), sells('MI', codeOnly)],
    [sells('MI', supplierCoupon), sells('MI', content)],
  ],
  'us-mi-min-price-review': [
    [sells('MI', percent(5, spirits)), sells('MI', at(2400, spirits))],
    [sells('MI', percent(5, wine)), sells('MI', offer({ kind: 'early_access', ...spirits }))],
  ],
  'us-va-supplier-coupon-prohibited': [
    [sells('VA', supplierCoupon), sells('VA', supplierAmount)],
    [sells('VA', coupon), sells('VA', content)],
  ],
  'us-md-required-text': [
    [sells('MD', supplierCoupon), sells('MD', { ...supplierCoupon, valid_to: '2026-12-31' })],
    [sells('MD', coupon), sells('MD', percent(10, supplier))],
  ],
  // Utah, Missouri, Rhode Island, and those that are closed on Sundays or not sure
  'us-ut-discount-prohibited': [
    [sells('UT', percent(5)), sells('UT', bogo), sells('UT', gift)],
    [sells('UT', offer({ kind: 'tasting_event' })), sells('UT', early)],
  ],
  'us-ut-sunday-spirits-closed': [
    [sells('UT', percent(5, wine), sunday), sells('UT', percent(5, spirits), sunday)],
    [sells('UT', percent(5, wine)), sells('UT', content, sunday)],
  ],
  'us-mo-price-ad-allowed': [
    [sells('MO', percent(5)), sells('MO', at(2400))],
    [sells('MO', content), sells('MO', gift)],
  ],
  'us-ri-price-ad-allowed': [
    [sells('RI', percent(5)), sells('RI', mixSix)],
    [sells('RI', early), sells('RI', offer({ kind: 'points', value: 50 }))],
  ],
  'us-ms-sunday-spirits-closed': [
    [sells('MS', percent(5), sunday), sells('MS', percent(5, wine), sunday)],
    [sells('MS', percent(5)), sells('MS', percent(5, beer), sunday)],
  ],
  'us-sc-sunday-spirits-closed': [
    [sells('SC', percent(5), sunday), sells('SC', gift, sunday)],
    [sells('SC', percent(5)), sells('SC', percent(5, wine), sunday)],
  ],
  'us-la-below-cost-review': [
    [sells('LA', percent(5)), sells('LA', at(2400))],
    [sells('LA', content), sells('LA', gift)],
  ],
  'us-ks-below-cost-review': [
    [sells('KS', percent(5)), sells('KS', mixSix)],
    [sells('KS', early), sells('KS', percent(5, { department: 'other' }))],
  ],
  'us-al-supplier-coupon-prohibited': [
    [sells('AL', supplierCoupon), sells('AL', supplierAmount)],
    [sells('AL', coupon), sells('AL', percent(10, supplier))],
  ],
}

const outcomes: Record<PolicyRule['effect'], readonly Verdict['outcome'][]> = {
  block: ['deny', 'require'],
  warn: ['warn', 'require'],
  defer: ['defer'],
  info: ['allow'],
}
const ruleOf = (verdict: Verdict): string => verdict.rule_id.split(':')[0]!

test.each(policy.rules.map((r) => [r.id, r] as const))('%s speaks where it should and nowhere else', (id, rule) => {
  const [speaks, silent] = table[id] ?? [[], []]
  expect(speaks.length, 'cases in which it speaks').toBeGreaterThanOrEqual(2)
  expect(silent.length, 'cases in which it is silent').toBeGreaterThanOrEqual(2)
  for (const [i, ask] of speaks.entries()) {
    const found = ask().filter((v) => ruleOf(v) === id)
    expect(found.length, `case ${i} of ${id}`).toBeGreaterThanOrEqual(1)
    for (const v of found) {
      expect(outcomes[rule.effect], `case ${i} of ${id}: ${v.summary}`).toContain(v.outcome)
      expect(v.source).toBe(rule.source)
      expect(v.confidence).toBe(rule.confidence)
      if (v.outcome !== 'allow') expect(v.cure ?? v.text, `case ${i} of ${id} has a cure`).toBeTruthy()
    }
  }
  for (const [i, ask] of silent.entries())
    expect(
      // A warning near a blocking rule is advice, not the rule.
      ask().filter((v) => ruleOf(v) === id && outcomes[rule.effect].includes(v.outcome)),
      `silent case ${i} of ${id}`,
    ).toEqual([])
})

test('no case is left over for a rule that is gone', () => {
  expect(Object.keys(table).filter((id) => !policy.rules.some((r) => r.id === id))).toEqual([])
})

test('every rule that was collected is in the policy, with its place, effect, source, date and confidence', () => {
  const byDraft = new Map(policy.rules.map((r) => [r.draft_id ?? r.id, r]))
  expect(collected).toHaveLength(53)
  for (const [id, jurisdiction, type, effect, source, asOf, confidence] of collected)
    expect(byDraft.get(id!), id).toMatchObject({
      jurisdiction,
      type,
      effect,
      source,
      as_of: asOf === '-' ? 'undated' : asOf,
      confidence,
    })
})

test.each(Object.entries(policy.quiet_hours.states))(
  'texts to %s keep its hours, minute by minute at the edges',
  (state, row) => {
    const id = `us-${state.toLowerCase()}-quiet-hours`
    const closed = (day: string, clock: string): boolean =>
      texts(day, clock, state)().some((v) => v.rule_id === id && ['defer', 'deny'].includes(v.outcome))
    const minuteBefore = (clock: string): string => {
      const minutes = Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3)) - 1
      return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
    }
    for (const [day, hours] of [
      [tuesday, row.mon_fri],
      ['2026-11-21', row.sat],
      [sunday, row.sun],
    ] as const) {
      if (!hours) {
        expect(closed(day, '12:00'), `${state} ${day}`).toBe(true)
        continue
      }
      expect(closed(day, minuteBefore(hours[0])), `${state} ${day} before ${hours[0]}`).toBe(true)
      expect(closed(day, hours[1]), `${state} ${day} from ${hours[1]}`).toBe(true)
      expect(closed(day, hours[0]), `${state} ${day} at ${hours[0]}`).toBe(false)
      expect(closed(day, minuteBefore(hours[1])), `${state} ${day} before ${hours[1]}`).toBe(false)
    }
    for (const holiday of [thanksgiving, '2027-01-18', '2027-06-18'])
      expect(closed(holiday, '12:00'), holiday).toBe(row.holidays === 'none')
  },
)
