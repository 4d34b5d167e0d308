import type { ClientBase } from 'pg'
import { fitSpendModel, type SpendRow } from '#core/scoring/gamma-gamma.ts'
import { fitPurchaseModel, shopPrior, type HistoryRow } from '#core/scoring/mbg-nbd.ts'
import { fitGaps, type GapTotals } from '#core/scoring/rhythm.ts'
import type { ShopModel } from '#core/scoring/scorecard.ts'
import type { BaseShares } from '#core/scoring/taste.ts'

// Beyond these the parameters no longer move in the digits that matter, and memory stays flat.
const sampledHistories = 150_000
const sampledSpenders = 20_000

/** Learns the shop's models from score_facts and score_lines; needs gatherFacts in the same transaction. */
export async function fitShop(
  tx: ClientBase,
  shop: { margin_pct: number; currency: string; low_basket_cents: number },
  customers: number,
): Promise<ShopModel> {
  const histories = await readHistories(tx, customers)
  const spenders = await readSpenders(tx)
  const discounted = await tx.query<{ share: number }>(
    'select coalesce(sum(f.discounted_orders)::float8 / nullif(sum(f.orders), 0), 0) as share from score_facts as f',
  )
  return {
    purchases: fitPurchaseModel('mbg', histories, shopPrior),
    spend: fitSpendModel(spenders, true),
    gaps: fitGaps(await readGaps(tx)),
    base: {
      categories: await readShares(tx, 'category'),
      brands: await readShares(tx, 'brand'),
      discounted: discounted.rows[0]!.share,
    },
    marginShare: shop.margin_pct / 100,
    currency: shop.currency,
    averageThresholdCents: shop.low_basket_cents,
  }
}

/** Equal histories once, with their number; a hashed sample of the customers in very large shops. */
async function readHistories(tx: ClientBase, customers: number): Promise<HistoryRow[]> {
  const { rows } = await tx.query<HistoryRow>(
    `select f.transactions - 1 as x, (f.tenure_days - f.days_since_last) / 7.0::float8 as tx, f.tenure_days / 7.0::float8 as "T", count(*) as count
     from score_facts as f
     where $1::float8 >= 1 or abs(hashtextextended(f.customer_id::text, 11) % 1000000) < $1::float8 * 1000000
     group by 1, 2, 3 order by 1, 2, 3`,
    [sampledHistories / Math.max(1, customers)],
  )
  return rows
}

async function readSpenders(tx: ClientBase): Promise<SpendRow[]> {
  const { rows } = await tx.query<SpendRow>(
    `select f.transactions - 1 as x, f.repeat_cents::float8 / 100 / (f.transactions - 1) as mean
     from score_facts as f where f.transactions > 1 and f.repeat_cents > 0
     order by hashtextextended(f.customer_id::text, 12), f.customer_id limit $1`,
    [sampledSpenders],
  )
  return rows
}

async function readGaps(tx: ClientBase): Promise<GapTotals> {
  const { rows } = await tx.query<GapTotals>(
    `select count(*) as customers, coalesce(sum(g.gaps), 0) as gaps, coalesce(sum(g.mean), 0) as "meanSum",
       coalesce(sum(g.mean * g.mean), 0) as "meanSquares", coalesce(sum(1.0::float8 / g.gaps), 0) as "inverseGaps",
       coalesce(sum(greatest(0, g.gap_log_squares - g.gaps * g.mean * g.mean)), 0) as "withinSquares",
       coalesce(sum(g.gaps - 1), 0) as "withinFreedom",
       percentile_cont(0.5) within group (order by exp(g.mean)) as "medianDays"
     from (select f.gaps, f.gap_log_squares, f.gap_log_sum / f.gaps as mean from score_facts as f where f.gaps > 0) as g`,
  )
  return rows[0]!
}

const shareQueries = {
  category:
    'select l.category as name, sum(l.weight) / sum(sum(l.weight)) over () as share from score_lines as l group by l.category',
  brand:
    'select l.brand as name, sum(l.weight) / sum(sum(l.weight)) over () as share from score_lines as l where l.brand is not null group by l.brand',
}

async function readShares(tx: ClientBase, of: keyof typeof shareQueries): Promise<BaseShares> {
  const { rows } = await tx.query<{ name: string; share: number }>(shareQueries[of])
  return new Map(rows.map((row) => [row.name, row.share]))
}
