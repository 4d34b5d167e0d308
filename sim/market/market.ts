import { addDays, type Day } from '#core/calendar.ts'
import { draw, purpose } from './chance.ts'
import { dayMinutes, weekMinutes, type Population } from './population.ts'
import type { World } from './world.ts'

export type Outcome = 'sent' | 'held' | 'held_always'

/** A message somebody decided on, or decided to hold out. Minutes are of the week, in the customer's own zone. */
export interface Planned {
  customer: number
  offer: number
  channel: 'email' | 'sms'
  minute: number
  outcome: Outcome
  /** segment and group at the time of planning, as the shop sees them; see shop.ts */
  cell: number
}

/** Reports of what happens, for whoever keeps the books (ledger.ts). Minutes count from the world's start. */
export interface Listener {
  planned?(record: number, planned: Planned, week: number): void
  message?(record: number, what: { at: number; openedAt: number | null; clicked: boolean; left: boolean }): void
  order?(customer: number, at: number, paidCents: number, discountCents: number): void
}

const ring = 8

/** What a shop sees of its customers, as sums that grow with every event. */
export function createBooks(size: number) {
  return {
    orders: new Uint16Array(size),
    firstAt: new Int32Array(size).fill(-1),
    lastAt: new Int32Array(size).fill(-1),
    spentCents: new Float64Array(size),
    gaps: new Uint16Array(size),
    gapLogSum: new Float64Array(size),
    gapLogSquares: new Float64Array(size),
    nightOrders: new Uint16Array(size),
    reducedOrders: new Uint16Array(size),
    delivered: new Uint16Array(size),
    opened: new Uint16Array(size),
    clicked: new Uint16Array(size),
    /** the last four messages */
    sentAt: new Int32Array(size * 4).fill(-1),
    /** bit 1 email, bit 2 text messages: may be written to */
    open: new Uint8Array(size),
    /** orders of the shop by weekday, Monday first, and by hour */
    weekdays: new Uint32Array(7),
    hours: new Uint32Array(24),
  }
}
export type Books = ReturnType<typeof createBooks>

/** Sums of the truth over the weeks that are counted. */
export interface Totals {
  marginCents: Float64Array
  revenueCents: Float64Array
  /** margin of the weeks before, for CUPED */
  beforeCents: Float64Array
  /** margin of orders within a week of a message that was opened (a text: arrived), and clicked: what last touch claims */
  openedCents: number
  clickedCents: number
  sends: number
  leaves: number
  discountCents: number
}

/**
 * A run of one policy through a population. The truth moves hour by hour: messages arrive, are opened later, work for some
 * days and tire; purchases happen at the population's points. Two runs of the same population differ only by what the
 * policies did (common random numbers).
 */
export class Market {
  readonly world: World
  readonly people: Population
  readonly books: Books
  readonly totals: Totals
  week = 0
  isCounted = false
  readonly alive: Uint8Array
  private readonly stage: Uint8Array
  private readonly tired: Float64Array
  private readonly tiredAt: Int32Array
  private readonly stockedUntil: Int32Array
  private readonly readAt: Int32Array
  private readonly clickedAt: Int32Array
  private readonly effectFrom: Int32Array
  private readonly effectUntil: Int32Array
  private readonly effectLog: Float64Array
  private readonly effectOffer: Int8Array
  /** records whose outcome still counts orders of the customer, newest last */
  private readonly records: Int32Array
  private readonly recordFrom: Int32Array
  listener: Listener & { outcome?(record: number, isLater: boolean, paidCents: number, discountCents: number): void }
  private nextRecord = 0

