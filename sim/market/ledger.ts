import { eveningFrom } from '#core/planning/evidence.ts'
import { periodOf, type ResultRow } from '#core/planning/evidence.ts'
import { allGroups } from '#core/planning/groups.ts'
import { rfmSegments } from '#core/scoring/rfm.ts'
import { addDays } from '#core/calendar.ts'
import type { Market } from './market.ts'
import { dayMinutes } from './population.ts'

export const cells = rfmSegments.length * allGroups.length
const eveningMinute = Number(eveningFrom.slice(0, 2)) * 60
const kept = 6

interface Sums {
  n: Float64Array
  opens: Float64Array
  clicks: Float64Array
  leaves: Float64Array
  orders: Float64Array
  spent: Float64Array
  discount: Float64Array
  laterN: Float64Array
  laterOrders: Float64Array
}

/**
 * The shop's results as the planner takes them (core/planning/evidence.ts): messages by period, segment, group and arm, with
 * orders of seven days, entered when those are over, and of days 8 to 28, entered when those are.
 */
export class Ledger {
  private readonly market: Market
  private periods: Map<number, Sums>
  /** open records of the last weeks by number */
  private weeks: Map<number, { first: number; arm: number[]; outcome: number[][] }>
  private readonly arms: number

  constructor(market: Market, from?: Ledger) {
    this.market = market
    this.arms = 2 + market.world.offers.length * 4
    this.periods = new Map(from ? [...from.periods].map(([p, sums]) => [p, copy(sums)]) : [])
    this.weeks = new Map(from ? [...from.weeks].map(([w, b]) => [w, { first: b.first, arm: [...b.arm], outcome: b.outcome.map((o) => [...o]) }]) : []) // prettier-ignore
    market.listener = {
      planned: (record, planned, week) => {
        let block = this.weeks.get(week)
        if (!block) {
          this.weeks.set(week, (block = { first: record, arm: [], outcome: [] }))
          this.weeks.delete(week - kept)
        }
        const part = Number(planned.minute % dayMinutes >= eveningMinute)
        const arm = planned.outcome === 'held' ? 0 : planned.outcome === 'held_always' ? 1 : 2 + planned.offer * 4 + (planned.channel === 'sms' ? 2 : 0) + part // prettier-ignore
        block.arm.push(arm * cells + planned.cell)
        // opened, clicked, left, orders, spent, discount, later orders
        block.outcome.push([0, 0, 0, 0, 0, 0, 0])
      },
      message: (record, { openedAt, clicked, left }) => {
        const own = this.find(record)
        if (!own) return
        own[0] = Number(openedAt !== null)
        own[1] = Number(clicked)
        own[2] = Number(left)
      },
      outcome: (record, isLater, paid, discount) => {
        const own = this.find(record)
        if (!own) return
        if (isLater) own[6]!++
        else {
          own[3]!++
          own[4]! += paid
          own[5]! += discount
        }
      },
    }
  }

  private find(record: number): number[] | null {
    for (let week = this.market.week; week > this.market.week - kept; week--) {
      const block = this.weeks.get(week)
      if (block && record >= block.first && record < block.first + block.arm.length)
        return block.outcome[record - block.first]!
    }
    return null
  }

  /** Enters what is complete by now: call once before each week is planned. */
  close(): void {
    const { week } = this.market
    this.enter(week - 2, (sums, cell, o) => {
      sums.n[cell]!++
      sums.opens[cell]! += o[0]!
      sums.clicks[cell]! += o[1]!
      sums.leaves[cell]! += o[2]!
      sums.orders[cell]! += o[3]!
      sums.spent[cell]! += o[4]!
      sums.discount[cell]! += o[5]!
    })
    this.enter(week - 5, (sums, cell, o) => {
      sums.laterN[cell]!++
      sums.laterOrders[cell]! += o[6]!
    })
  }

  private enter(week: number, add: (sums: Sums, cell: number, outcome: readonly number[]) => void): void {
    const block = this.weeks.get(week)
    if (!block) return
    const period = periodOf(addDays(this.market.world.start, week * 7))
    let sums = this.periods.get(period)
    if (!sums) this.periods.set(period, (sums = fresh(this.arms * cells)))
    for (let r = 0; r < block.arm.length; r++) add(sums, block.arm[r]!, block.outcome[r]!)
  }

  rows(): ResultRow[] {
    const { offers } = this.market.world
    const out: ResultRow[] = []
    for (const [period, s] of this.periods)
      for (let at = 0; at < s.n.length; at++) {
        if (s.n[at] === 0) continue
        const arm = Math.floor(at / cells)
        // Held out of everything: not a comparison for one message.
        if (arm === 1) continue
        const cell = at % cells
        const offer = offers[Math.max(0, (arm - 2) >> 2)]!
        out.push({
          period,
          segment: rfmSegments[Math.floor(cell / allGroups.length)]!,
          group: allGroups[cell % allGroups.length]!,
          outcome: arm === 0 ? 'held' : 'sent',
          offer: offer.key,
          kind: offer.kind,
          channel: arm >= 2 && ((arm - 2) & 2) > 0 ? 'sms' : 'email',
          part: arm >= 2 && ((arm - 2) & 1) > 0 ? 'evening' : 'day',
          n: s.n[at]!,
          opens: s.opens[at]!,
          clicks: s.clicks[at]!,
          leaves: s.leaves[at]!,
          orders: s.orders[at]!,
          spent_cents: s.spent[at]!,
          discount_cents: s.discount[at]!,
          later_n: s.laterN[at]!,
          later_orders: s.laterOrders[at]!,
        })
      }
    return out
  }
}

const fields = ['n', 'opens', 'clicks', 'leaves', 'orders', 'spent', 'discount', 'laterN', 'laterOrders'] as const
function fresh(size: number): Sums {
  return Object.fromEntries(fields.map((f) => [f, new Float64Array(size)])) as unknown as Sums
}
function copy(sums: Sums): Sums {
  return Object.fromEntries(fields.map((f) => [f, sums[f].slice()])) as unknown as Sums
}
