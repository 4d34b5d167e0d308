import { defaultPolicy, type Policy } from '#core/compliance/policy.ts'
import type { GroupFacts, PlannerFacts, SegmentFacts } from '#core/planning/facts.ts'
import { allGroups, groupKey, pressureDays, traitsOf } from '#core/planning/groups.ts'
import { collectEvidence, type ResultRow } from '#core/planning/evidence.ts'
import { noOffer, type Offer } from '#core/planning/offer.ts'
import { playbooks } from '#core/scoring/playbooks.ts'
import { cutsOf, rfmSegments, scoresByCuts, segmentOf, type RfmCuts } from '#core/scoring/rfm.ts'
import { expectedGapDays, fitGaps, type GapModel } from '#core/scoring/rhythm.ts'
import { betaCdf } from '#core/scoring/special-functions.ts'
import type { Market } from './market.ts'
import { dayMinutes, weekMinutes } from './population.ts'
import type { World } from './world.ts'

/** held out of everything for the whole run, and of one week's messages */
export const holdoutShare = 0.05
export const campaignHoldout = 0.02
const groupIndex = new Map(allGroups.map((key, i) => [key, i]))
const segmentIndex = new Map<string, number>(rfmSegments.map((key, i) => [key, i]))
const memory = 8
const reducedPrior = 4

/** Offers of the market as the shop's catalogue has them. */
export function catalogOf(world: World): Offer[] {
  return world.offers.map((o, i) => ({
    ...noOffer,
    id: `01900000-0000-7000-8000-${String(i + 1).padStart(12, '0')}`,
    key: o.key,
    title: o.key,
    kind: o.kind,
    value: o.value,
    min_quantity: o.kind === 'multi_buy' ? 2 : null,
    unit_cost_cents: 100,
    regular_price_cents: 2000,
  }))
}

/**
 * What the shop knows on a Monday morning: scores by the product's own functions (core/scoring), segments, groups, and the
 * planner's facts. It reads the books of the market, never the truth.
 */
export class Shop {
  readonly market: Market
  readonly offers: Offer[]
  readonly policy: Policy
  /** segment x groups + group of each customer; -1: not a customer yet */
  readonly cell: Int32Array
  readonly due: Float64Array
  readonly gapDays: Float64Array
  readonly isNight: Uint8Array
  private gaps: GapModel | null = null
  private cuts: RfmCuts | null = null
  private reduced = 0
  private readonly before: Uint16Array[] = []
  private readonly nights = new Map<number, boolean>()

  constructor(market: Market, from?: Shop) {
    const { size } = market.people
    this.market = market
    this.offers = catalogOf(market.world)
    this.policy = from?.policy ?? defaultPolicy()
    this.cell = new Int32Array(size).fill(-1)
    this.due = new Float64Array(size)
    this.gapDays = new Float64Array(size)
    this.isNight = new Uint8Array(size)
    if (from) {
      this.gaps = from.gaps
      this.cuts = from.cuts
      this.reduced = from.reduced
      this.before.push(...from.before)
    }
  }

