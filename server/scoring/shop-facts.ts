import type { ClientBase } from 'pg'
import { createZoneClock } from '#core/calendar.ts'
import { createAssembler } from '#core/scoring/assemble.ts'
import { averageTransactionCents, historyOf } from '#core/scoring/facts.ts'
import { occasions } from '#core/scoring/occasions.ts'
import { collapse } from '#core/scoring/purchase-fit.ts'
import { responseBaseOf, type Answered } from '#core/scoring/response.ts'
import { cutsOf, smallShopCustomers } from '#core/scoring/rfm.ts'
import { sumGaps } from '#core/scoring/rhythm.ts'
import type { ShopFacts } from '#core/scoring/shop-model.ts'
import { priceTiers, sizeClasses, tasteHalfLifeDays, type BaseShares, type TasteBase } from '#core/scoring/taste.ts'
import { createColumn } from './columns.ts'
import type { Products } from './products.ts'
import { findNeighbours, type NeighbourRow } from './neighbours.ts'
import { drawSample } from './sample.ts'
import { kindOf, streamCustomers, type StreamInput } from './streams.ts'

// Beyond these the figures no longer move in the digits that matter, and memory stays flat.
const mostCustomers = 2_000_000
const mostLookedBackOn = 25_000
const mostBrands = 2000

export interface DataRange {
  customers: number
  orders: number
  /** local days since 1970-01-01 */
  first_day: number | null
  last_day: number | null
  /** customers of the sample that was looked back on */
  sampled: number
}

export interface ShopSettings {
  margin_pct: number
  currency: string
  low_basket_cents: number
  time_zone: string
}

/** Goes through all orders once and keeps what models are fitted to. */
export async function gatherShop(
  streams: Omit<StreamInput, 'lines' | 'messages' | 'assembler'>,
  side: ClientBase,
  asOf: Date,
  shop: ShopSettings,
  onCustomer: (done: number) => void,
): Promise<{ facts: ShopFacts; range: DataRange; neighbours: NeighbourRow[] }> {
  const { rows: counted } = await side.query<{ n: number }>(
    'select count(*) as n from customers where customers.deleted_at is null',
  )
  const total = counted[0]!.n
  const columns = {
    transactions: createColumn(),
    tenureDays: createColumn(),
    daysSinceLast: createColumn(),
    totalCents: createColumn(),
    repeatCents: createColumn(),
    gapLogSum: createColumn(),
    gapLogSquares: createColumn(),
  }
  const ledger = { from: [0], day: createColumn(), cents: createColumn() }
  const byOccasion = occasions.map(() => 0)
  let discounted = 0
  let orders = 0
  let customers = 0
  let isLookedBackOn = false
  let pending: { days: readonly number[]; cents: readonly number[] } | null = null
  const assembler = createAssembler({
    asOfMs: asOf.getTime(),
    catalog: streams.products.catalog,
    productWords: streams.products.words,
    onTransactions: (days, cents) => (pending = { days, cents }),
  })
  // The database does this while we sum up; its error must not go unheard until then.
  const sampled = readSample(side, streams.products, total)
  sampled.catch(() => undefined)
  await streamCustomers({ ...streams, assembler, lines: null, messages: null }, (id, { facts }) => {
    customers += 1
    orders += facts.orders
    discounted += facts.discountedOrders
    facts.occasions.forEach((n, i) => (byOccasion[i]! += n))
    const draw = drawOf(id)
    isLookedBackOn = draw * total < mostLookedBackOn
    if (isLookedBackOn && pending) {
      for (const day of pending.days) ledger.day.push(day)
      for (const cents of pending.cents) ledger.cents.push(cents)
      ledger.from.push(ledger.day.length)
    }
    if (draw * total < mostCustomers) {
      columns.transactions.push(facts.transactions)
      columns.tenureDays.push(facts.tenureDays)
      columns.daysSinceLast.push(facts.daysSinceLast)
      columns.totalCents.push(facts.totalCents)
      columns.repeatCents.push(facts.repeatCents)
      columns.gapLogSum.push(facts.gapLogSum)
      columns.gapLogSquares.push(facts.gapLogSquares)
    }
    if (customers % 10_000 === 0) onCustomer(customers)
    return undefined
  })
  const values = Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, column.values()]),
  ) as unknown as Record<keyof typeof columns, Float64Array>
  const n = values.transactions.length
  const rowOf = (i: number) => ({
    transactions: values.transactions[i]!,
    tenureDays: values.tenureDays[i]!,
    daysSinceLast: values.daysSinceLast[i]!,
    totalCents: values.totalCents[i]!,
    repeatCents: values.repeatCents[i]!,
    gaps: values.transactions[i]! - 1,
    gapLogSum: values.gapLogSum[i]!,
    gapLogSquares: values.gapLogSquares[i]!,
  })
  const each = function* <T>(of: (row: ReturnType<typeof rowOf>) => T): Generator<T> {
    for (let i = 0; i < n; i++) yield of(rowOf(i))
  }
  const sum = (list: Float64Array): number => list.reduce((total, value) => total + value, 0)
  const zone = streams.zones.ofShop
  const asOfDay = dayIn(asOf, zone)
  const { base, responses, neighbours } = await sampled
  const days = ledger.day.values()
  return {
    facts: {
      asOfDay,
      histories: collapse(each(historyOf)),
      spenders: each((row) => ({
        x: row.transactions - 1,
        mean: row.repeatCents / 100 / Math.max(1, row.transactions - 1),
      })),
      gapTotals: sumGaps(each((row) => row)),
      meanCents: n > 0 ? Math.max(0, sum(values.totalCents)) / sum(values.transactions) : 0,
      cuts:
        customers < smallShopCustomers
          ? null
          : {
              recency: cutsOf(values.daysSinceLast.map((d) => -d)),
              frequency: cutsOf(values.transactions.slice()),
              monetary: cutsOf(values.totalCents.slice()),
              average: cutsOf(Float64Array.from(each(averageTransactionCents))),
            },
      ledger: {
        from: Int32Array.from(ledger.from),
        day: Int32Array.from(days),
        cents: ledger.cents.values(),
      },
      base: {
        ...base,
        occasions: sharesOf(byOccasion),
        discounted: orders > 0 ? discounted / orders : 0,
      },
      responses: responseBaseOf(responses),
      marginShare: shop.margin_pct / 100,
      currency: shop.currency,
      averageThresholdCents: shop.low_basket_cents,
    },
    range: {
      customers,
      orders,
      first_day: days.length > 0 ? days.reduce((a, b) => Math.min(a, b)) : null,
      last_day: days.length > 0 ? days.reduce((a, b) => Math.max(a, b)) : null,
      sampled: ledger.from.length - 1,
    },
    neighbours,
  }
}

