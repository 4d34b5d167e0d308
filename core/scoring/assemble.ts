import { createZoneClock } from '../calendar.ts'
import { offerKinds } from '../planning/offer.ts'
import { createTasteBuilder, type Catalog } from './catalog.ts'
import { createFactsBuilder } from './facts.ts'
import { createFingerprint } from './fingerprint.ts'
import type { Answered } from './response.ts'
import type { PreviousSegment } from './rfm.ts'
import type { CustomerFacts } from './scorecard.ts'
import { tasteHalfLifeDays } from './taste.ts'

/** One customer, put together from rows in the order in which a database hands them out. */
export interface Assembler {
  /** Begins a customer who lives by the clock of this zone. */
  begin(zone: string): void
  order(atMs: number, cents: number, isDiscounted: boolean): void
  /** a bought line of the product at this place of the catalogue */
  line(product: number, atMs: number): void
  message(row: Answered): void
  /** Null without a purchase. */
  finish(previous: PreviousSegment | null): Assembled | null
}

export interface Assembled {
  facts: CustomerFacts
  /**
   * The same for the same orders, lines and messages, whenever they are scored. Not of the earlier segment: a run that
   * is repeated finds its own result there, and must write the same bytes.
   */
  inputHash: string
  firstPurchaseMs: number
  lastPurchaseMs: number
}

export interface AssemblerOptions {
  asOfMs: number
  catalog: Catalog
  /** two words that stand for each product in the fingerprint, by place */
  productWords: Int32Array
  /** transactions of each customer as it is finished, for training */
  onTransactions?: (days: readonly number[], cents: readonly number[]) => void
}

const dayMs = 86_400_000
const minuteMs = 60_000

/**
 * Puts customers together for scoring. Nothing later than as-of may be handed in. A day is a day by the customer's own
 * clock; an order at exactly midnight is a date without a time.
 */
export function createAssembler(options: AssemblerOptions): Assembler {
  const { asOfMs, productWords } = options
  const purchases = createFactsBuilder(options.onTransactions)
  const taste = createTasteBuilder(options.catalog)
  const print = createFingerprint()
  const zones = new Map<string, { clock: (atMs: number) => number; asOfDay: number; seed: number }>()
  const zoneOf = (zone: string) => {
    let known = zones.get(zone)
    if (!known) {
      const clock = createZoneClock(zone)
      let seed = 7
      for (let i = 0; i < zone.length; i++) seed = (Math.imul(seed, 31) + zone.charCodeAt(i)) | 0
      known = { clock, asOfDay: Math.floor((asOfMs + clock(asOfMs)) / dayMs), seed }
      zones.set(zone, known)
    }
    return known
  }
  let zone = zoneOf('UTC')
  let messages: Answered[] = []
  const at: number[] = []
  const cents: number[] = []
  const discounted: boolean[] = []

  const addOrders = (): { first: number; last: number } => {
    sortTies(at, cents, discounted)
    let first = Infinity
    let last = -Infinity
    for (let i = 0; i < at.length; i++) {
      const local = at[i]! + zone.clock(at[i]!)
      const day = Math.floor(local / dayMs)
      const ofDay = local - day * dayMs
      const amount = cents[i]!
      purchases.add(day, ofDay === 0 ? null : Math.floor(ofDay / minuteMs) / 60, amount, discounted[i]!)
      print.add(at[i]!)
      print.add(amount)
      print.add(discounted[i] ? 1 : 0)
      if (amount >= 0) {
        if (at[i]! < first) first = at[i]!
        if (at[i]! > last) last = at[i]!
      }
    }
    at.length = 0
    cents.length = 0
    discounted.length = 0
    return { first, last }
  }
  return {
    begin(name) {
      zone = zoneOf(name)
      print.add(zone.seed)
    },
    order(atMs, amount, isDiscounted) {
      // Not a number is not an order; it has no place in the order of the others either.
      if (!Number.isFinite(amount)) return
      at.push(atMs)
      cents.push(amount)
      discounted.push(isDiscounted)
    },
    line(product, atMs) {
      taste.add(product, 2 ** ((atMs - asOfMs) / dayMs / tasteHalfLifeDays))
      print.add(productWords[2 * product]!)
      print.add(productWords[2 * product + 1]!)
      print.add(atMs)
    },
    message(row) {
      messages.push(row)
      print.add(row.kind === null ? -1 : offerKinds.indexOf(row.kind))
      print.add(row.channel === 'email' ? 1 : 2)
      print.add(row.delivered)
      print.add(row.responded)
      print.add(row.ordered)
    },
    finish(previous) {
      const { first, last } = addOrders()
      const facts = purchases.finish(zone.asOfDay)
      const bought = taste.finish()
      const inputHash = print.finish()
      const heard = messages
      messages = []
      if (!facts) return null
      // Filled up instead of copied: a million times twenty fields.
      const customer = facts as CustomerFacts
      customer.bought = bought
      customer.messages = heard
      customer.previous = previous
      return {
        facts: customer,
        inputHash,
        firstPurchaseMs: first,
        lastPurchaseMs: last,
      }
    },
  }
}

/** By instant; orders of one instant by amount, because databases hand them out in any order. */
function sortTies(at: number[], cents: number[], discounted: boolean[]): void {
  for (let i = 1; i < at.length; i++) {
    for (let j = i; j > 0 && isBefore(at, cents, discounted, j, j - 1); j--) {
      ;[at[j], at[j - 1]] = [at[j - 1]!, at[j]!]
      ;[cents[j], cents[j - 1]] = [cents[j - 1]!, cents[j]!]
      ;[discounted[j], discounted[j - 1]] = [discounted[j - 1]!, discounted[j]!]
    }
  }
}

function isBefore(at: number[], cents: number[], discounted: boolean[], a: number, b: number): boolean {
  if (at[a] !== at[b]) return at[a]! < at[b]!
  if (cents[a] !== cents[b]) return cents[a]! < cents[b]!
  return !discounted[a] && discounted[b]!
}
