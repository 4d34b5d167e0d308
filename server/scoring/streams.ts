import type { ClientBase } from 'pg'
import { offerKinds } from '#core/planning/offer.ts'
import type { Assembled, Assembler } from '#core/scoring/assemble.ts'
import type { PreviousSegment, RfmSegment } from '#core/scoring/rfm.ts'
import { openCopyReader, type CopyReader } from './copy-reader.ts'
import type { Products } from './products.ts'

/** Microseconds of PostgreSQL's 2000-01-01 in Unix time. */
const epochMs = 946_684_800_000
const msOf = (micros: number): number => epochMs + Math.floor(micros / 1000)

// COPY takes no parameters, so the instant lies in a setting of the transaction; the subselect reads it once.
const asOf = `(select current_setting('scoring.as_of')::timestamptz)`

/** Everybody who is not deleted, the newest first, with their store and what the last run wrote. */
const people = `
  select c.id, c.store_id, p.rfm_segment, p.rfm_candidate, p.recency_score, p.frequency_score, p.monetary_score, p.aov_score,
    p.as_of < ${asOf} - interval '12 hours'
  from customers as c
  left join customer_scores as p on p.customer_id = c.id and p.as_of <= ${asOf} and p.recency_score is not null
  where c.deleted_at is null
  order by c.id desc`

/** The same for learning, which looks at orders only: an index read backwards. */
const peopleAlone = `
  select c.id, c.store_id
  from customers as c
  where c.deleted_at is null
  order by c.id desc`

/** The index of the orders of a customer, read backwards: no sort, whatever the number of orders. */
const orders = `
  select o.customer_id, o.ordered_at, o.total_cents, (o.discount_cents > 0 or o.coupon_code is not null)
  from orders as o
  where o.ordered_at <= ${asOf}
  order by o.customer_id desc, o.ordered_at`

const lines = `
  select o.customer_id, o.ordered_at, i.product_id
  from orders as o join order_items as i on i.order_id = o.id
  where o.ordered_at <= ${asOf} and i.quantity > 0 and i.total_cents >= 0
  order by o.customer_id desc, o.ordered_at, i.product_id`

/** Messages of the last year that left, by offer and channel, and what came of them; $ids narrows it to some customers. */
export const messagesOf = (at: string, some: string): string => `
  select s.customer_id, s.channel, coalesce(e.offer, a.offer) ->> 'kind' as kind, count(*)::int as delivered,
    (count(*) filter (where s.clicked_at <= ${at} or b.bought))::int as responded, (count(*) filter (where b.bought))::int as ordered
  from sends as s
  left join campaign_entries as e on e.id = s.entry_id
  left join actions as a on a.id = s.action_id
  cross join lateral (
    select exists (
      select 1 from orders as o
      where o.customer_id = s.customer_id and o.total_cents >= 0 and o.ordered_at <= ${at}
        and o.ordered_at >= s.sent_at and o.ordered_at < s.sent_at + interval '7 days'
    ) as bought
  ) as b
  where s.status in ('sent', 'delivered') and s.customer_id is not null
    and s.sent_at <= ${at} and s.sent_at > ${at} - interval '1 year'
    and s.id >= uuidv7_floor(${at} - interval '13 months') ${some}
  group by s.customer_id, s.channel, coalesce(e.offer, a.offer) ->> 'kind'
  order by s.customer_id desc, s.channel, kind`

export interface StreamInput {
  /** one connection per stream: each is in the middle of a COPY while the others are read */
  people: ClientBase
  orders: ClientBase
  /** null: the first pass looks at orders only */
  lines: ClientBase | null
  messages: ClientBase | null
  assembler: Assembler
  products: Products
  zones: { ofStore: ReadonlyMap<string, string>; ofShop: string }
}