  /** Scores everybody as of now. Shop-wide models are fitted anew every fourth week. */
  observe(): void {
    const { market } = this
    const { books, people } = market
    const now = market.week * weekMinutes
    if (!this.gaps || market.week % 4 === 0) this.fit(now)
    this.before.push(books.orders.slice())
    if (this.before.length > memory + 1) this.before.shift()
    const total = (of: Uint16Array): number => of.reduce((sum, n) => sum + n, 0)
    const habits = { clickRate: total(books.clicked) / Math.max(1, total(books.opened)), reducedShare: this.reduced }
    for (let i = 0; i < people.size; i++) {
      const orders = books.orders[i]!
      if (orders === 0) continue
      const facts = { gaps: books.gaps[i]!, gapLogSum: books.gapLogSum[i]! }
      const days = Math.max(0, (now - books.lastAt[i]!) / dayMinutes)
      const gap = expectedGapDays(this.gaps!, facts)
      this.gapDays[i] = gap
      this.due[i] = days / gap
      this.isNight[i] = Number(this.nightBuyer(books.nightOrders[i]!, orders))
      let recent = 0
      for (let k = i * 4; k < i * 4 + 4; k++)
        if (books.sentAt[k]! >= 0 && now - books.sentAt[k]! <= pressureDays * dayMinutes) recent++
      const group = groupKey(
        traitsOf(
          {
            dueRatio: this.due[i]!,
            delivered: books.delivered[i]!,
            opened: books.opened[i]!,
            clicked: books.clicked[i]!,
            recent,
            isNightBuyer: this.isNight[i] === 1,
            canBeTexted: (books.open[i]! & 2) > 0,
            priceSensitivity: (books.reducedOrders[i]! + reducedPrior * this.reduced) / (orders + reducedPrior),
          },
          habits,
        ),
      )
      this.cell[i] = this.segmentOf(i, days, now) * allGroups.length + groupIndex.get(group)!
    }
  }

  private segmentOf(i: number, days: number, now: number): number {
    const { books } = this.market
    const orders = books.orders[i]!
    const averageCents = books.spentCents[i]! / orders
    const facts = { transactions: orders, daysSinceLast: days, totalCents: books.spentCents[i]!, averageCents }
    const scores = scoresByCuts(this.cuts!, facts)
    const daysSinceFirst = (now - books.firstAt[i]!) / dayMinutes
    return segmentIndex.get(segmentOf({ ...scores, transactions: orders, daysSinceFirst, averageCents }))!
  }

  private nightBuyer(night: number, orders: number): boolean {
    if (orders < 3) return false
    const key = orders * 65_536 + night
    let is = this.nights.get(key)
    if (is === undefined) this.nights.set(key, (is = 1 - betaCdf(0.4, 1.5 + night, 6.5 + orders - night) >= 0.8))
    return is
  }

  private fit(now: number): void {
    const { books, people } = this.market
    const values = {
      recency: [] as number[],
      frequency: [] as number[],
      monetary: [] as number[],
      average: [] as number[],
    }
    const totals = { customers: 0, gaps: 0, meanSum: 0, meanSquares: 0, inverseGaps: 0, withinSquares: 0, withinFreedom: 0, medianDays: null } // prettier-ignore
    let reduced = 0
    let orders = 0
    for (let i = 0; i < people.size; i++) {
      const n = books.orders[i]!
      if (n === 0) continue
      values.recency.push(-(now - books.lastAt[i]!) / dayMinutes)
      values.frequency.push(n)
      values.monetary.push(books.spentCents[i]!)
      values.average.push(books.spentCents[i]! / n)
      reduced += books.reducedOrders[i]!
      orders += n
      const gaps = books.gaps[i]!
      if (gaps === 0) continue
      const mean = books.gapLogSum[i]! / gaps
      totals.customers++
      totals.gaps += gaps
      totals.meanSum += mean
      totals.meanSquares += mean * mean
      totals.inverseGaps += 1 / gaps
      totals.withinSquares += Math.max(0, books.gapLogSquares[i]! - gaps * mean * mean)
      totals.withinFreedom += gaps - 1
    }
    this.gaps = fitGaps(totals)
    this.reduced = orders > 0 ? reduced / orders : 0
    this.cuts = {
      recency: cutsOf(Float64Array.from(values.recency)),
      frequency: cutsOf(Float64Array.from(values.frequency)),
      monetary: cutsOf(Float64Array.from(values.monetary)),
      average: cutsOf(Float64Array.from(values.average)),
    }
  }

