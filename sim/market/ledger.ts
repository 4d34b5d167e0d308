import { eveningFrom, periodOf, type ResultRow } from '#core/planning/evidence.ts'
import { allGroups } from '#core/planning/groups.ts'
import { rfmSegments } from '#core/scoring/rfm.ts'
import { addDays } from '#core/calendar.ts'
import type { Market } from './market.ts'
import { dayMinutes } from './population.ts'

const cells = rfmSegments.length * allGroups.length
const eveningMinute = Number(eveningFrom.slice(0, 2)) * 60
const kept = 6

/** Of one record: opened, clicked, left, orders, spent, discount, the same three of who opened, later orders. */
const field = { opened: 0, clicked: 1, left: 2, orders: 3, spent: 4, discount: 5, openedOrders: 6, openedSpent: 7, openedDiscount: 8, later: 9 } as const // prettier-ignore
const width = 10
/** The sums of a cell: those of its records, then their number, and the number of those whose later orders are known. */
const n = width
const laterN = width + 1

interface Block {
  first: number
  arm: number[]
  /** `width` numbers for each record */
  outcome: number[]
}

/**
 * The shop's results as the planner takes them (core/planning/evidence.ts): messages by period, segment, group and arm, with
 * orders of seven days, entered when those are over, and of days 8 to 28, entered when those are.
 */
export class Ledger {
  private readonly market: Market
  /** by period, twice: with the weeks of trials at even numbers, those of plans at odd ones */
  private readonly periods: Map<number, Map<number, Float64Array>>
  /** open records of the last weeks by number */
  private readonly weeks: Map<number, Block>

  constructor(market: Market, from?: Ledger) {
    this.market = market
    this.periods = new Map(
      from ? [...from.periods].map(([p, sums]) => [p, new Map([...sums].map(([at, s]) => [at, s.slice()]))]) : [],
    )
    this.weeks = new Map(
      from ? [...from.weeks].map(([w, b]) => [w, { first: b.first, arm: [...b.arm], outcome: [...b.outcome] }]) : [],
    )
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
        for (let k = 0; k < width; k++) block.outcome.push(0)
      },
      message: (record, { openedAt, clicked, left }) =>
        this.note(record, (of, at) => {
          of[at + field.opened] = Number(openedAt !== null)
          of[at + field.clicked] = Number(clicked)
          of[at + field.left] = Number(left)
        }),
      outcome: (record, isLater, paid, discount) =>
        this.note(record, (of, at) => {
          if (isLater) {
            of[at + field.later]!++
            return
          }
          const isRead = of[at + field.opened] === 1
          for (const from of isRead ? [field.orders, field.openedOrders] : [field.orders]) {
            of[at + from]!++
            of[at + from + 1]! += paid
            of[at + from + 2]! += discount
          }
        }),
    }
  }

  private note(record: number, write: (outcome: number[], at: number) => void): void {
    for (let week = this.market.week; week > this.market.week - kept; week--) {
      const block = this.weeks.get(week)
      if (block && record >= block.first && record < block.first + block.arm.length)
        return write(block.outcome, (record - block.first) * width)
    }
  }

  /** Enters what is complete by now: call once before each week is planned. */
  close(): void {
    const { week } = this.market
    this.enter(week - 2, (sums, outcome, at) => {
      sums[n]!++
      for (let k = 0; k < field.later; k++) sums[k]! += outcome[at + k]!
    })
    this.enter(week - 5, (sums, outcome, at) => {
      sums[laterN]!++
      sums[field.later]! += outcome[at + field.later]!
    })
  }

  private enter(week: number, add: (sums: Float64Array, outcome: readonly number[], at: number) => void): void {
    const block = this.weeks.get(week)
    if (!block) return
    const isPlan = week >= this.market.world.weeks.burn_in
    const period = 2 * periodOf(addDays(this.market.world.start, week * 7)) + Number(isPlan)
    let sums = this.periods.get(period)
    if (!sums) this.periods.set(period, (sums = new Map()))
    for (let r = 0; r < block.arm.length; r++) {
      const at = block.arm[r]!
      let own = sums.get(at)
      if (!own) sums.set(at, (own = new Float64Array(width + 2)))
      add(own, block.outcome, r * width)
    }
  }

  rows(): ResultRow[] {
    const { offers } = this.market.world
    const out: ResultRow[] = []
    for (const [period, sums] of this.periods)
      for (const [at, s] of sums) {
        const arm = Math.floor(at / cells)
        // Held out of everything: not a comparison for one message.
        if (arm === 1 || s[n] === 0) continue
        const cell = at % cells
        const offer = offers[Math.max(0, (arm - 2) >> 2)]!
        out.push({
          period: period >> 1,
          design: period & 1 ? 'plan' : 'trial',
          segment: rfmSegments[Math.floor(cell / allGroups.length)]!,
          group: allGroups[cell % allGroups.length]!,
          outcome: arm === 0 ? 'held' : 'sent',
          offer: offer.key,
          kind: offer.kind,
          channel: arm >= 2 && ((arm - 2) & 2) > 0 ? 'sms' : 'email',
          part: arm >= 2 && ((arm - 2) & 1) > 0 ? 'evening' : 'day',
          n: s[n]!,
          opens: s[field.opened]!,
          clicks: s[field.clicked]!,
          leaves: s[field.left]!,
          orders: s[field.orders]!,
          spent_cents: s[field.spent]!,
          discount_cents: s[field.discount]!,
          opened_orders: s[field.openedOrders]!,
          opened_spent_cents: s[field.openedSpent]!,
          opened_discount_cents: s[field.openedDiscount]!,
          later_n: s[laterN]!,
          later_orders: s[field.later]!,
        })
      }
    return out
  }
}
