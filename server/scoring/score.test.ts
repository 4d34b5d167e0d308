import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { PoolClient } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { daysBetween, localDate, localMinutes } from '#core/calendar.ts'
import { summariseOrders, type OrderFact } from '#core/scoring/facts.ts'
import { rfmSegments } from '#core/scoring/rfm.ts'
import { copyIn, withTx } from '#db/pool.ts'
import { freshDatabase, type FreshDatabase } from '#test/db.ts'
import { asOf, config, contextOf, fillShop, idOf, makeOrders, zone } from '#test/scored-shop.ts'
import { systemActor } from '../audit.ts'
import { addressHash } from '../suppression.ts'
import { generateActions } from './actions.ts'
import { createAssembler, type Assembled } from '#core/scoring/assemble.ts'
import { readProducts } from './products.ts'
import { rescoreCustomers } from './rescore.ts'
import { streamCustomers } from './streams.ts'
import { followScores } from './jobs.ts'
import { findChanged } from './changed.ts'
import { readModel } from './model-store.ts'
import { scoreCustomers } from './score.ts'

async function streamAll(database: FreshDatabase): Promise<({ id: string } & Assembled)[]> {
  const clients = await Promise.all([1, 2, 3, 4].map(() => database.pool.connect()))
  try {
    for (const client of clients) {
      await client.query('begin')
      await client.query(`select set_config('scoring.as_of', $1, true)`, [asOf.toISOString()])
    }
    const [people, orders, lines, messages] = clients as [PoolClient, PoolClient, PoolClient, PoolClient]
    const products = await readProducts(people)
    const { rows: stores } = await people.query<{ id: string; time_zone: string }>('select id, time_zone from stores')
    const zones = { ofStore: new Map(stores.map((s) => [s.id, s.time_zone])), ofShop: zone }
    const assembler = createAssembler({
      asOfMs: asOf.getTime(),
      catalog: products.catalog,
      productWords: products.words,
    })
    const found: ({ id: string } & Assembled)[] = []
    await streamCustomers({ people, orders, lines, messages, assembler, products, zones }, (id, customer) => {
      found.push({ id, ...customer })
      return undefined
    })
    return found
  } finally {
    for (const client of clients) {
      await client.query('rollback')
      client.release()
    }
  }
}

const scoresOf = async (database: FreshDatabase): Promise<unknown[]> =>
  (
    await database.pool.query(
      `select to_jsonb(s) - 'computed_at' as row from customer_scores as s order by s.customer_id`,
    )
  ).rows