  constructor(world: World, people: Population, from?: Market) {
    this.world = world
    this.people = people
    const { size } = people
    this.books = from ? copyOf(from.books) : createBooks(size)
    this.totals = from
      ? {
          ...copyOf(from.totals),
        }
      : {
          marginCents: new Float64Array(size),
          revenueCents: new Float64Array(size),
          beforeCents: new Float64Array(size),
          openedCents: 0,
          clickedCents: 0,
          sends: 0,
          leaves: 0,
          discountCents: 0,
        }
    this.alive = from ? from.alive.slice() : new Uint8Array(size).fill(1)
    this.stage = from ? from.stage.slice() : new Uint8Array(size)
    this.tired = from ? from.tired.slice() : new Float64Array(size)
    this.tiredAt = from ? from.tiredAt.slice() : new Int32Array(size)
    this.stockedUntil = from ? from.stockedUntil.slice() : new Int32Array(size)
    this.readAt = from ? from.readAt.slice() : new Int32Array(size).fill(-weekMinutes)
    this.clickedAt = from ? from.clickedAt.slice() : new Int32Array(size).fill(-weekMinutes)
    this.effectFrom = from ? from.effectFrom.slice() : new Int32Array(size)
    this.effectUntil = from ? from.effectUntil.slice() : new Int32Array(size)
    this.effectLog = from ? from.effectLog.slice() : new Float64Array(size)
    this.effectOffer = from ? from.effectOffer.slice() : new Int8Array(size).fill(-1)
    this.records = from ? from.records.slice() : new Int32Array(size * ring).fill(-1)
    this.recordFrom = from ? from.recordFrom.slice() : new Int32Array(size * ring)
    this.week = from?.week ?? 0
    this.nextRecord = from?.nextRecord ?? 0
    this.listener = {}
  }

  /** The same moment once more, to try something else from here. */
  fork(): Market {
    return new Market(this.world, this.people, this)
  }

  get monday(): Day {
    return addDays(this.world.start, this.week * 7)
  }

  /** Weeks since the evaluation began; negative in the burn-in. */
  get evaluated(): number {
    return this.week - this.world.weeks.burn_in
  }

  private get shift(): NonNullable<World['shift']> | null {
    const { shift } = this.world
    return shift && this.evaluated >= shift.week ? shift : null
  }

  /** Tiredness of a customer at a moment. */
  tiredness(i: number, at: number): number {
    const { weekly } = this.world.fatigue
    return this.tired[i]! * weekly ** ((at - this.tiredAt[i]!) / weekMinutes)
  }

  /** Chance that a message of this moment is opened. */
  openChance(
    i: number,
    channel: 'email' | 'sms',
    at: number,
    tiredness: number,
    logit = this.people.openLogit[i]!,
    night = this.people.isNight[i]!,
  ): number {
    const { open } = this.world
    const weight = this.shift?.fatigue ?? 1
    if (channel === 'sms') return Math.max(0, open.sms - open.sms_fatigue * weight * tiredness)
    const isEvening = (at % dayMinutes) / 60 >= this.world.night.from_hour
    const match = night * (isEvening ? this.world.night.match : this.world.night.mismatch)
    return 1 / (1 + Math.exp(-(logit - open.email_fatigue * weight * tiredness + match + (this.shift?.open ?? 0))))
  }

  /** How much of an offer's pull works at this time since the last purchase over the customer's gap. */
  phase(due: number): number {
    const { from, full, until, fade, least } = this.world.phase
    if (due < full) return Math.max(0, (due - from) / Math.max(1e-9, full - from))
    return due <= until ? 1 : Math.max(least, Math.exp((until - due) / fade))
  }

  leaveChance(channel: 'email' | 'sms', tiredness: number, isDog: boolean): number {
    const { unsubscribe } = this.world
    return Math.min(1, unsubscribe[channel] * Math.exp(unsubscribe.fatigue * (this.shift?.fatigue ?? 1) * tiredness) * (isDog ? unsubscribe.dog : 1)) // prettier-ignore
  }

  offerFactor(offer: number): number {
    return this.shift?.offers[this.world.offers[offer]!.key] ?? 1
  }

  responseAt(tiredness: number): number {
    return Math.exp(-this.world.fatigue.response * (this.shift?.fatigue ?? 1) * tiredness)
  }