  /** The planner's facts, of the type that server/planning/planner-facts.ts makes (groups and results only here so far). */
  facts(results: readonly ResultRow[]): PlannerFacts {
    const { market } = this
    const limits = { max_per_customer_week: 2, max_sms_per_customer_week: 1 }
    return {
      week_start: market.monday,
      first_day: market.monday,
      currency: 'USD',
      margin_share: market.world.gross_margin,
      segments: this.segments(),
      offers: this.offers,
      templates: [
        { id: '01900000-0000-7000-8000-0000000000e1', key: 'mail', channel: 'email', category: 'discovery' },
        { id: '01900000-0000-7000-8000-0000000000e2', key: 'text', channel: 'sms', category: 'discovery' },
      ],
      stores: [
        { id: 'a', state: 'NY', name: 'Main', legal_name: 'Main LLC', licence_number: null, sells: ['spirits', 'wine', 'beer', 'other'] },
      ],
      past: [],
      evidence: collectEvidence(results),
      limits: { ...limits, holdout_share: holdoutShare, channels: ['email', 'sms'], email_per_day: null },
      contact: {
        ...limits,
        email_window: { start: '08:00', end: '21:00' },
        sms_window: { start: '10:00', end: '18:00' },
        email_ages: ['dob_verified', 'attested'],
        unknown_place: 'warn',
      },
      policy: this.policy,
    } // prettier-ignore
  }

  private segments(): SegmentFacts[] {
    const { books, people, week } = this.market
    const groups = allGroups.length
    const n = new Float64Array(rfmSegments.length * groups)
    const email = new Float64Array(n.length)
    const sms = new Float64Array(n.length)
    const sums = rfmSegments.map(() => ({ recent: 0, spent: 0, orders: 0, gone: 0, fresh: 0, due: 0 }))
    const earlier = this.before[0]!
    const weeks = Math.max(1, this.before.length - 1)
    for (let i = 0; i < people.size; i++) {
      const cell = this.cell[i]!
      if (cell < 0) continue
      n[cell]!++
      email[cell]! += books.open[i]! & 1
      sms[cell]! += books.open[i]! >> 1
      const sum = sums[Math.floor(cell / groups)]!
      sum.recent += books.orders[i]! - earlier[i]!
      sum.spent += books.spentCents[i]!
      sum.orders += books.orders[i]!
      const due = Math.min(5, this.due[i]!)
      sum.due += due
      sum.gone += 1 / (1 + Math.exp(3 - due))
      sum.fresh += Number(week * weekMinutes - books.firstAt[i]! < 60 * dayMinutes)
    }
    const shares = (counts: Uint32Array): number[] => {
      const total = counts.reduce((a, b) => a + b, 0)
      return Array.from(counts, (c) => (total > 0 ? c / total : 0))
    }
    return rfmSegments.flatMap((key, s): SegmentFacts[] => {
      const own: GroupFacts[] = []
      for (let g = 0; g < groups; g++) {
        const cell = s * groups + g
        if (n[cell]! > 0)
          own.push({ key: allGroups[g]!, size: n[cell]!, reachable: { email: email[cell]!, sms: sms[cell]! } })
      }
      const size = own.reduce((sum, g) => sum + g.size, 0)
      if (size === 0) return []
      const sum = sums[s]!
      const playbook = playbooks[key]
      return [
        {
          key,
          name: playbook.name,
          size,
          reachable: {
            email: own.reduce((total, g) => total + g.reachable.email, 0),
            sms: own.reduce((total, g) => total + g.reachable.sms, 0),
          },
          playbook: { offers: playbook.offers, channels: playbook.channels, window: { start: '10:00', end: '18:00' } },
          orders_per_week: sum.recent / weeks / size,
          basket_cents: sum.spent / Math.max(1, sum.orders),
          churn: sum.gone / size,
          new_share: sum.fresh / size,
          due_ratio: sum.due / size,
          weekday_share: shares(books.weekdays),
          hour_share: shares(books.hours),
          top_category: null,
          stores: { a: size },
          groups: own,
        },
      ]
    })
  }
}
