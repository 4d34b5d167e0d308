import type { ClientBase } from 'pg'
import { absoluteScores, smallShopCustomers, type PreviousSegment, type RfmSegment } from '#core/scoring/rfm.ts'
import { averageTransactionCents } from '#core/scoring/facts.ts'
import { scoreCustomer, scoringVersion, type CustomerFacts, type ShopModel } from '#core/scoring/scorecard.ts'
import type { Weighted } from '#core/scoring/taste.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { gatherFacts } from './facts.ts'
import { refreshRfmSegments } from '../rfm-segments.ts'
import { copyScores, createScoreTable, publishScores, type ScoredCustomer } from './score-table.ts'
import { fitShop } from './shop-model.ts'

export interface ScoreInput {
  asOf: Date
  onProgress?: (done: number, total: number) => void | Promise<void>
  signal?: AbortSignal
}

export interface ScoreResult {
  customers: number
  segments: Partial<Record<RfmSegment, number>>
  entered: number
  left: number
  model_version: string
  seconds: number
}

const chunkSize = 1000

/**
 * Scores every customer with a purchase as of an instant, and refreshes the eleven RFM segments, in one transaction:
 * readers see the old scores until all new ones are there, and an abort leaves everything as it was.
 */
export async function scoreCustomers(ctx: Pick<Ctx, 'pool' | 'log'>, input: ScoreInput): Promise<ScoreResult> {
  const started = performance.now()
  const result = await withTx(ctx.pool, async (tx) => {
    // Two runs at once would only do the same work twice.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('scoring', 7))`)
    const shop = await readSetting(tx, 'shop')
    const customers = await gatherFacts(tx, input.asOf, shop.time_zone)
    input.signal?.throwIfAborted()
    const model = await fitShop(tx, shop, customers)
    await createScoreTable(tx)
    await scoreInChunks(tx, model, customers, input)
    await publishScores(tx)
    return { customers, ...(await refreshRfmSegments(tx, input.asOf)) }
  })
  const seconds = Math.round(performance.now() - started) / 1000
  ctx.log.info({ customers: result.customers, seconds, modelVersion: scoringVersion }, 'customers scored')
  return { ...result, model_version: scoringVersion, seconds }
}

interface FactsRow {
  customer_id: string
  orders: number
  transactions: number
  tenure_days: number
  days_since_last: number
  total_cents: number
  repeat_cents: number
  gaps: number
  gap_log_sum: number
  gap_log_squares: number
  timed_orders: number
  hour_cos: number
  hour_sin: number
  night_orders: number
  discounted_orders: number
  weekdays: number[]
  first_purchase_at: Date
  last_purchase_at: Date
  recency: number
  frequency: number
  monetary: number
  average: number
  categories: Weighted[] | null
  brands: Weighted[] | null
  delivered: number
  successes: number
  shop_share: number
  previous: {
    segment: RfmSegment
    candidate: RfmSegment | null
    recency: number
    frequency: number
    monetary: number
    average: number
    isEarlierRun: boolean
  } | null
}

/** A fifth is 5 * (rank - 1) / (n - 1) in whole numbers: exact, and equal values share it. */
const fifth = (order: string): string =>
  `least(5, 1 + 5 * (rank() over (order by ${order}) - 1) / greatest(1, count(*) over () - 1))::int`

async function scoreInChunks(tx: ClientBase, model: ShopModel, total: number, input: ScoreInput): Promise<void> {
  await tx.query({
    text: `declare score_rows no scroll cursor for
     select f.*, t.categories, t.brands, coalesce(m.delivered, 0) as delivered, coalesce(m.successes, 0) as successes,
       (select coalesce(sum(a.successes)::float8 / nullif(sum(a.delivered), 0), 0) from score_messages as a) as shop_share,
       case when p.as_of <= $1::timestamptz and p.recency_score is not null then jsonb_build_object(
         'segment', p.rfm_segment, 'candidate', p.rfm_candidate, 'recency', p.recency_score, 'frequency', p.frequency_score,
         'monetary', p.monetary_score, 'average', p.aov_score, 'isEarlierRun', p.as_of < $1::timestamptz - interval '12 hours') end as previous
     from (
       select r.*, ${fifth('-r.days_since_last')} as recency, ${fifth('r.transactions')} as frequency, ${fifth('r.total_cents')} as monetary,
         ${fifth('greatest(0, r.total_cents)::float8 / r.transactions')} as average
       from score_facts as r
     ) as f
     left join score_taste as t on t.customer_id = f.customer_id
     left join score_messages as m on m.customer_id = f.customer_id
     left join customer_scores as p on p.customer_id = f.customer_id`,
    values: [input.asOf],
  })
  for (let done = 0; ;) {
    input.signal?.throwIfAborted()
    const { rows } = await tx.query<FactsRow>(`fetch ${chunkSize} from score_rows`)
    if (rows.length === 0) break
    await copyScores(
      tx,
      input.asOf,
      rows.map((row) => scoreRow(model, row, total)),
    )
    done += rows.length
    await input.onProgress?.(done, total)
  }
  await tx.query('close score_rows')
}

function scoreRow(model: ShopModel, row: FactsRow, customersInShop: number): ScoredCustomer {
  const facts = {
    orders: row.orders,
    transactions: row.transactions,
    tenureDays: row.tenure_days,
    daysSinceLast: row.days_since_last,
    totalCents: row.total_cents,
    repeatCents: row.repeat_cents,
    gaps: row.gaps,
    gapLogSum: row.gap_log_sum,
    gapLogSquares: row.gap_log_squares,
    timedOrders: row.timed_orders,
    hourCos: row.hour_cos,
    hourSin: row.hour_sin,
    nightOrders: row.night_orders,
    weekdays: row.weekdays,
    discountedOrders: row.discounted_orders,
  }
  const customer: CustomerFacts = {
    ...facts,
    scores:
      customersInShop < smallShopCustomers
        ? absoluteScores({ ...facts, averageCents: averageTransactionCents(facts) })
        : { recency: row.recency, frequency: row.frequency, monetary: row.monetary, average: row.average },
    categories: row.categories ?? [],
    brands: row.brands ?? [],
    previous: row.previous satisfies PreviousSegment | null,
    messages: { delivered: row.delivered, successes: row.successes, shopShare: row.shop_share },
  }
  return {
    customerId: row.customer_id,
    firstPurchaseAt: row.first_purchase_at,
    lastPurchaseAt: row.last_purchase_at,
    facts: customer,
    card: scoreCustomer(model, customer),
  }
}