/**
 * Hands over every customer with a purchase, the newest first. Up to four ordered streams run side by side and are
 * merged by customer: PostgreSQL filters, joins and orders, the sums of a customer are made here in one go. (The same
 * sums by window functions in SQL take twenty times as long: docs/decisions/0015.)
 * @param onCustomer returns something to wait for when it cannot take more
 */
export async function streamCustomers(
  input: StreamInput,
  onCustomer: (customerId: string, customer: Assembled) => Promise<void> | undefined,
): Promise<void> {
  const { assembler, products, zones } = input
  const who = input.lines ? openCopyReader(input.people, people, 9) : openCopyReader(input.people, peopleAlone, 2)
  const bought = openCopyReader(input.orders, orders, 4)
  const items = input.lines ? openCopyReader(input.lines, lines, 3) : null
  const sent = input.messages ? openCopyReader(input.messages, messagesOf(asOf, ''), 6) : null
  const readers = [bought, items, sent].flatMap((reader) => reader ?? [])
  for (const reader of readers) await advance(reader)
  while (await advance(who)) {
    const store = who.isNull(1) ? undefined : zones.ofStore.get(who.uuid(1))
    assembler.begin(store ?? zones.ofShop)
    for (; !bought.isDone(); bought.step() || (await advance(bought))) {
      const order = compare(bought, who)
      if (order < 0) break
      if (order === 0) assembler.order(msOf(bought.int64(1)), bought.int64(2), bought.bool(3))
    }
    if (items) {
      for (; !items.isDone(); items.step() || (await advance(items))) {
        const order = compare(items, who)
        if (order < 0) break
        const product =
          order === 0 ? products.placeOf(items.word(2, 0), items.word(2, 1), items.word(2, 2), items.word(2, 3)) : -1
        if (product >= 0) assembler.line(product, msOf(items.int64(1)))
      }
    }
    if (sent) {
      for (; !sent.isDone(); sent.step() || (await advance(sent))) {
        const order = compare(sent, who)
        if (order < 0) break
        if (order === 0)
          assembler.message({
            channel: sent.text(1) === 'sms' ? 'sms' : 'email',
            kind: sent.isNull(2) ? null : kindOf(sent.text(2)),
            delivered: sent.int32(3),
            responded: sent.int32(4),
            ordered: sent.int32(5),
          })
      }
    }
    const done = assembler.finish(input.lines ? previousOf(who) : null)
    if (done) {
      const full = onCustomer(who.uuid(0), done)
      if (full) await full
    }
  }
  for (const reader of readers) await reader.close()
}

export const kindOf = (kind: string | null): (typeof offerKinds)[number] | null =>
  offerKinds.find((known) => known === kind) ?? null

/** Moves to the next row, waiting for it if need be; false at the end. */
async function advance(reader: CopyReader): Promise<boolean> {
  for (;;) {
    if (reader.step()) return true
    if (reader.isDone()) return false
    await reader.fill()
  }
}

/** Above 0: the row belongs to a customer who came earlier in this order (newest first), and who is not there any more. */
function compare(row: CopyReader, who: CopyReader): number {
  // Nearly always the same customer, and nearly never the same end of an id otherwise.
  if (
    row.word(0, 3) === who.word(0, 3) &&
    row.word(0, 2) === who.word(0, 2) &&
    row.word(0, 1) === who.word(0, 1) &&
    row.word(0, 0) === who.word(0, 0)
  )
    return 0
  for (const at of [0, 1, 2, 3] as const) {
    const difference = row.word(0, at) - who.word(0, at)
    if (difference !== 0) return difference
  }
  return 0
}

function previousOf(who: CopyReader): PreviousSegment | null {
  if (who.isNull(2)) return null
  return {
    segment: who.text(2) as RfmSegment,
    candidate: who.isNull(3) ? null : (who.text(3) as RfmSegment),
    recency: who.int16(4),
    frequency: who.int16(5),
    monetary: who.int16(6),
    average: who.int16(7),
    isEarlierRun: who.bool(8),
  }
}
