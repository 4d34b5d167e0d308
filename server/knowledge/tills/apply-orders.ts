import type { PoolClient } from 'pg'
import type { OrderLine } from '#core/knowledge/import-order.ts'
import {
  learnGone,
  learnRefund,
  learnState,
  orderNow,
  type OrderMemory,
  type OrderNow,
} from '#core/knowledge/till-order.ts'
import { withdrawConversions } from '../../conversions.ts'
import { appendEvents } from '../../events.ts'
import { saidOf, stage, type Shop } from '../ingest/batch.ts'
import { dropMissingItems, orderOutcomes } from '../ingest/whole-orders.ts'
import { mergeOrders, orderStaging } from '../import/merge-orders.ts'
import { personKey } from './people.ts'
import type { TillRow, Told } from './process.ts'

interface Entry {
  tillId: string
  memory: OrderMemory
  before: OrderMemory
  now: OrderNow
  customer: string | null
  told: Told[]
}

interface Buyer {
  external_id: string | null
  email: string | null
  phone: string | null
}

/** Orders of a batch as they stand after it. Returns how many are new, changed or gone, and campaigns that earned by them. */
export async function applyOrders(
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  told: readonly Told[],
  people: ReadonlyMap<string, string>,
): Promise<{ orders: number; campaigns: string[] }> {
  const all = await learn(tx, till, told, people)
  // Where one hook of an order must wait, the others wait with it: what they say would be forgotten otherwise.
  const entries = all.filter((entry) => {
    const waits = entry.told.find((t) => t.verdict?.status === 'retry')?.verdict
    if (waits) for (const t of entry.told) t.verdict = waits
    return !waits
  })
  if (entries.length === 0) return { orders: 0, campaigns: [] }
  const buyers = await readBuyers(
    tx,
    entries.flatMap((e) => e.customer ?? []),
  )
  const sales: Entry[] = []
  const off: Entry[] = []
  for (const entry of entries) {
    if (entry.now.kind === 'unknown') settle(entry, 'Kept until the order itself comes.')
    else if (entry.now.kind === 'none') off.push(entry)
    else if (entry.customer !== null && buyers.has(entry.customer)) sales.push(entry)
    else if (entry.customer !== null) settle(entry, 'The customer behind it was erased; it is not stored.', 'ignored')
    else settle(entry, 'A sale to nobody we know: without customer, email and phone it is not stored.', 'ignored')
  }
  const changed = await mergeSales(tx, till, shop, sales, buyers)
  const { taken, campaigns } = await takeOut(tx, till, shop, off)
  await remember(
    tx,
    till.id,
    entries.filter((e) => !e.told.some((t) => t.verdict?.status === 'retry')),
  )
  return { orders: changed + taken, campaigns }
}

async function learn(
  tx: PoolClient,
  till: TillRow,
  told: readonly Told[],
  people: ReadonlyMap<string, string>,
): Promise<Entry[]> {
  const idOf = ({ fact }: Told): string | null =>
    fact.kind === 'order' || fact.kind === 'order_gone' ? fact.id : fact.kind === 'refund' ? fact.orderId : null
  const ids = [...new Set(told.flatMap((t) => idOf(t) ?? []))]
  if (ids.length === 0) return []
  const { rows } = await tx.query<{ till_id: string; customer_id: string | null; state: OrderMemory }>(
    `select r.till_id, coalesce(was.merged_into, was.id) as customer_id, r.state from till_records as r left join customers as was on was.id = r.customer_id where r.integration_id = $1 and r.kind = 'order' and r.till_id = any($2::text[])`,
    [till.id, ids],
  )
  const known = new Map(rows.map((r) => [r.till_id, r]))
  const entries = new Map<string, Entry>()
  for (const t of told) {
    const id = idOf(t)
    if (id === null) continue
    const record = known.get(id)
    const entry = entries.get(id) ?? {
      tillId: id,
      memory: record?.state ?? {},
      before: record?.state ?? {},
      now: { kind: 'unknown' as const },
      customer: record?.customer_id ?? null,
      told: [],
    }
    const { fact } = t
    if (fact.kind === 'order') {
      const after = learnState(entry.memory, fact.at, fact.state)
      // Whose it is, is part of the state: an older one does not give the order to somebody else.
      const customer = fact.person ? people.get(personKey(fact.person)) : undefined
      if (customer && (after !== entry.memory || entry.customer === null)) entry.customer = customer
      entry.memory = after
    } else if (fact.kind === 'order_gone') entry.memory = learnGone(entry.memory, fact.at, fact.why)
    else if (fact.kind === 'refund') entry.memory = learnRefund(entry.memory, fact.refund)
    entry.told.push(t)
    entries.set(id, entry)
  }
  for (const entry of entries.values()) entry.now = orderNow(entry.memory)
  return [...entries.values()]
}

