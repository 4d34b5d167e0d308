import type { offerKinds } from '../planning/offer.ts'
import type { Occasion } from './occasions.ts'
import type { RfmSegment } from './rfm.ts'
import type { priceTiers, sizeClasses } from './taste.ts'

const segmentReason: Record<RfmSegment, string> = {
  New_Customers: 'First order within the last 60 days',
  One_Time_Buyers: 'Has ordered once and not come back',
  Very_Frequent_Buyers: 'Among the most frequent, recent and highest spending customers',
  Low_Value_Frequent: 'Comes often, with small baskets',
  High_Value_Loyal: 'Comes often and spends well each time',
  At_Risk_High_Value: 'Used to spend a lot and has become quiet',
  High_Value_Occasional: 'Big baskets, now and then',
  Promising: 'Was here recently, not often yet',
  Needs_Attention: 'Has not been here for a while',
  Hibernating: 'Quiet for a long time',
  Lost: 'Among those who have been away longest',
}
const fifths = [
  'the lowest fifth',
  'the second lowest fifth',
  'the middle fifth',
  'the second highest fifth',
  'the top fifth',
]
const weekdayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const occasionReason: Record<Occasion, string> = {
  holiday: 'Orders mostly around holidays',
  weekend: 'Orders mostly from Friday to Sunday',
  weeknight: 'Orders mostly on weeknights',
  weekday: 'Orders mostly by day, Monday to Thursday',
}
const tierReason: Record<(typeof priceTiers)[number], string> = {
  value: 'Buys the cheaper bottles of each shelf',
  standard: 'Buys the usual price of each shelf',
  premium: 'Buys above the usual price of each shelf',
  super_premium: 'Buys at twice the usual price of each shelf and more',
  luxury: 'Buys the most expensive bottles of each shelf',
}
const sizeReason: Record<(typeof sizeClasses)[number], string> = {
  small: 'Prefers small bottles',
  bottle: 'Prefers the usual bottle size',
  large: 'Prefers litre bottles',
  bulk: 'Prefers 1.75 litres and more',
}
const offerWords: Record<(typeof offerKinds)[number], string> = {
  percent_off: 'a percentage off',
  amount_off: 'money off',
  multi_buy: 'buying several',
  bogo: 'one free with another',
  free_item: 'something free',
  gift: 'a gift',
  points: 'extra points',
  price_point: 'a special price',
  early_access: 'early access',
  tasting_event: 'tastings',
  content: 'news without an offer',
}

/** The stored scores of one customer that words can be made of; all but the names are as of the last scoring. */
export interface ReasonFacts {
  segment: string
  orders: number
  transactions: number
  daysSinceLast: number
  averageOrderCents: number
  averageScore: number | null
  churnProbability: number | null
  churnRisk: string | null
  isOverdue: boolean
  horizonWeeks: number
  clvCents: number | null
  clvLowCents: number | null
  clvHighCents: number | null
  expectedGapDays: number | null
  nextFromDays: number | null
  nextToDays: number | null
  averageHour: number | null
  timedOrders: number
  nightOrders: number
  preferredWeekday: number | null
  weekdayOrders: number
  primaryCategory: string | null
  secondaryCategory: string | null
  favoriteBrands: readonly string[]
  priceTier: string | null
  sizeClass: string | null
  occasion: string | null
  discountedOrders: number
  messagesDelivered: number
  messagesAnswered: number
  preferredOffer: string | null
  preferredChannel: string | null
}

export interface Reason {
  term: string
  words: string
}

/**
 * The scores as sentences a shopkeeper reads, the most telling first. Only terms about which something is known. Made
 * when somebody looks: a million customers with a dozen sentences each would be most of the table.
 */
