import { roundCents } from '../money.ts'
import type { OrderLine } from './import-order.ts'

/** A line of an order without whose it is: personal data is kept with the customer only. */
export type StoredLine = Omit<OrderLine, 'customerId' | 'email' | 'phone' | 'customerName' | 'orderedAt'> & {
  /** the till's number of the line, which refunds name */
  line: string
}

export type Standing = 'waiting' | 'sale' | 'gone'

/** An order as the till showed it at one moment. */
export interface OrderState {
  standing: Standing
  /** why it is no sale (yet) */
  why: string | null
  orderedAt: Date
  lines: StoredLine[]
  /** goods after discounts, without tax and shipping */
  totalCents: number
  /** refunds that are in these figures already */
  refunds: string[]
}

/** Money given back, told apart from the order. */
export interface Refund {
  id: string
  cents: number
  lines: { line: string; quantity: number; cents: number }[]
}

/** All that hooks have told about one order; kept as JSON. */
export interface OrderMemory {
  full?: Omit<OrderState, 'orderedAt'> & { at: string; orderedAt: string }
  gone?: { at: string; why: string }
  refunds?: Record<string, Omit<Refund, 'id'>>
}

const rank: Record<Standing, number> = { waiting: 0, sale: 1, gone: 2 }

/**
 * The three ways to learn of an order. Each can be applied in any order and twice: the latest state stands (tills stamp
 * seconds, so of two in one second the one further on), refunds are a set, and "gone" holds until a later state.
 */
export function learnState(memory: OrderMemory, at: Date, state: OrderState): OrderMemory {
  const full = { ...state, at: at.toISOString(), orderedAt: state.orderedAt.toISOString() }
  return memory.full && compare(memory.full, full) >= 0 ? memory : { ...memory, full }
}

export function learnGone(memory: OrderMemory, at: Date, why: string): OrderMemory {
  const gone = { at: at.toISOString(), why }
  return memory.gone && `${memory.gone.at} ${memory.gone.why}` >= `${gone.at} ${gone.why}`
    ? memory
    : { ...memory, gone }
}

export function learnRefund(memory: OrderMemory, { id, ...refund }: Refund): OrderMemory {
  return memory.refunds?.[id] ? memory : { ...memory, refunds: { ...memory.refunds, [id]: refund } }
}

type Full = NonNullable<OrderMemory['full']>
function compare(a: Full, b: Full): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  const steps = rank[a.standing] - rank[b.standing] || a.refunds.length - b.refunds.length
  if (steps !== 0) return steps
  // Two different truths of one second: any, but always the same one.
  const [x, y] = [canonical(a), canonical(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** JSON with sorted keys: the database keeps them in an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )
}

export type OrderNow =
  | { kind: 'unknown' }
  | { kind: 'none'; standing: 'waiting' | 'gone'; why: string }
  | { kind: 'sale'; orderedAt: Date; totalCents: number; lines: StoredLine[] }

/** The order as it stands, from all that was told: refunds that the latest state does not know yet are taken off it. */
export function orderNow(memory: OrderMemory): OrderNow {
  const { full, gone } = memory
  if (gone && (!full || gone.at >= full.at)) return { kind: 'none', standing: 'gone', why: gone.why }
  if (!full) return { kind: 'unknown' }
  if (full.standing !== 'sale') return { kind: 'none', standing: full.standing, why: full.why ?? 'It is no sale.' }
  const open = Object.entries(memory.refunds ?? {}).filter(([id]) => !full.refunds.includes(id))
  let lines = full.lines
  let totalCents = full.totalCents
  for (const [, refund] of open.sort(([a], [b]) => (a < b ? -1 : 1))) {
    totalCents -= refund.cents
    lines = lines.map((line) => {
      const back = refund.lines.filter((r) => r.line === line.line)
      const quantity = back.reduce((sum, r) => sum + r.quantity, 0)
      const cents = back.reduce((sum, r) => sum + r.cents, 0)
      return {
        ...line,
        quantity: Math.max(0, Math.round((line.quantity - quantity) * 1000) / 1000),
        lineTotalCents: line.lineTotalCents === null ? null : Math.max(0, line.lineTotalCents - cents),
      }
    })
  }
  const kept = lines.filter((line) => line.quantity > 0)
  if (full.lines.length > 0 && kept.length === 0)
    return { kind: 'none', standing: 'gone', why: 'Everything was given back.' }
  return { kind: 'sale', orderedAt: new Date(full.orderedAt), totalCents: Math.max(0, totalCents), lines: kept }
}

/** A line's amount for the part of it that is left. */
export function shareOf(cents: number, left: number, of: number): number {
  return of > 0 ? roundCents((cents * left) / of) : 0
}