async function readBuyers(tx: PoolClient, ids: readonly string[]): Promise<Map<string, Buyer>> {
  const { rows } = await tx.query<Buyer & { id: string }>(
    // Somebody who was erased has none of these: their purchases end with them.
    `select c.id, c.external_id, c.email::text as email, c.phone from customers as c
     where c.id = any($1::uuid[]) and coalesce(c.external_id, c.email::text, c.phone) is not null`,
    [ids],
  )
  return new Map(rows.map((r) => [r.id, r]))
}

async function mergeSales(
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  sales: readonly Entry[],
  buyers: ReadonlyMap<string, Buyer>,
): Promise<number> {
  if (sales.length === 0) return 0
  const owner: Entry[] = []
  const rows = sales.flatMap((entry) =>
    linesOf(entry, till, buyers.get(entry.customer!)!).map((facts) => ({ line: owner.push(entry) - 1, facts })),
  )
  await stage(tx, orderStaging(shop.zonesOf), rows)
  await mergeOrders(tx, { importId: null, isDemo: false, createCustomers: false, currency: shop.currency })
  const numbers = new Map(rows.map(({ line, facts }) => [owner[line]!, facts.orderId]))
  await dropMissingItems(tx, [...numbers.values()])
  const outcomes = await orderOutcomes(tx)
  if (till.store_id !== null)
    await tx.query('update orders set store_id = $2 where external_id = any($1::text[]) and store_id is null', [
      [...outcomes.keys()],
      till.store_id,
    ])
  for (const { line, reason } of await saidOf(tx, 'rejected'))
    for (const t of owner[line]!.told)
      t.verdict = { status: 'retry', error: reason.replace('of this row', 'of this order') }
  const words = { created: 'Order stored.', changed: 'Order changed.', same: 'Nothing new.' }
  let changed = 0
  for (const entry of sales) {
    const outcome = outcomes.get(numbers.get(entry) ?? '')?.outcome
    if (!outcome) continue
    if (outcome !== 'same') changed++
    settle(entry, words[outcome])
  }
  return changed
}

function linesOf({ now }: Entry, till: TillRow, buyer: Buyer): OrderLine[] {
  if (now.kind !== 'sale') return []
  // One key says who it is; more could only contradict each other.
  const who = {
    customerId: buyer.external_id,
    email: buyer.external_id === null ? buyer.email : null,
    phone: buyer.external_id === null && buyer.email === null ? buyer.phone : null,
  }
  return now.lines.map(({ line: _, ...stored }) => ({
    ...stored,
    ...who,
    store: stored.store ?? till.store_name,
    customerName: null,
    orderedAt: now.orderedAt,
    totalCents: now.totalCents,
  }))
}

/** Orders that are none (any more) are no purchases: they leave the orders, and an event says so. */
async function takeOut(
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  off: readonly Entry[],
): Promise<{ taken: number; campaigns: string[] }> {
  if (off.length === 0) return { taken: 0, campaigns: [] }
  const numberOf = (entry: Entry): string =>
    entry.memory.full?.lines[0]?.orderId ?? entry.before.full?.lines[0]?.orderId ?? `${till.prefix}:${entry.tillId}`
  const { rows } = await tx.query<{ id: string; external_id: string; customer_id: string; total_cents: number }>(
    'select o.id, o.external_id, o.customer_id, o.total_cents from orders as o where o.external_id = any($1::text[]) order by o.id for update',
    [off.map(numberOf)],
  )
  const ids = rows.map((r) => r.id)
  const campaigns = await withdrawConversions(tx, ids)
  await tx.query('delete from orders where id = any($1::uuid[])', [ids])
  await appendEvents(
    tx,
    rows.map((r) => ({
      type: 'order_cancelled',
      at: shop.rules.now,
      key: `order_cancelled:${r.id}`,
      customerId: r.customer_id,
      valueCents: -r.total_cents,
      properties: { order_id: r.id },
    })),
  )
  const taken = new Set(rows.map((r) => r.external_id))
  for (const entry of off) {
    const why = entry.now.kind === 'none' ? entry.now.why : ''
    settle(entry, taken.has(numberOf(entry)) ? `Order taken out. ${why}` : why)
  }
  return { taken: rows.length, campaigns }
}

async function remember(tx: PoolClient, tillId: string, entries: readonly Entry[]): Promise<void> {
  await tx.query(
    `insert into till_records as r (integration_id, kind, till_id, customer_id, state)
     select $1, 'order', g.till_id, g.customer_id, g.state from jsonb_to_recordset($2::jsonb) as g(till_id text, customer_id uuid, state jsonb)
     on conflict (integration_id, kind, till_id) do update set state = excluded.state, customer_id = excluded.customer_id, updated_at = now()`,
    [
      tillId,
      JSON.stringify(
        entries
          .filter((e) => e.memory !== e.before)
          .map((e) => ({ till_id: e.tillId, customer_id: e.customer, state: e.memory })),
      ),
    ],
  )
}

function settle(entry: Entry, outcome: string, status: 'done' | 'ignored' = 'done'): void {
  for (const t of entry.told) t.verdict ??= { status, outcome }
}