describe('a shop of 260 customers', () => {
  const people = 260
  const orders = makeOrders(people)
  let database: FreshDatabase
  beforeAll(async () => {
    database = await freshDatabase()
    await fillShop(database, people, orders)
  })

  test('every customer who streams by has the facts of their own orders, by the clock of their store', async () => {
    const zoneOf = (customer: number): string => (customer % 5 === 0 ? 'America/Los_Angeles' : zone)
    const found = await streamAll(database)
    const expected = Array.from({ length: people }, (_, n) => {
      const own = orders
        .filter((o) => o.customer === n && o.at <= asOf)
        .map((o): OrderFact => {
          const minutes = localMinutes(o.at, zoneOf(n))
          const atMidnight = minutes === 0 && o.at.getUTCSeconds() === 0 && o.at.getUTCMilliseconds() === 0
          return {
            day: daysBetween('1970-01-01', localDate(o.at, zoneOf(n))),
            hour: atMidnight ? null : minutes / 60,
            amountCents: o.cents,
            isDiscounted: o.discount > 0,
          }
        })
      const facts = summariseOrders(own, daysBetween('1970-01-01', localDate(asOf, zoneOf(n))))
      return facts && { id: idOf(n), facts }
    }).filter((facts) => facts !== null)
    expect(found.map((f) => f.id).sort()).toEqual(expected.map((e) => e.id))
    for (const { id, facts } of expected) {
      const { bought, messages, previous, ...streamed } = found.find((f) => f.id === id)!.facts
      expect([messages, previous]).toEqual([[], null])
      expect(bought.categories.length).toBeGreaterThan(0)
      for (const [name, value] of Object.entries(facts))
        if (typeof value === 'number')
          expect([name, streamed[name as 'orders']]).toEqual([name, expect.closeTo(value, 8)])
        else expect(streamed[name as 'weekdays']).toEqual(value)
    }
  })

  test('scoring fills the scores and the eleven segments, and a second run changes nothing', async () => {
    const ctx = contextOf(database)
    const first = await scoreCustomers(ctx, { asOf })
    const before = await scoresOf(database)
    const second = await scoreCustomers(ctx, { asOf })
    expect(await scoresOf(database)).toEqual(before)
    expect(second).toMatchObject({ customers: first.customers, segments: first.segments, entered: 0, left: 0 })
    const { rows } = await database.pool.query<{
      key: string
      customer_count: number
      clv_cents: number
      scored_cents: number
      members: number
      scored: number
    }>(
      `select g.key, g.customer_count, g.clv_cents, (select coalesce(sum(s.clv_cents), 0)::bigint from customer_scores as s where s.rfm_segment = g.key) as scored_cents, (select count(*) from segment_members as m where m.segment_id = g.id) as members,
         (select count(*) from customer_scores as s where s.rfm_segment = g.key) as scored from segments as g where g.kind = 'rfm'`,
    )
    expect(rows.map((r) => r.key).sort()).toEqual([...rfmSegments].sort())
    for (const row of rows)
      expect([row.customer_count, row.members, row.clv_cents]).toEqual([row.scored, row.scored, row.scored_cents])
    expect(rows.some((row) => row.clv_cents > 0)).toBe(true)
    expect(rows.reduce((sum, row) => sum + row.scored, 0)).toBe(first.customers)
  })

  test('orders after as-of change nothing', async () => {
    const before = await scoresOf(database)
    await database.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents) select 'later-' || c.id, c.id, $1::timestamptz + interval '1 hour', 99900 from customers as c`,
      [asOf],
    )
    await scoreCustomers(contextOf(database), { asOf })
    expect(await scoresOf(database)).toEqual(before)
    await database.pool.query(`delete from orders where external_id like 'later-%'`)
  })

  test('every score says which model made it, as of when, and from what', async () => {
    const { rows } = await database.pool.query<{ model_version: string; as_of: Date; input_hash: string }>(
      'select s.model_version, s.as_of, s.input_hash from customer_scores as s',
    )
    const stored = (await readModel(database.pool))!
    expect(stored.version).toMatch(/^mbg\/cnbd-\d 2026-03-01 [0-9a-f]{8}$/)
    expect(stored.fit).toMatchObject({ customers: rows.length, data: { customers: rows.length } })
    for (const row of rows) {
      expect([row.model_version, row.as_of]).toEqual([stored.version, asOf])
      expect(row.input_hash).toMatch(/^[0-9a-f]{16}$/)
    }
    expect(new Set(rows.map((row) => row.input_hash)).size).toBe(rows.length)
  })

  test('scoring some customers gives the bytes that scoring everybody gives', async () => {
    const before = await scoresOf(database)
    const some = [3, 5, 10, 77, 130].map(idOf)
    await database.pool.query(
      `update customer_scores set churn_probability = 0, input_hash = 'x', rfm_segment = rfm_segment where customer_id = any($1)`,
      [some],
    )
    expect(await rescoreCustomers(contextOf(database), { customerIds: some, asOf })).toMatchObject({
      customers: some.length,
    })
    expect(await scoresOf(database)).toEqual(before)
  })

  test('an order that comes in changes the scores of its customer, and of nobody else', async () => {
    const ctx = contextOf(database)
    const before = (await scoresOf(database)) as {
      row: { customer_id: string; purchase_frequency: number; input_hash: string }
    }[]
    const customer = before.find((b) => b.row.purchase_frequency > 3)!.row
    await database.pool.query(`update customer_scores set computed_at = now() + interval '2 hours'`)
    await database.pool.query(`update model_versions set created_at = now() - interval '2 hours'`)
    await database.pool.query(`update orders set updated_at = now() - interval '1 day'`)
    expect(await findChanged(database.pool, new Date(), 10)).toEqual([])
    await database.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents, updated_at) values ('fresh', $1, $2::timestamptz - interval '1 minute', 5200, now() + interval '3 hours')`,
      [customer.customer_id, asOf],
    )
    const tools = {
      jobId: '',
      actor: systemActor,
      signal: new AbortController().signal,
      progress: () => Promise.resolve(),
    }
    expect(await followScores(ctx as never, {}, tools)).toMatchObject({ customers: 1 })
    const after = (await scoresOf(database)) as typeof before
    const changed = after.filter((row, i) => JSON.stringify(row) !== JSON.stringify(before[i]))
    expect(changed.map((c) => c.row.customer_id)).toEqual([customer.customer_id])
    expect(changed[0]!.row.purchase_frequency).toBe(customer.purchase_frequency + 1)
    const { rows } = await database.pool.query<{ ok: boolean }>(
      `select bool_and(g.customer_count = (select count(*) from segment_members as m where m.segment_id = g.id)
         and g.customer_count = (select count(*) from customer_scores as s where s.rfm_segment = g.key)) as ok from segments as g where g.kind = 'rfm'`,
    )
    expect(rows[0]!.ok).toBe(true)
    // Without any purchase left there is no score either.
    await database.pool.query('update customers set deleted_at = now() where id = $1', [customer.customer_id])
    await rescoreCustomers(ctx, { customerIds: [customer.customer_id], asOf })
    expect(await scoresOf(database)).toHaveLength(before.length - 1)
    await database.pool.query('update customers set deleted_at = null where id = $1', [customer.customer_id])
    await database.pool.query(`delete from orders where external_id = 'fresh'`)
    await scoreCustomers(ctx, { asOf })
  })

  test('a playbook that a person edited is left alone', async () => {
    await database.pool.query(
      `update segments set messaging_strategy = 'Ours', optimal_channels = '{sms}' where key = 'Promising'`,
    )
    await scoreCustomers(contextOf(database), { asOf })
    const { rows } = await database.pool.query(
      `select messaging_strategy, optimal_channels from segments where key = 'Promising'`,
    )
    expect(rows).toEqual([{ messaging_strategy: 'Ours', optimal_channels: ['sms'] }])
    await database.pool.query(`update segments set optimal_channels = '{email}' where key = 'Promising'`)
  })

  test('an abort leaves the scores as they were', async () => {
    const before = await scoresOf(database)
    const stop = new AbortController()
    await expect(
      scoreCustomers(contextOf(database), {
        asOf: new Date(asOf.getTime() + 86_400_000),
        signal: stop.signal,
        onProgress: () => stop.abort(),
      }),
    ).rejects.toThrow('aborted')
    expect(await scoresOf(database)).toEqual(before)
  })

  test('who moves to another segment becomes an event, and who has no purchase any more has no score', async () => {
    await database.pool.query('update customers set deleted_at = now() where id = $1', [idOf(1)])
    const moved = await scoreCustomers(contextOf(database), { asOf: new Date(asOf.getTime() + 120 * 86_400_000) })
    const { rows } = await database.pool.query<{ event_type: string; n: number }>(
      `select e.event_type, count(*) as n from analytics_events as e where e.occurred_at > $1 group by 1 order by 1`,
      [asOf],
    )
    expect(moved.entered).toBeGreaterThan(0)
    expect(rows).toEqual([
      { event_type: 'segment_entered', n: moved.entered },
      { event_type: 'segment_left', n: moved.left },
    ])
    expect((await database.pool.query('select from customer_scores where customer_id = $1', [idOf(1)])).rowCount).toBe(
      0,
    )
    await database.pool.query('update customers set deleted_at = null where id = $1', [idOf(1)])
    await scoreCustomers(contextOf(database), { asOf })
  })

  test('each customer gets at most one proposal, and a second run replaces only proposals', async () => {
    const ctx = contextOf(database)
    await database.pool.query(
      `insert into suppressions (channel, address_hash, reason) values ('email', $1, 'unsubscribe'), ('sms', $2, 'stop')`,
      [addressHash(config, 'email', 'c6@shop.test'), addressHash(config, 'sms', '+15551000006')],
    )
    const campaign = await database.pool.query<{ id: string }>(
      `insert into campaigns (name, start_date, end_date) values ('W', '2026-03-02', '2026-03-08') returning id`,
    )
    await database.pool.query(
      `insert into actions (campaign_id, customer_id, segment, priority_score, reason, offer, status) values ($1, $2, 'Promising', 1, 'kept', '{}', 'pending')`,
      [campaign.rows[0]!.id, idOf(2)],
    )
    const result = await generateActions(ctx)
    await generateActions(ctx)
    const { rows } = await database.pool.query<{
      customer_id: string
      status: string
      priority_score: number
      reason: string
      channels: string[]
    }>('select customer_id, status, priority_score, reason, channels from actions')
    const proposed = rows.filter((row) => row.status === 'proposed')
    expect(rows.filter((row) => row.status === 'pending')).toHaveLength(1)
    expect(proposed).toHaveLength(result.proposed)
    expect(result.proposed).toBeGreaterThan(30)
    expect(new Set(proposed.map((row) => row.customer_id)).size).toBe(proposed.length)
    expect(result.proposed + Object.values(result.without).reduce((sum, n) => sum + n, 0)).toBe(result.customers)
    const ids = proposed.map((row) => row.customer_id)
    expect(ids).not.toContain(idOf(5))
    expect(ids).not.toContain(idOf(6))
    for (const row of proposed) {
      expect(row.priority_score).toBeGreaterThan(0)
      if (row.channels.includes('email')) expect(Number(row.customer_id.slice(-12)) % 9).not.toBe(0)
    }
    expect((await generateActions(ctx, { limit: 7 })).proposed).toBe(7)
  })
})

