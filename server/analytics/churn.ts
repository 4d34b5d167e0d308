import type { analytics } from '#contract/analytics.ts'
import type { Answer, Received } from '#contract/http.ts'
import { percent } from '#core/analytics/period.ts'
import type { Backtest } from '#core/scoring/backtest.ts'
import type { ChurnMethod } from '#core/scoring/churn-model.ts'
import { methodWords, verdictWords } from '#core/scoring/model-card.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { reasonsOf } from '../score-reasons.ts'
import { readSetting } from '../settings.ts'
import { shownName } from './names.ts'
import { remember } from './remember.ts'

type Reply = Answer<typeof analytics.churn>
type Query = Received<typeof analytics.churn>['query']

const risks = ['low', 'medium', 'high', 'new'] as const
// Reasons that explain a customer who may leave, in the order they are told.
const tellingReasons = ['churn', 'rhythm', 'value', 'segment']
/** Who is almost certainly gone is not worth a call. */
const withinReach = 0.9

/**
 * Margin of a year at the pace of all the time the customer is known, silence included (two orders in one week are no
 * weekly habit), times the chance that they leave: what a win-back could save at most. Parameter $1 is the shop's margin
 * share.
 */
const knownDays = `coalesce(extract(epoch from s.as_of - s.first_purchase_at)::float8 / 86400, (s.transactions - 1) * s.expected_gap_days)`
const atStake = `(case when s.transactions > 1 and s.expected_gap_days > 0
  then s.churn_probability * coalesce(s.avg_order_value_cents, 0) * $1::float8 * least(120, 365 * s.transactions / (${knownDays} + s.expected_gap_days)) else 0 end)`

interface SegmentRow {
  segment: string
  risk: (typeof risks)[number]
  bin: number
  customers: number
  clv_cents: number
  churn: number
  at_stake_cents: number
  as_of: Date
  horizon_weeks: number | null
}

/** How many may leave, where, and who is worth a call. */
export async function readChurn(ctx: Ctx, actor: Actor, query: Query): Promise<Reply> {
  const shop = await readSetting(ctx.pool, 'shop')
  const share = shop.margin_pct / 100
  const [cells, model, worst] = await Promise.all([
    remember(ctx, `churn:${share}`, () => countCells(ctx, share)),
    readModel(ctx),
    readAtRisk(ctx, actor, share, shop.currency, query),
  ])
  const scored = sum(cells, (c) => c.customers)
  const counted = (some: readonly SegmentRow[]): { customers: number; clv_cents: number } => ({
    customers: sum(some, (c) => c.customers),
    clv_cents: sum(some, (c) => c.clv_cents),
  })
  const aged = cells.filter((c) => c.risk !== 'new')
  const segments = [...new Set(cells.map((c) => c.segment))].map((segment) => {
    const own = cells.filter((c) => c.segment === segment)
    const of = (risk: SegmentRow['risk']): number => sum(own, (c) => (c.risk === risk ? c.customers : 0))
    return {
      segment,
      ...counted(own),
      low: of('low'),
      medium: of('medium'),
      high: of('high'),
      is_new: of('new'),
      churn_pct: percent(
        sum(own, (c) => c.churn),
        sum(own, (c) => c.customers),
      )!,
      at_stake_cents: sum(own, (c) => c.at_stake_cents),
    }
  })
  return {
    as_of: cells.reduce<Date | null>((last, c) => (last === null || c.as_of > last ? c.as_of : last), null),
    scored,
    horizon_weeks: cells[0]?.horizon_weeks ?? null,
    model,
    classes: risks.map((risk) => {
      const own = counted(cells.filter((c) => c.risk === risk))
      return { risk, ...own, share_pct: percent(own.customers, scored) ?? 0 }
    }),
    distribution: Array.from({ length: 10 }, (_, bin) => ({
      from_pct: bin * 10,
      to_pct: bin * 10 + 10,
      ...counted(aged.filter((c) => c.bin === bin)),
    })),
    segments: segments.sort((a, b) => b.at_stake_cents - a.at_stake_cents || (a.segment < b.segment ? -1 : 1)),
    at_stake_cents: sum(cells, (c) => c.at_stake_cents),
    at_risk: worst,
  }
}

const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, row) => total + of(row), 0)

/** Everybody who is scored, once: by segment, class and tenth of the chance. */
async function countCells(ctx: Ctx, marginShare: number): Promise<SegmentRow[]> {
  const { rows } = await ctx.pool.query<SegmentRow>(
    `select s.rfm_segment as segment, s.churn_risk as risk, least(9, floor(s.churn_probability * 10))::int as bin, count(*)::int as customers,
       coalesce(sum(s.clv_cents), 0)::bigint as clv_cents, coalesce(sum(s.churn_probability), 0)::float8 as churn,
       round(coalesce(sum(${atStake}), 0))::bigint as at_stake_cents, max(s.as_of) as as_of, max(s.horizon_weeks) as horizon_weeks
     from customer_scores as s join customers on customers.id = s.customer_id and customers.deleted_at is null
     where s.churn_risk is not null and s.churn_probability is not null group by 1, 2, 3 order by 1, 2, 3`,
    [marginShare],
  )
  return rows
}

async function readModel(ctx: Ctx): Promise<Reply['model']> {
  const { rows } = await ctx.pool.query<{ version: string; method: ChurnMethod; backtest: Backtest | null }>(
    `select m.version, m.model -> 'churn' ->> 'method' as method, m.backtest from model_versions as m order by m.created_at desc, m.as_of desc, m.version limit 1`,
  )
  const found = rows[0]
  if (!found) return null
  const chosen = found.backtest?.candidates.find((c) => c.method === found.backtest?.chosen)
  return {
    version: found.version,
    method: methodWords[found.method],
    verdict: verdictWords(found.backtest),
    auc: chosen?.auc ?? null,
    bias: found.backtest?.bias ?? null,
  }
}

interface AtRiskRow {
  customer_id: string
  name: string | null
  segment: string
  risk: (typeof risks)[number]
  churn_probability: number
  at_stake_cents: number
  clv_cents: number | null
  spent_cents: number
  last_purchase_at: Date | null
  orders: number
  tags: string[]
}

async function readAtRisk(
  ctx: Ctx,
  actor: Actor,
  marginShare: number,
  currency: string,
  query: Query,
): Promise<Reply['at_risk']> {
  const { rows } = await ctx.pool.query<AtRiskRow>(
    `select s.customer_id, customers.name, s.rfm_segment as segment, s.churn_risk as risk, s.churn_probability,
       round(${atStake})::bigint as at_stake_cents, s.clv_cents, s.total_spent_cents as spent_cents, s.last_purchase_at, s.purchase_frequency as orders, customers.tags
     from customer_scores as s join customers on customers.id = s.customer_id and customers.deleted_at is null
     where s.churn_risk = any($2) and s.churn_probability <= $3 and ($4::text[] is null or s.rfm_segment = any($4))
     order by ${atStake} desc, s.customer_id limit $5`,
    [marginShare, query.risk ? [query.risk] : ['medium', 'high'], withinReach, query.segment ?? null, query.limit],
  )
  const reasons = await reasonsOf(
    ctx.pool,
    rows.map((row) => row.customer_id),
    currency,
  )
  return rows.map(({ name, churn_probability, ...row }) => ({
    ...row,
    name: shownName(actor, name),
    churn_pct: Math.round(churn_probability * 100),
    reasons: tellingReasons.flatMap(
      (term) => reasons.get(row.customer_id)?.find((reason) => reason.term === term)?.words ?? [],
    ),
  }))
}