export function explain(c: ReasonFacts, money: (cents: number) => string): Reason[] {
  const found: { term: string; words: string; weight: number }[] = []
  const say = (term: string, weight: number, words: string | undefined | null): void => {
    if (words) found.push({ term, words, weight })
  }
  const since = ago(c.daysSinceLast)
  say('segment', 5, segmentReason[c.segment as RfmSegment])
  if (c.expectedGapDays !== null)
    say(
      'rhythm',
      8,
      c.transactions === 1
        ? `One order, ${since}`
        : `Buys about every ${every(Math.round(c.expectedGapDays))}, last ${since}`,
    )
  if (c.averageScore !== null)
    say(
      'value',
      c.averageScore === 5 ? 7 : 4,
      `Spends ${money(c.averageOrderCents)} per order, in ${fifths[c.averageScore - 1] ?? fifths[0]}`,
    )
  if (c.churnProbability !== null && c.churnRisk !== 'new') {
    const weeks = count(Math.round(c.horizonWeeks), 'week')
    if (c.isOverdue)
      say('churn', 10, `Quiet for ${count(c.daysSinceLast, 'day')}, longer than nine in ten of the usual gaps`)
    else
      say(
        'churn',
        c.churnRisk === 'high' ? 9 : 6,
        `${Math.round((1 - c.churnProbability) * 100)}% likely to order within ${weeks}`,
      )
  }
  if (c.clvCents !== null && c.clvLowCents !== null && c.clvHighCents !== null)
    say(
      'clv',
      4,
      `Likely to bring ${money(c.clvCents)} margin in 12 months (${money(c.clvLowCents)} to ${money(c.clvHighCents)})`,
    )
  say(
    'next',
    3,
    c.nextFromDays !== null && c.nextToDays !== null
      ? `Next order most likely in ${Math.round(c.nextFromDays)} to ${count(Math.round(c.nextToDays), 'day')}`
      : 'Another order is unlikely without a nudge',
  )
  if (c.timedOrders >= 3) {
    if (c.nightOrders * 2 >= c.timedOrders)
      say('hours', 5, `${c.nightOrders} of ${c.timedOrders} orders between 8 pm and 4 am`)
    else if (c.averageHour !== null) say('hours', 2, `Usually orders around ${clock(c.averageHour)}`)
  }
  if (c.preferredWeekday !== null)
    say('weekday', 2, `${c.weekdayOrders} of ${c.orders} orders on a ${weekdayNames[c.preferredWeekday - 1]}`)
  say('occasion', 3, occasionReason[c.occasion as Occasion])
  if (c.primaryCategory)
    say(
      'taste',
      6,
      c.secondaryCategory ? `Mostly ${c.primaryCategory}, then ${c.secondaryCategory}` : `Mostly ${c.primaryCategory}`,
    )
  if (c.favoriteBrands.length > 0) say('brands', 5, `Buys ${listed(c.favoriteBrands)} more than others do`)
  say('tier', 3, tierReason[c.priceTier as keyof typeof tierReason])
  say('size', 2, sizeReason[c.sizeClass as keyof typeof sizeReason])
  if (c.discountedOrders > 0) say('price', 3, `${c.discountedOrders} of ${count(c.orders, 'order')} with a discount`)
  if (c.messagesDelivered >= 3)
    say('messages', 4, `Ordered within a week of ${c.messagesAnswered} of ${c.messagesDelivered} messages`)
  if (c.preferredOffer !== null)
    say(
      'offer',
      5,
      `Answers ${offerWords[c.preferredOffer as keyof typeof offerWords] ?? c.preferredOffer} more than others do`,
    )
  if (c.preferredChannel !== null)
    say('channel', 3, `Answers ${c.preferredChannel === 'sms' ? 'text messages' : 'email'} more than others do`)
  return found.sort((a, b) => b.weight - a.weight).map(({ term, words }) => ({ term, words }))
}

function ago(days: number): string {
  return days <= 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

const every = (days: number): string => (days === 1 ? 'day' : `${days} days`)

/** 20.4 -> "8 pm" */
function clock(hour: number): string {
  const h = Math.round(hour) % 24
  return `${h % 12 === 0 ? 12 : h % 12} ${h < 12 ? 'am' : 'pm'}`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