test('an empty shop, and one with a single order, are scored without complaint', async () => {
  const database = await freshDatabase()
  await fillShop(database, 1, [])
  const ctx = contextOf(database)
  expect(await scoreCustomers(ctx, { asOf })).toMatchObject({ customers: 0 })
  await database.pool.query(
    `insert into orders (external_id, customer_id, ordered_at, total_cents) values ('1', $1, $2, 4200)`,
    [idOf(0), asOf],
  )
  expect(await scoreCustomers(ctx, { asOf })).toMatchObject({ customers: 1, segments: { New_Customers: 1 } })
  const { rows } = await database.pool.query(
    `select churn_risk, total_spent_cents, purchase_frequency from customer_scores`,
  )
  expect(rows).toEqual([{ churn_risk: 'new', total_spent_cents: 4200, purchase_frequency: 1 }])
  expect(await generateActions(ctx)).toMatchObject({ customers: 1, proposed: 0 })
})

describe('a shop so large that its scores are written as a new table', () => {
  const people = 20_500
  let database: FreshDatabase
  const shapeOf = async (): Promise<unknown> =>
    (
      await database.pool.query(
        `select (select jsonb_agg(pg_get_indexdef(i.indexrelid) order by 1) from (select x.indexrelid from pg_index as x where x.indrelid = 'customer_scores'::regclass order by x.indexrelid::regclass::text) as i) as indexes,
           (select jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid)) from pg_constraint as k where k.conrelid = 'customer_scores'::regclass) as constraints,
           (select jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) order by a.attnum) from pg_attribute as a where a.attrelid = 'customer_scores'::regclass and a.attnum > 0 and not a.attisdropped) as columns,
           (select c.relacl::text from pg_class as c where c.oid = 'customer_scores'::regclass) as grants`,
      )
    ).rows[0]
  beforeAll(async () => {
    database = await freshDatabase()
    await database.pool.query(
      `insert into customers (external_id) select 'C' || i from generate_series(1, ${people}) as i`,
    )
    await database.pool.query(
      `insert into orders (external_id, customer_id, ordered_at, total_cents)
       select c.external_id || '-' || n, c.id, $1::timestamptz - make_interval(hours => hashtext(c.external_id || n) & 8191), 1000 + (hashtext(c.external_id || n) & 4095)
       from customers as c cross join generate_series(1, 3) as n`,
      [asOf],
    )
  })

  test('the new table is what the old one was, and readers never see an empty one', async () => {
    const ctx = contextOf(database)
    await database.pool.query(`grant select on customer_scores to public`)
    const shape = await shapeOf()
    const counts = new Set<number>()
    let running = true
    const watch = (async () => {
      while (running) {
        const { rows } = await database.pool.query<{ n: number }>('select count(*)::int as n from customer_scores')
        counts.add(rows[0]!.n)
      }
    })()
    const first = await scoreCustomers(ctx, { asOf })
    await scoreCustomers(ctx, { asOf: new Date(asOf.getTime() + 86_400_000) })
    running = false
    await watch
    expect(first.customers).toBe(people)
    expect([...counts].sort((a, b) => a - b)).toEqual([0, people])
    const { rows } = await database.pool.query<{ oid: number; leftovers: number }>(
      `select 'customer_scores'::regclass::oid::int as oid, (select count(*) from pg_class as c where c.relname like 'customer_scores%next')::int as leftovers`,
    )
    expect(rows[0]!.leftovers).toBe(0)
    expect(await shapeOf()).toEqual(shape)
    // who is erased takes the scores along, as before
    await database.pool.query(`delete from customers where external_id = 'C1'`)
    expect((await database.pool.query('select from customer_scores')).rowCount).toBe(people - 1)
  })

  test('where somebody else hangs a view on it, the table stays and its rows are merged', async () => {
    await database.pool.query('create view theirs as select s.customer_id, s.clv_cents from customer_scores as s')
    const oid = async (): Promise<unknown> =>
      (await database.pool.query(`select 'customer_scores'::regclass::oid as oid`)).rows
    const before = await oid()
    await scoreCustomers(contextOf(database), { asOf: new Date(asOf.getTime() + 2 * 86_400_000) })
    expect(await oid()).toEqual(before)
    const { rows } = await database.pool.query<{ n: number; fresh: number }>(
      'select count(*)::int as n, count(*) filter (where s.as_of > $1)::int as fresh from customer_scores as s',
      [new Date(asOf.getTime() + 86_400_000)],
    )
    expect(rows[0]).toEqual({ n: people - 1, fresh: people - 1 })
  })
})

