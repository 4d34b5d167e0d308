import type { RfmSegment } from './rfm.ts'
import type { CustomerFacts, Scorecard } from './scorecard.ts'

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

/** The scores as sentences a shopkeeper reads: term -> sentence. Only terms about which something is known. */
export function explain(
  facts: CustomerFacts,
  card: Omit<Scorecard, 'reasons'>,
  money: (cents: number) => string,
): Record<string, string> {
  const reasons: Record<string, string> = {}
  const since = ago(facts.daysSinceLast)
  reasons['segment'] = segmentReason[card.segment]
  reasons['rhythm'] =
    facts.transactions === 1
      ? `One order, ${since}`
      : `Buys about every ${count(Math.round(card.expectedGapDays), 'day')}, last ${since}`
  reasons['value'] =
    `Spends ${money(card.averageOrderCents)} per order, in ${fifths[facts.scores.average - 1] ?? fifths[0]}`
  if (card.churnRisk !== 'new') {
    const weeks = count(Math.round(card.horizonWeeks), 'week')
    reasons['churn'] = card.isOverdue
      ? `Quiet for ${count(facts.daysSinceLast, 'day')}, longer than nine in ten of the usual gaps`
      : `${Math.round((1 - card.churnProbability) * 100)}% likely to order within ${weeks}`
  }
  reasons['clv'] =
    `Likely to bring ${money(card.clvCents)} margin in 12 months (${money(card.clvLowCents)} to ${money(card.clvHighCents)})`
  reasons['next'] = card.nextPurchase
    ? `Next order most likely in ${Math.round(card.nextPurchase.from)} to ${count(Math.round(card.nextPurchase.to), 'day')}`
    : 'Another order is unlikely without a nudge'
  if (facts.timedOrders >= 3) {
    if (facts.nightOrders * 2 >= facts.timedOrders)
      reasons['hours'] = `${facts.nightOrders} of ${facts.timedOrders} orders between 8 pm and 4 am`
    else if (card.averageHour !== null) reasons['hours'] = `Usually orders around ${clock(card.averageHour)}`
  }
  if (card.preferredWeekday !== null) {
    reasons['weekday'] =
      `${facts.weekdays[card.preferredWeekday - 1]} of ${facts.orders} orders on a ${weekdayNames[card.preferredWeekday - 1]}`
  }
  if (card.primaryCategory)
    reasons['taste'] = card.secondaryCategory
      ? `Mostly ${card.primaryCategory}, then ${card.secondaryCategory}`
      : `Mostly ${card.primaryCategory}`
  if (card.favoriteBrands.length > 0) reasons['brands'] = `Buys ${listed(card.favoriteBrands)} more than others do`
  if (facts.discountedOrders > 0)
    reasons['price'] = `${facts.discountedOrders} of ${count(facts.orders, 'order')} with a discount`
  if (card.successRatePct !== null)
    reasons['messages'] = `Ordered within a week of ${facts.messages.successes} of ${facts.messages.delivered} messages`
  return reasons
}

export function ago(days: number): string {
  return days <= 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** 20.4 -> "8 pm" */
function clock(hour: number): string {
  const h = Math.round(hour) % 24
  return `${h % 12 === 0 ? 12 : h % 12} ${h < 12 ? 'am' : 'pm'}`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