  /** One week with these messages; each customer's must be in order of time. */
  run(planned: readonly Planned[]): void {
    const { people } = this
    const order = planned.toSorted((a, b) => a.customer - b.customer || a.minute - b.minute)
    const start = this.week * weekMinutes
    const rate = this.shift?.rate ?? 1
    let next = 0
    for (let i = 0; i < people.size; i++) {
      let point = people.from[i * people.weeks + this.week]!
      const end = people.from[i * people.weeks + this.week + 1]!
      for (;;) {
        const message = next < order.length && order[next]!.customer === i ? order[next]! : null
        const at = point < end ? start + people.minute[point]! : Infinity
        if (message && start + message.minute <= at) {
          this.take(message, start + message.minute)
          next++
        } else if (point < end) {
          this.pass(i, at, people.height[point]!, rate)
          point++
        } else break
      }
    }
    this.week++
  }

  private pass(i: number, at: number, height: number, rate: number): void {
    if (!this.alive[i]) return
    const isWorking = at >= this.effectFrom[i]! && at < this.effectUntil[i]!
    const stocked = at < this.stockedUntil[i]! ? this.world.purchase.stocked : 1
    const now = rate * stocked * (isWorking ? Math.exp(this.effectLog[i]!) : 1)
    if (height >= now) return
    this.stage[i]!++
    if (this.stage[i]! < this.people.erlang[i]!) return
    this.stage[i] = 0
    this.buy(i, at, isWorking ? this.effectOffer[i]! : -1)
  }

  private take(planned: Planned, at: number): void {
    const { customer: i, channel } = planned
    const record = this.nextRecord++
    this.follow(i, record, at)
    this.listener.planned?.(record, planned, this.week)
    if (planned.outcome !== 'sent') return
    const { world, people, books } = this
    const day = Math.floor(at / dayMinutes)
    const tag = channel === 'sms' ? 100 : 0
    const chance = (what: number): number => draw(people.seed, i, day, what + tag)
    const tiredness = this.tiredness(i, at)
    const isOpened = chance(purpose.open) < this.openChance(i, channel, at, tiredness)
    const openedAt = isOpened ? Math.round(at - world.open.delay_hours * 60 * Math.log(chance(purpose.delay))) : null
    const isDog = people.type[i] === 3
    const left = chance(purpose.leave) < this.leaveChance(channel, tiredness, isDog)
    const own = Object.values(world.types)[people.type[i]!]!.beta
    const clicked = isOpened && chance(purpose.click) < world.click.base + world.click.per_beta * Math.max(0, own)
    this.tired[i] = tiredness + 1
    this.tiredAt[i] = at
    if (this.isCounted) {
      this.totals.marginCents[i]! -= world.cost_cents[channel]
      this.totals.sends++
      this.totals.leaves += Number(left)
    }
    if (left) books.open[i]! &= channel === 'email' ? 2 : 1
    books.delivered[i]!++
    // Whether a text was read nobody can see.
    if (isOpened && channel === 'email') books.opened[i]!++
    if (clicked) {
      books.clicked[i]!++
      this.clickedAt[i] = openedAt!
    }
    if (channel === 'sms') this.readAt[i] = at
    else if (openedAt !== null) this.readAt[i] = openedAt
    books.sentAt.copyWithin(i * 4, i * 4 + 1, i * 4 + 4)
    books.sentAt[i * 4 + 3] = at
    this.listener.message?.(record, { at, openedAt: channel === 'email' ? openedAt : null, clicked, left })
    if (openedAt === null) return
    const offer = world.offers[planned.offer]!
    if (!this.alive[i]) {
      if (people.type[i] === 0 && chance(purpose.revive) < offer.revives * this.offerFactor(planned.offer)) {
        this.alive[i] = 1
        this.stage[i] = 0
        this.buy(i, openedAt, planned.offer)
      }
      return
    }
    const due = ((openedAt - Math.max(0, books.lastAt[i]!)) * people.rate[i]!) / weekMinutes
    this.effectFrom[i] = openedAt
    this.effectUntil[i] = openedAt + world.effect_days * dayMinutes
    this.effectOffer[i] = planned.offer
    this.effectLog[i] = people.pull[planned.offer]![i]! * this.offerFactor(planned.offer) * this.phase(due) * this.responseAt(tiredness) // prettier-ignore
  }

