import type { DemoProduct } from './catalog.ts'
import type { DemoCustomer } from './people.ts'
import type { Chance } from './random.ts'

export interface DemoOrder {
  id: string
  external_id: string
  customer: DemoCustomer
  at: Date
  total_cents: number
  discount_cents: number
  coupon_code: string | null
  lines: { id: string; product: DemoProduct; quantity: number; total_cents: number; discount_cents: number }[]
}

const dayMs = 86_400_000
const weekMs = 7 * dayMs
// Consumer month index and weekday shares of alcohol lines: facts/science.md §5 (Complete Journey, Iowa).
const month = [0.8, 0.86, 0.82, 0.96, 1.02, 1.06, 1.16, 0.99, 0.96, 1.02, 1.1, 1.35]
const weekday = [15, 11, 10, 10, 12, 19, 23]
const dayHours = [0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 5, 6, 7, 6, 6, 7, 9, 12, 13, 9, 4, 1, 0, 0]
const nightHours = [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 8, 7, 5]
/** Both demo stores lie in the Central zone. */
export const demoZone = 'America/Chicago'

/** What one customer likes: two or three shelves and a few brands on them. */
function taste(
  chance: Chance,
  products: readonly DemoProduct[],
  dear: number,
): { product: DemoProduct; weight: number }[] {
  const categories = [...new Set(products.map((p) => p.category))]
  const liked = new Set([
    chance.pick(categories),
    chance.pick(categories),
    ...(chance.yes(0.4) ? [chance.pick(categories)] : []),
  ])
  const brand = new Set([chance.pick(products).brand, chance.pick(products).brand, chance.pick(products).brand])
  return products.map((product) => {
    const tier = Math.exp(-(((Math.log(product.price_cents / 2400) - (dear - 0.4) * 1.6) / 0.8) ** 2))
    return {
      product,
      weight:
        (liked.has(product.category) ? 12 : product.department === 'other' ? 0.8 : 0.25) *
        (brand.has(product.brand) ? 3 : 1) *
        (0.05 + tier),
    }
  })
}

/**
 * Purchases of all customers between their first visit and now: Erlang gaps by persona, weekends, seasons, the days
 * before holidays, night buyers, people who stop coming.
 * @param holidays ISO days whose eve sells more
 */
export function* makeOrders(
  chance: Chance,
  people: readonly DemoCustomer[],
  products: readonly DemoProduct[],
  start: Date,
  now: Date,
  holidays: readonly string[],
): Generator<DemoOrder> {
  const eves = new Set(
    holidays.flatMap((day) =>
      [0, 1, 2].map((back) => new Date(Date.parse(day) - back * dayMs).toISOString().slice(0, 10)),
    ),
  )
  let number = 0
  for (const customer of people) {
    const { persona } = customer
    const likes = taste(chance, products, persona.dear)
    const weights = likes.map((l) => l.weight)
    const rate = persona.perWeek * Math.max(0.25, chance.gamma(6, 1))
    let clock = customer.joined.getTime()
    for (;;) {
      const at = visit(chance, clock, persona.night, eves)
      if (at >= now) break
      if (at >= start) yield order(chance, customer, likes, weights, at, ++number)
      if (chance.yes(persona.leaves)) break
      // The season stretches and squeezes the gap to the next visit.
      clock += (chance.gamma(persona.erlang, 1 / rate) * weekMs) / month[new Date(clock).getUTCMonth()]!
    }
  }
}

// The wish comes on some day; the visit happens on a day near it that sells, at an hour that fits the person.
function visit(chance: Chance, wish: number, night: number, eves: ReadonlySet<string>): Date {
  const offsets = [-1, 0, 1, 2, 3]
  const day =
    wish +
    offsets[
      chance.weighted(
        offsets.map((o) => {
          const d = new Date(wish + o * dayMs)
          return weekday[d.getUTCDay()]! * (eves.has(d.toISOString().slice(0, 10)) ? 3 : 1)
        }),
      )
    ]! *
      dayMs
  const hour = chance.weighted(chance.yes(night) ? nightHours : dayHours)
  // Central time is UTC-5 or -6; one hour of summer time does not matter to a demo's rhythm.
  return new Date(Math.floor(day / dayMs) * dayMs + (hour + 6) * 3_600_000 + chance.below(3_600_000))
}

function order(
  chance: Chance,
  customer: DemoCustomer,
  likes: readonly { product: DemoProduct }[],
  weights: readonly number[],
  at: Date,
  number: number,
): DemoOrder {
  const { persona } = customer
  const count = Math.max(1, Math.round(persona.lines + chance.normal() * 0.8))
  const discounted = chance.yes(persona.discount)
  const lines = new Map<string, DemoOrder['lines'][number]>()
  for (let i = 0; i < count; i++) {
    const product = likes[chance.weighted(weights)]!.product
    const quantity = chance.yes(0.22) ? 2 + chance.below(2) : 1
    const full = product.price_cents * quantity
    const off = discounted && chance.yes(0.7) ? Math.round(full * chance.pick([0.05, 0.1, 0.1, 0.15])) : 0
    lines.set(product.id, { id: chance.uuid(at), product, quantity, total_cents: full - off, discount_cents: off })
  }
  const all = [...lines.values()]
  return {
    id: chance.uuid(at),
    external_id: `demo-o-${String(number).padStart(6, '0')}`,
    customer,
    at,
    total_cents: all.reduce((sum, l) => sum + l.total_cents, 0),
    discount_cents: all.reduce((sum, l) => sum + l.discount_cents, 0),
    coupon_code: null,
    lines: all,
  }
}