/** What a sample of the customers says about the shop, on one connection one after the other. */
async function readSample(
  side: ClientBase,
  products: Products,
  customers: number,
): Promise<{ base: Awaited<ReturnType<typeof readBase>>; responses: Answered[]; neighbours: NeighbourRow[] }> {
  await drawSample(side, customers)
  return {
    base: await readBase(side, products),
    responses: await readResponses(side),
    neighbours: await findNeighbours(side),
  }
}

/** A number 0..1 that a customer keeps for ever, spread evenly over customers. */
function drawOf(id: string): number {
  let h = parseInt(id.slice(28), 16) ^ parseInt(id.slice(19, 23) + id.slice(24, 28), 16)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296
}

function dayIn(at: Date, zone: string): number {
  return Math.floor((at.getTime() + createZoneClock(zone)(at.getTime())) / 86_400_000)
}

const sharesOf = (weights: readonly number[]): number[] => {
  const total = weights.reduce((sum, w) => sum + w, 0)
  return weights.map((w) => (total > 0 ? w / total : 0))
}

/** What the whole shop sells, by lines that lose half their weight every half-life; from the sample of drawSample. */
async function readBase(
  side: ClientBase,
  { catalog, placeOfId }: Products,
): Promise<Omit<TasteBase, 'occasions' | 'discounted'>> {
  const { rows } = await side.query<{ product_id: string; weight: number }>(
    `with at as (select current_setting('scoring.as_of')::timestamptz as as_of)
     select l.product_id, sum(power(0.5::float8, extract(epoch from at.as_of - l.ordered_at)::float8 / 86400 / $1)) as weight
     from at cross join score_lines as l
     group by l.product_id order by l.product_id`,
    [tasteHalfLifeDays],
  )
  const categories = catalog.categories.map(() => 0)
  const brands = catalog.brands.map(() => 0)
  const tiers = priceTiers.map(() => 0)
  const sizes = sizeClasses.map(() => 0)
  for (const { product_id, weight } of rows) {
    const place = placeOfId(product_id)
    if (place < 0) continue
    categories[catalog.category[place]!]! += weight
    if (catalog.brand[place]! >= 0) brands[catalog.brand[place]!]! += weight
    if (catalog.tier[place]! >= 0) tiers[catalog.tier[place]!]! += weight
    if (catalog.size[place]! >= 0) sizes[catalog.size[place]!]! += weight
  }
  return {
    categories: named(catalog.categories, sharesOf(categories)),
    brands: named(catalog.brands, sharesOf(brands)),
    tiers: sharesOf(tiers),
    sizes: sharesOf(sizes),
  }
}

/** The shares that matter; who is not among the first thousands counts as rare. */
function named(names: readonly string[], shares: readonly number[]): BaseShares {
  const found = names.map((name, i) => [name, shares[i]!] as const).filter(([, share]) => share > 0)
  return Object.fromEntries(
    found
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, mostBrands)
      .map(([name, share]) => [name, Number(share.toPrecision(6))]),
  )
}

/** Messages of the last year in the whole shop by offer and channel. */
async function readResponses(side: ClientBase): Promise<Answered[]> {
  const { rows } = await side.query<Omit<Answered, 'kind'> & { kind: string | null }>(
    `with at as (select current_setting('scoring.as_of')::timestamptz as as_of)
     select s.channel, coalesce(e.offer, a.offer) ->> 'kind' as kind, count(*)::int as delivered,
       (count(*) filter (where s.clicked_at <= at.as_of or b.bought))::int as responded,
       (count(*) filter (where b.bought))::int as ordered
     from at cross join sends as s left join campaign_entries as e on e.id = s.entry_id left join actions as a on a.id = s.action_id
     cross join lateral (
       select exists (
         select 1 from orders as o
         where o.customer_id = s.customer_id and o.total_cents >= 0 and o.ordered_at <= at.as_of
           and o.ordered_at >= s.sent_at and o.ordered_at < s.sent_at + interval '7 days'
       ) as bought
     ) as b
     where s.status in ('sent', 'delivered') and s.customer_id is not null
       and s.sent_at <= at.as_of and s.sent_at > at.as_of - interval '1 year'
       and s.id >= uuidv7_floor(at.as_of - interval '13 months')
     group by 1, 2 order by 1, 2`,
  )
  return rows.map((row) => ({ ...row, kind: kindOf(row.kind) }))
}