  private buy(i: number, at: number, offerIndex: number): void {
    const { world, people, books, totals } = this
    const day = Math.floor(at / dayMinutes)
    const chance = (what: number): number => draw(people.seed, i, day, what)
    const noise = Math.sqrt(-2 * Math.log(chance(purpose.basket))) * Math.cos(2 * Math.PI * chance(purpose.basket2))
    let gross = 100 * Math.exp(people.basket[i]! + world.purchase.basket[2] * noise)
    let discount = 0
    const offer = world.offers[offerIndex]
    if (offer && offer.depth > 0 && chance(purpose.use) < offer.used) {
      gross *= offer.basket
      discount = offer.depth * gross
      this.stockedUntil[i] = at + world.purchase.stocked_weeks * weekMinutes
    } else if (chance(purpose.shelf) < world.shelf.base + world.shelf.per_sensitivity * people.sensitivity[i]!)
      discount = world.shelf.depth * gross
    gross = Math.round(gross)
    discount = Math.round(discount)
    if (offer) this.effectUntil[i] = at
    if (chance(purpose.drop) < people.dropout[i]!) this.alive[i] = 0
    const margin = gross * world.gross_margin - discount
    if (this.isCounted) {
      totals.marginCents[i]! += margin
      totals.revenueCents[i]! += gross - discount
      totals.discountCents += discount
      if (at >= this.readAt[i]! && at < this.readAt[i]! + weekMinutes) totals.openedCents += margin
      if (at >= this.clickedAt[i]! && at < this.clickedAt[i]! + weekMinutes) totals.clickedCents += margin
    } else totals.beforeCents[i]! += margin
    const last = books.lastAt[i]!
    if (last < 0) {
      books.firstAt[i] = at
      books.open[i] = people.consent[i]!
    } else {
      const days = Math.floor(at / dayMinutes) - Math.floor(last / dayMinutes)
      if (days >= 1) {
        const log = Math.log(days)
        books.gaps[i]!++
        books.gapLogSum[i]! += log
        books.gapLogSquares[i]! += log * log
      }
    }
    books.lastAt[i] = Math.max(last, at)
    books.orders[i]!++
    books.spentCents[i]! += gross - discount
    const hour = Math.floor((at % dayMinutes) / 60)
    if (hour >= 20 || hour < 4) books.nightOrders[i]!++
    if (discount > 0) books.reducedOrders[i]!++
    books.weekdays[day % 7]!++
    books.hours[hour]!++
    this.listener.order?.(i, at, gross - discount, discount)
    this.credit(i, at, gross - discount, discount)
  }

  private follow(i: number, record: number, at: number): void {
    const from = i * ring
    this.records.copyWithin(from, from + 1, from + ring)
    this.recordFrom.copyWithin(from, from + 1, from + ring)
    this.records[from + ring - 1] = record
    this.recordFrom[from + ring - 1] = Math.floor(at / dayMinutes) * dayMinutes
  }

  private credit(i: number, at: number, paid: number, discount: number): void {
    const { outcome } = this.listener
    if (!outcome) return
    for (let slot = i * ring + ring - 1; slot >= i * ring; slot--) {
      if (this.records[slot]! < 0) return
      const since = at - this.recordFrom[slot]!
      if (since < 0) continue
      if (since >= 28 * dayMinutes) return
      outcome(this.records[slot]!, since >= 7 * dayMinutes, paid, discount)
    }
  }
}

function copyOf<T extends object>(of: T): T {
  return Object.fromEntries(
    Object.entries(of).map(([key, value]) => [key, ArrayBuffer.isView(value) ? (value as Uint8Array).slice() : value]),
  ) as T
}
