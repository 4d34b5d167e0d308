import pg, { type Client } from 'pg'
import { createAssembler } from '#core/scoring/assemble.ts'
import type { Verdict } from '#core/scoring/backtest.ts'
import type { ChurnMethod } from '#core/scoring/churn-model.ts'
import type { RfmSegment } from '#core/scoring/rfm.ts'
import { createScorer } from '#core/scoring/scorecard.ts'
import { learnShop } from '#core/scoring/shop-model.ts'
import { completeReplacement, finishReplacement } from '../replace-table.ts'
import { refreshRfmSegments } from '../rfm-segments.ts'
import { readSetting } from '../settings.ts'
import { storeModel } from './model-store.ts'
import { storeNeighbours } from './neighbours.ts'
import { readProducts } from './products.ts'
import { mergeTarget, prepareTarget } from './publish.ts'
import { openScoreWriter } from './score-table.ts'
import { gatherShop } from './shop-facts.ts'
import { streamCustomers } from './streams.ts'

export interface RunInput {
  databaseUrl: string
  asOfMs: number
  nowMs: number
}

export interface RunResult {
  customers: number
  segments: Partial<Record<RfmSegment, number>>
  entered: number
  left: number
  model_version: string
  /** what told who comes back, and why that */
  method: ChurnMethod
  verdict: Verdict | null
  timings: Record<'gather' | 'learn' | 'score' | 'publish', number>
}

export type RunReport = (done: number, total: number, message: string) => void

/**
 * One whole scoring run on connections of its own: goes through all orders, learns and tests the model, scores everybody,
 * and publishes in one transaction. Readers see the old scores until all new ones are there; when this process or its
 * connections go, everything is as it was.
 */
export async function runScoring(input: RunInput, report: RunReport): Promise<RunResult> {
  const clients: Client[] = []
  const connect = async (): Promise<Client> => {
    const client = new pg.Client({ connectionString: input.databaseUrl, application_name: 'liquor-agent scoring' })
    // A connection that breaks makes its running query fail; without a listener it would end the thread instead.
    client.on('error', () => undefined)
    clients.push(client)
    await client.connect()
    return client
  }
  try {
    const writer = await connect()
    const [people, orders, lines, messages] = [await connect(), await connect(), await connect(), await connect()]
    return await runOn({ writer, people, orders, lines, messages }, input, report)
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
}

interface Connections {
  writer: Client
  people: Client
  orders: Client
  lines: Client
  messages: Client
}

async function runOn(on: Connections, input: RunInput, report: RunReport): Promise<RunResult> {
  const asOf = new Date(input.asOfMs)
  const clock = createClock()
  const { writer } = on
  await writer.query('begin')
  // Two runs at once would only do the same work twice.
  await writer.query(`select pg_advisory_xact_lock(hashtextextended('scoring', 7))`)
  await writer.query(`select set_config('scoring.as_of', $1, true)`, [asOf.toISOString()])
  const readers = [on.people, on.orders, on.lines, on.messages]
  await openSnapshot(readers, asOf)
  for (const reader of [on.people, on.lines]) await readInOrder(reader)
  const shop = await readSetting(on.people, 'shop')
  const products = await readProducts(on.people)
  const { rows: stores } = await on.people.query<{ id: string; time_zone: string }>(
    'select s.id, s.time_zone from stores as s',
  )
  const zones = { ofStore: new Map(stores.map((s) => [s.id, s.time_zone])), ofShop: shop.time_zone }
  const { rows: counted } = await on.people.query<{ n: number }>(
    'select count(*)::int as n from customers where customers.deleted_at is null',
  )
  const streams = { people: on.people, orders: on.orders, products, zones }

  report(0, counted[0]!.n, 'Reading orders')
  const { facts, range, neighbours } = await gatherShop(streams, on.lines, asOf, shop, (done) =>
    report(done, Math.max(done, counted[0]!.n), 'Reading orders'),
  )
  clock.lap('gather')
  report(0, range.customers, 'Learning from the past')
  const learned = learnShop(facts)
  const seconds = clock.lap('learn')

  await storeNeighbours(writer, neighbours)
  const target = await prepareTarget(writer, range.customers)
  const sink = openScoreWriter(writer, target.table, {
    asOf,
    version: learned.version,
    horizonWeeks: learned.model.horizonWeeks,
  })
  const score = createScorer(learned.model)
  const assembler = createAssembler({
    asOfMs: input.asOfMs,
    catalog: products.catalog,
    productWords: products.words,
  })
  let done = 0
  await streamCustomers({ ...streams, lines: on.lines, messages: on.messages, assembler }, (customerId, customer) => {
    done += 1
    if (done % 5000 === 0) report(done, range.customers, 'Scoring customers')
    return sink.write({ customerId, ...customer, card: score(customer.facts) })
  })
  await sink.finish()
  // An open snapshot of the old table would be in the way of the new one.
  for (const reader of readers) await reader.query('commit')
  clock.lap('score')
  report(done, range.customers, 'Publishing')

  await storeModel(
    writer,
    {
      version: learned.version,
      as_of: asOf,
      model: learned.model,
      fit: { ...learned.fit, data: range, fit_seconds: seconds },
      backtest: learned.backtest,
    },
    new Date(input.nowMs),
  )
  if (target.replaces) await completeReplacement(writer, 'customer_scores')
  else await mergeTarget(writer, target.table)
  const moved = await refreshRfmSegments(writer, asOf, target.replaces ? 'customer_scores_next' : 'customer_scores')
  if (target.replaces) await finishReplacement(writer, 'customer_scores')
  await writer.query('commit')
  clock.lap('publish')
  return {
    customers: done,
    ...moved,
    model_version: learned.version,
    method: learned.model.churn.method,
    verdict: learned.backtest?.verdict ?? null,
    timings: clock.laps as RunResult['timings'],
  }
}

/** All readers see the shop as it is at one moment, whatever is imported meanwhile. */
async function openSnapshot(readers: readonly Client[], asOf: Date): Promise<void> {
  let snapshot: string | undefined
  for (const reader of readers) {
    await reader.query('begin isolation level repeatable read')
    if (snapshot === undefined) {
      const { rows } = await reader.query<{ id: string }>('select pg_export_snapshot() as id')
      snapshot = rows[0]!.id
    } else {
      if (!/^[0-9A-F-]+$/.test(snapshot)) throw new Error('PostgreSQL gave no snapshot')
      await reader.query(`set transaction snapshot '${snapshot}'`)
    }
    await reader.query(`set local work_mem = '64MB'`)
    await reader.query(`select set_config('scoring.as_of', $1, true)`, [asOf.toISOString()])
  }
}

/**
 * Rows of these are wanted in the order of an index, side by side with the others: a hash join would spill everything to
 * disk and sort it again, on processes that the other streams need. Half the work for a million customers.
 */
async function readInOrder(reader: Client): Promise<void> {
  await reader.query('set local enable_hashjoin = off')
  await reader.query('set local max_parallel_workers_per_gather = 0')
}

function createClock(): { lap(name: string): number; laps: Record<string, number> } {
  const laps: Record<string, number> = {}
  let since = performance.now()
  return {
    laps,
    lap(name) {
      const now = performance.now()
      laps[name] = Math.round(now - since) / 1000
      since = now
      return laps[name]
    },
  }
}
