import { lintCopy } from '../compliance/lint.ts'
import type { Policy } from '../compliance/policy.ts'
import type { Verdict } from '../compliance/verdict.ts'
import { measureSms, plainSms } from '../delivery/sms-segments.ts'
import { describeOffer, isDiscount, type Offer } from './offer.ts'
import type { PlanChannel } from './facts.ts'
import type { Copy } from './plan.ts'

/** Longest that fits where it is shown: a phone's inbox, the line under it, the heading, a short paragraph, one text. */
export const copyLimits = { subject: 60, preheader: 90, headline: 60, body: 300, sms: 90 } as const

const refuse = (rule: string, summary: string, cure: string): Verdict => ({
  outcome: 'deny',
  rule_id: `copy-${rule}`,
  summary,
  source: 'product rule: words must not say more than the typed offer',
  confidence: 'high',
  cure,
})

/**
 * Whether these words may stand in a message about this offer: long enough, plain text, in a shop's tone, lawful, and
 * promising nothing that the typed offer does not hold. Empty when they may.
 */
export function checkCopy(copy: Copy, channel: PlanChannel, offer: Offer, policy: Policy, currency = 'USD'): Verdict[] {
  const parts = (['subject', 'preheader', 'headline', 'body'] as const).flatMap((name) =>
    copy[name] ? [[name, copy[name]] as const] : [],
  )
  if (parts.length === 0) return [refuse('empty', 'There are no words in it.', 'Write some, or use the template’s.')]
  const all = parts.map(([, text]) => text).join('\n')
  const tooLong = lengthFaults(parts, channel)
  // Nobody reads on in what is far too long.
  if (all.length > 2000) return tooLong
  return [
    ...tooLong,
    ...plainFaults(all),
    ...lintCopy(all, policy).map((v): Verdict => ({ ...v, outcome: 'deny' })),
    ...claimFaults(all, offer, currency),
  ]
}

function lengthFaults(parts: readonly (readonly [keyof Copy, string])[], channel: PlanChannel): Verdict[] {
  if (channel === 'sms') {
    const body = parts.find(([name]) => name === 'body')?.[1] ?? ''
    const { encoding } = measureSms(plainSms(body))
    if (body === '') return [refuse('length', 'A text has only a body, and it is empty.', 'Write the body.')]
    if (Array.from(body).length > copyLimits.sms)
      return [refuse('length', `The text is longer than ${copyLimits.sms} characters.`, 'Say it shorter.')]
    return encoding === 'GSM-7'
      ? []
      : [refuse('length', 'The text has characters that make it cost twice.', 'Use plain letters, no emoji.')]
  }
  return parts.flatMap(([name, text]) =>
    Array.from(text).length > copyLimits[name]
      ? [refuse('length', `The ${name} is longer than ${copyLimits[name]} characters.`, 'Say it shorter.')]
      : [],
  )
}

function plainFaults(text: string): Verdict[] {
  const faults: Verdict[] = []
  if (/[<>{}\\`]|\p{Cc}(?<!\n)|[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/u.test(text))
    faults.push(refuse('plain', 'It has markup or invisible characters.', 'Write plain words.'))
  if (
    /\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|rules?|prompts?|above)\b|\bsystem\s*(?:prompt|:)|\(removed\)|…/iu.test(
      text,
    )
  )
    faults.push(refuse('instructions', 'It speaks to a machine, not to a customer.', 'Write to the customer.'))
  if (/https?:|www\.|\b[\w-]+\.(?:com|net|org|io|co|us|biz|info)\b|\S@\S|\+?\d(?:[\s().-]?\d){6,}/i.test(text))
    faults.push(
      refuse('address', 'It has a link, an address or a number.', 'Leave it out; the template brings the link.'),
    )
  return faults
}

/** Money, percentages, codes, dates and promises that the fields of the offer do not hold. */
function claimFaults(text: string, offer: Offer, currency: string): Verdict[] {
  const held = `${describeOffer(offer, currency)} ${offer.title}`.toLowerCase()
  const known = new Set([...figuresIn(held), ...ownFigures(offer)])
  const strange = figuresIn(text.toLowerCase()).filter((f) => !known.has(f))
  const faults: Verdict[] = []
  if (strange.length > 0)
    faults.push(
      refuse(
        'claims-figure',
        `It promises ${strange.join(', ')}, which the offer does not hold.`,
        'Use the offer’s own figures.',
      ),
    )
  const price =
    /\b(?:discounts?|sale|deals?|saving|savings?|save|% off|off your|half price|cheaper|lowest|bargain|coupon|voucher|rebate|percent)\b/i.exec(
      text,
    )
  if (price && !isDiscount(offer))
    faults.push(
      refuse(
        'claims-price',
        `It speaks of a lower price (“${price[0]}”), and the offer has none.`,
        'Leave price out of it.',
      ),
    )
  const gift = /\b(?:gift|bonus|prize|giveaway|points?|win|reward)\b/i.exec(text)
  if (gift && !['gift', 'free_item', 'points', 'bogo'].includes(offer.kind) && !held.includes(gift[0].toLowerCase()))
    faults.push(
      refuse('claims-gift', `It promises a ${gift[0].toLowerCase()}, and the offer has none.`, 'Leave it out.'),
    )
  const codes = [...text.matchAll(/\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9-]{4,}\b/g)].map((m) => m[0])
  if (codes.some((c) => c !== offer.code))
    faults.push(refuse('claims-code', 'It names a code that is not the offer’s.', 'Leave the code to the template.'))
  if (
    !offer.valid_to &&
    /\b(?:until|through|ends?|ending|expires?|by (?:mon|tues|wednes|thurs|fri|satur|sun)day|deadline)\b/i.test(text)
  )
    faults.push(refuse('claims-date', 'It names an end, and the offer has none.', 'Leave the end out of it.'))
  return faults
}

/** "10%", "$5", "2 for" as they stand in a text. */
function figuresIn(text: string): string[] {
  return [
    ...text.matchAll(
      /\$\s?\d[\d,]*(?:\.\d+)?|\b\d+(?:\.\d+)?\s?%|\b\d+(?:\.\d+)?\s?(?:dollars|bucks|cents|percent)\b/g,
    ),
  ].map((m) => m[0].replace(/[\s,]/g, '').replace('percent', '%').replace(/\.00$/, ''))
}

function ownFigures(offer: Offer): string[] {
  const cents = [offer.min_spend_cents, ['amount_off', 'price_point'].includes(offer.kind) ? offer.value : null]
  const percent = ['percent_off', 'multi_buy'].includes(offer.kind) ? [`${offer.value}%`] : []
  return [...percent, ...cents.flatMap((c) => (c === null ? [] : [`$${(c / 100).toFixed(2).replace(/\.00$/, '')}`]))]
}
