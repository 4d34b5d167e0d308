import type { offerKinds } from '../planning/offer.ts'

type OfferKind = (typeof offerKinds)[number]
type Channel = 'email' | 'sms'

/** Messages of one kind that were delivered to a customer, and what came of them. */
export interface Answered {
  kind: OfferKind | null
  channel: Channel
  delivered: number
  /** clicked, or followed by an order within seven days */
  responded: number
  /** followed by an order within seven days */
  ordered: number
}

/** How people answer in this shop: response rates by offer kind and by channel, and orders per message. */
export interface ResponseBase {
  kinds: Readonly<Partial<Record<OfferKind, number>>>
  channels: Readonly<Partial<Record<Channel, number>>>
  overall: number
  ordered: number
}

/** What a shop without any message of its own expects: facts/science.md §5. */
const typical = { responded: 0.03, ordered: 0.02, strength: 200 }

/** Rates of the whole shop; kinds lean on the overall rate with the weight of 200 messages. */
export function responseBaseOf(totals: readonly Answered[]): ResponseBase {
  const sum = (rows: readonly Answered[], of: (row: Answered) => number): number =>
    rows.reduce((total, row) => total + of(row), 0)
  const rate = (rows: readonly Answered[], prior: number): number =>
    (sum(rows, (r) => r.responded) + typical.strength * prior) / (sum(rows, (r) => r.delivered) + typical.strength)
  const overall = rate(totals, typical.responded)
  const by = <K extends string>(keyOf: (row: Answered) => K | null): Partial<Record<K, number>> => {
    const keys = [...new Set(totals.flatMap((row) => keyOf(row) ?? []))].sort()
    return Object.fromEntries(
      keys.map((key) => [
        key,
        rate(
          totals.filter((row) => keyOf(row) === key),
          overall,
        ),
      ]),
    ) as Partial<Record<K, number>>
  }
  const delivered = sum(totals, (r) => r.delivered)
  return {
    kinds: by((row) => row.kind),
    channels: by((row) => row.channel),
    overall,
    ordered: delivered > 0 ? sum(totals, (r) => r.ordered) / delivered : typical.ordered,
  }
}

export interface Responsiveness {
  delivered: number
  answered: number
  /** per cent of messages followed by an order within a week, shrunk to the shop's; null under three messages */
  successRatePct: number | null
  /** what this customer answers clearly more than others do; null: nothing stands out yet */
  preferredOffer: OfferKind | null
  preferredChannel: Channel | null
}

const leastMessages = 3
const successPrior = 4
const affinityPrior = 10
const leastRatio = 1.3

const nothingHeard: Responsiveness = {
  delivered: 0,
  answered: 0,
  successRatePct: null,
  preferredOffer: null,
  preferredChannel: null,
}

/** Empirical Bayes: (responses + c rate) / (messages + c) over the rate, so that one click makes no preference. */
export function scoreResponses(messages: readonly Answered[], base: ResponseBase): Responsiveness {
  if (messages.length === 0) return nothingHeard
  let delivered = 0
  let answered = 0
  for (const row of messages) {
    delivered += row.delivered
    answered += row.ordered
  }
  return {
    delivered,
    answered,
    successRatePct:
      delivered < leastMessages ? null : (100 * (answered + successPrior * base.ordered)) / (delivered + successPrior),
    preferredOffer: preferred(messages, (row) => row.kind, base.kinds, base.overall),
    preferredChannel: preferred(messages, (row) => row.channel, base.channels, base.overall),
  }
}

function preferred<K extends string>(
  messages: readonly Answered[],
  keyOf: (row: Answered) => K | null,
  rates: Readonly<Partial<Record<K, number>>>,
  overall: number,
): K | null {
  const totals = new Map<K, { delivered: number; responded: number }>()
  for (const row of messages) {
    const key = keyOf(row)
    if (key === null) continue
    const total = totals.get(key) ?? { delivered: 0, responded: 0 }
    totals.set(key, total)
    total.delivered += row.delivered
    total.responded += row.responded
  }
  const ranked = [...totals]
    .filter(([, total]) => total.delivered >= leastMessages && total.responded > 0)
    .map(([key, { delivered, responded }]) => {
      const rate = Math.max(1e-4, rates[key] ?? overall)
      return { key, ratio: (responded + affinityPrior * rate) / (delivered + affinityPrior) / rate }
    })
    .filter(({ ratio }) => ratio >= leastRatio)
    .sort((a, b) => b.ratio - a.ratio || (a.key < b.key ? -1 : 1))
  return ranked[0]?.key ?? null
}
