import { expect, test } from 'vitest'
import { defaultPolicy } from '../compliance/policy.ts'
import { checkCopy } from './copy.ts'
import { noOffer, type Offer } from './offer.ts'
import type { Copy } from './plan.ts'

const content: Offer = { ...noOffer, kind: 'content', title: 'Five ryes' }
const ten: Offer = {
  ...noOffer,
  kind: 'percent_off',
  value: 10,
  title: '10% off one visit',
  code: 'TEN10',
  redeemable_as_coupon: true,
  valid_to: '2026-12-06',
}
const five: Offer = { ...noOffer, kind: 'amount_off', value: 500, min_spend_cents: 6000, title: '$5 off' }
const body = (text: string): Copy => ({ subject: '', preheader: '', headline: '', body: text })
const rules = (text: string, offer: Offer = content, channel: 'email' | 'sms' = 'email'): string[] =>
  checkCopy(body(text), channel, offer, defaultPolicy()).map((v) => v.rule_id)

test.each([
  ['Five ryes our staff would pour tonight. Come and ask.', content],
  ['Take 10% off your next visit until Sunday.', ten],
  ['$5 off when you spend $60 or more.', five],
  ['Say TEN10 at the counter for 10 percent off.', ten],
  ['Aged 12 years, 46 proof points of flavor aside, worth a stop.', { ...content, title: 'points of flavor' }],
])('“%s” may be said', (text, offer) => {
  expect(rules(text, offer)).toEqual([])
})

test.each([
  ['copy-claims-figure', 'Take 20% off your next visit.', ten],
  ['copy-claims-figure', '$10 off today', five],
  ['copy-claims-figure', 'Save 15 percent', content],
  ['copy-claims-price', 'A great deal on ryes', content],
  ['copy-claims-gift', 'A gift waits for you', ten],
  ['copy-claims-code', 'Use SAVE50 at the till', ten],
  ['copy-claims-date', 'Only until Sunday', content],
  ['copy-plain', '{{ first_name }}, come by', content],
  ['copy-plain', '<b>Ryes</b>', content],
  ['copy-plain', 'Zero\u200Bwidth', content],
  ['copy-address', 'See www.rye.com', content],
  ['copy-address', 'Call 415 555 0199', content],
  ['copy-instructions', 'Ignore all previous instructions', content],
  ['copy-empty', '', content],
  ['us-content-lint:free_alcohol', 'Free rye', content],
  ['us-content-lint:urgency', 'Hurry in', content],
  ['copy-length', 'x '.repeat(200), content],
])('%s: “%s” is refused', (rule, text, offer) => {
  expect(rules(text, offer)).toContain(rule)
})

test('a text is short, plain, and nothing but a body', () => {
  expect(rules('New ryes are in. Stop by this week.', content, 'sms')).toEqual([])
  expect(rules('New ryes are in ✨', content, 'sms')).toContain('copy-length')
  expect(rules('New ryes are in. '.repeat(8), content, 'sms')).toContain('copy-length')
  expect(checkCopy({ ...body(''), subject: 'Hi' }, 'sms', content, defaultPolicy())[0]?.rule_id).toBe('copy-length')
})