const journey = path.join(
  process.env['LIQUOR_AGENT_DATA'] ?? '../shared/data',
  'complete-journey/transactions_sample.csv.gz',
)

test.skipIf(!existsSync(journey))(
  `the Complete Journey households are scored${existsSync(journey) ? '' : ` (skipped: data set absent, ${journey})`}`,
  async () => {
    const database = await freshDatabase()
    const lines = gunzipSync(readFileSync(journey))
      .toString('utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.match(/("[^"]*"|[^,]*)(,|$)/g)!.map((cell) => cell.replace(/,$/, '').replace(/^"|"$/g, '')))
    const households = [...new Set(lines.map((l) => l[0]!))]
    const number = new Map(households.map((h, i) => [h, i]))
    const baskets = new Map<
      string,
      { household: string; at: string; cents: number; discount: number; items: Map<string, number> }
    >()
    for (const [
      household = '',
      basket = '',
      product = '',
      ,
      ,
      ,
      value = '0',
      retail = '0',
      coupon = '0',
      at = '',
    ] of lines) {
      const entry = baskets.get(basket) ?? { household, at, cents: 0, discount: 0, items: new Map<string, number>() }
      baskets.set(basket, entry)
      const cents = Math.round(Number(value) * 100)
      entry.cents += cents
      entry.discount += Math.round((Number(retail) + Number(coupon)) * 100)
      entry.items.set(product, (entry.items.get(product) ?? 0) + cents)
    }
    const products = [...new Map(lines.map((l) => [l[2]!, l[4]!]))]
    const productIds = new Map(products.map(([sku], i) => [sku, idOf(500_000 + i)]))
    await withTx(database.pool, async (tx) => {
      await copyIn(
        tx,
        'customers',
        ['id', 'email', 'age_status', 'email_consent'],
        households.map((h, i) => [idOf(i), `h${h}@shop.test`, 'attested', 'granted']),
      )
      await copyIn(
        tx,
        'products',
        ['id', 'sku', 'name', 'department', 'category', 'price_cents'],
        products.map(([sku, category]) => [productIds.get(sku)!, sku, sku, 'other', category || 'UNKNOWN', 100]),
      )
      await copyIn(
        tx,
        'orders',
        ['id', 'external_id', 'customer_id', 'ordered_at', 'total_cents', 'discount_cents'],
        [...baskets].map(([id, b], i) => [
          idOf(1_000_000 + i),
          id,
          idOf(number.get(b.household)!),
          `${b.at}-05:00`,
          b.cents,
          b.discount,
        ]),
      )
      await copyIn(
        tx,
        'order_items',
        ['order_id', 'product_id', 'quantity', 'total_cents'],
        [...baskets.values()].flatMap((b, i) =>
          [...b.items].map(([sku, cents]) => [idOf(1_000_000 + i), productIds.get(sku)!, 1, cents] as const),
        ),
      )
    })
    await database.pool.query(`insert into offers (key, title, kind) values ('picks', 'Weekend picks', 'content')`)
    const end = new Date('2018-01-01T12:00:00Z')
    const result = await scoreCustomers(contextOf(database), { asOf: end })
    expect(result.customers).toBe(2377)
    expect(Object.values(result.segments).reduce((sum, n) => sum + n, 0)).toBe(2377)
    const { rows } = await database.pool.query<{ bad: number; categories: number }>(
      `select count(*) filter (where s.churn_probability not between 0 and 1 or s.clv_low_cents > s.clv_high_cents or s.expected_gap_days <= 0) as bad, count(distinct s.primary_category) as categories from customer_scores as s`,
    )
    expect(rows[0]!.bad).toBe(0)
    expect(rows[0]!.categories).toBeGreaterThan(10)
    const actions = await generateActions({ ...contextOf(database), clock: () => end })
    expect(actions.proposed).toBeGreaterThan(100)
  },
  60_000,
)
