import { formatCents } from '../money.ts'
import type { ActionCustomer, ActionTerms } from './actions.ts'
import { describeOffer, isDiscount, type Offer } from './offer.ts'
import type { Window } from './plan.ts'

const smsEnd = '20:00'

/** Why this customer gets this offer now, in a shopkeeper's words. */
export function explainAction(customer: ActionCustomer, offer: Offer, terms: ActionTerms, currency: string): string {
  const parts = [whenReason(customer), tasteReason(customer, offer), answerReason(customer, offer)].filter(Boolean)
  return `${parts.join('; ')}. ${costReason(offer, terms, currency)}`
}

/** What they did with earlier messages, if anything speaks for this one. */
function answerReason({ emails, preferredOffer }: ActionCustomer, offer: Offer): string | null {
  if (emails.delivered >= 2 && emails.opened * 2 >= emails.delivered) {
    const late = emails.openedLate * 2 > emails.opened ? ', mostly after 8 pm' : ''
    const of =
      emails.opened === emails.delivered
        ? `the last ${emails.delivered}`
        : `${emails.opened} of the last ${emails.delivered}`
    return `opened ${of} emails${late}`
  }
  return preferredOffer === offer.kind ? 'answers this kind of message more than others do' : null
}

function whenReason(customer: ActionCustomer): string {
  const days = Math.round(customer.daysSinceLast)
  const since = `${days} day${days === 1 ? '' : 's'} ago`
  if (customer.orders === 1) return `One order, ${since}`
  const gap = Math.max(1, Math.round(customer.expectedGapDays))
  const pace = `buys about every ${gap === 1 ? 'day' : `${gap} days`}, last ${since}`
  return customer.dueRatio > 2.5
    ? `Quiet for long: ${pace}`
    : customer.dueRatio >= 0.8
      ? `Due now: ${pace}`
      : `Soon due: ${pace}`
}

function tasteReason(customer: ActionCustomer, offer: Offer): string {
  const what = offer.category ?? offer.department
  const words = `“${describeOffer(offer)}”`
  if (what !== null && (what === customer.primaryCategory || what === customer.secondaryCategory))
    return `likes ${what}, so ${words} fits`
  if (what !== null && customer.departments.includes(what)) return `buys ${what}, so ${words} fits`
  return customer.primaryCategory
    ? `mostly buys ${customer.primaryCategory}; the offer: ${words}`
    : `the offer: ${words}`
}

function costReason(offer: Offer, terms: ActionTerms, currency: string): string {
  const basket = formatCents(Math.round(terms.basket_cents / 100) * 100, currency, true)
  if (!isDiscount(offer)) return `Usual basket ${basket}; no discount needed`
  return terms.offer_cost_cents > 0
    ? `Usual basket ${basket}; costs about ${formatCents(terms.offer_cost_cents, currency)} when used`
    : `Usual basket ${basket}; paid by the supplier`
}

/** One line for whoever writes the message. */
export function hintFor(customer: ActionCustomer, offer: Offer): string {
  const lead = offer.category ?? customer.primaryCategory
  const parts = [lead ? `Lead with ${lead}` : 'Lead with what is new']
  if (customer.dueRatio > 2.5) parts.push('say that they were missed')
  else if (customer.dueRatio >= 0.8) parts.push('remind that the usual may be running out')
  if (!isDiscount(offer)) parts.push('no price talk')
  return parts.join('; ')
}

/** The three hours before the customer usually buys, inside the playbook's window; text messages end at 20:00. */
export function windowFor(customer: ActionCustomer, window: Window, channels: readonly string[]): Window {
  const end = channels.includes('sms') && window.end > smsEnd ? smsEnd : window.end
  const hour = customer.isNightBuyer ? 20 : customer.averageHour === null ? null : Math.round(customer.averageHour)
  if (hour === null) return { start: window.start, end }
  const from = later(clock(hour - 3), window.start)
  const to = clock(hour) < end ? clock(hour) : end
  return to > from ? { start: from, end: to } : { start: window.start, end }
}

const clock = (hour: number): string => `${String(Math.max(0, Math.min(23, hour))).padStart(2, '0')}:00`
const later = (a: string, b: string): string => (a > b ? a : b)
