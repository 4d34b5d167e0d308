import type { PeriodQuery } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { clickWindowMs, couponWindowMs } from '#core/feedback/attribution.ts'
import { attributionModels, creditOf, shapley, type AttributionModel } from '#core/feedback/attribution-models.ts'
import type { Ctx } from '../context.ts'
import { readPeriodLift } from './lift.ts'
import { headOf } from './overview.ts'
import { remember } from './remember.ts'

const words: Record<AttributionModel, [string, string]> = {
  first: ['First message', 'All to the first message before the order.'],
  last: ['Last message', 'All to the last message before the order. This is what most tools show.'],
  linear: ['Even', 'The same to each message before the order.'],
  position: ['40 / 20 / 40', '40% to the first, 40% to the last, 20% to those between.'],
  time_decay: ['Recent first', 'A message a week nearer to the order counts twice as much.'],
  shapley: ['Fair share', 'What each channel adds to the others, averaged over every order of adding them (Shapley).'],
}
/** More orders than this are not looked at one by one; the newest are. */
const mostOrders = 20_000

interface TouchRow {
  order_id: string
  cents: number
  ordered_at: Date
  at: Date
  campaign_id: string | null
  campaign: string | null
  channel: string
}

/** What each model makes of the same orders. Shares describe, they do not prove: the holdout figure stands above them. */
export async function readAttribution(ctx: Ctx, query: PeriodQuery): Promise<Answer<typeof reports.attribution>> {
  const { shop, span, head } = await headOf(ctx, query)
  const [found, lift] = await Promise.all([
    remember(ctx, `touches:${span.from}:${span.to}`, () => readTouches(ctx, span.fromAt, span.toAt), {
      graceMs: 600_000,
    }),
    readPeriodLift(ctx, span, shop),
  ])
  const orders = Map.groupBy(found.touches, (t) => t.order_id)
  const credit = { campaign: new Map<string, Credit>(), channel: new Map<string, Credit>() }
  let revenue = 0
  for (const touches of orders.values()) {
    const { cents, ordered_at } = touches[0]!
    revenue += cents
    const path = touches.map((t) => ({ key: '', at: t.at }))
    for (const model of attributionModels) {
      if (model === 'shapley') continue
      creditOf(model, path, ordered_at).forEach((share, i) => {
        const touch = touches[i]!
        give(credit.campaign, touch.campaign_id ?? '', touch.campaign ?? 'Other messages', model, share * cents)
        give(credit.channel, touch.channel, touch.channel, model, share * cents)
      })
    }
  }
  addShapley(credit.channel, [...orders.values()])
  return {
    ...head,
    orders: orders.size,
    left_out: Math.max(0, found.orders - orders.size),
    revenue_cents: revenue,
    incremental_revenue_cents: lift?.revenue_cents ?? null,
    models: attributionModels.map((id) => ({ id, label: words[id][0], help: words[id][1] })),
    rows: (['campaign', 'channel'] as const).flatMap((dimension) =>
      [...credit[dimension]]
        .map(([key, { label, cents }]) => ({
          dimension,
          key,
          label,
          credit: Object.fromEntries(Object.entries(cents).map(([m, c]) => [m, Math.round(c)])),
        }))
        .toSorted((a, b) => (b.credit['last'] ?? 0) - (a.credit['last'] ?? 0))
        .slice(0, 50),
    ),
  }
}

interface Credit {
  label: string
  cents: Partial<Record<AttributionModel, number>>
}
function give(to: Map<string, Credit>, key: string, label: string, model: AttributionModel, cents: number): void {
  const own = to.get(key) ?? { label, cents: {} }
  own.cents[model] = (own.cents[model] ?? 0) + cents
  to.set(key, own)
}

/** Worth of a set of channels: the money of orders whose touches all lie in it. */
function addShapley(channels: Map<string, Credit>, paths: readonly TouchRow[][]): void {
  const keys = [...channels.keys()]
  if (keys.length === 0 || keys.length > 8) return
  const sets = paths.map((touches) => ({ used: new Set(touches.map((t) => t.channel)), cents: touches[0]!.cents }))
  const values = shapley(keys, (set) => {
    const allowed = set === '' ? [] : set.split('+')
    return sets.reduce((sum, p) => ([...p.used].every((c) => allowed.includes(c)) ? sum + p.cents : sum), 0)
  })
  for (const [key, cents] of values) give(channels, key, channels.get(key)!.label, 'shapley', cents)
}

/** Messages a person clicked within the window before an order, and those whose code was redeemed. */
async function readTouches(ctx: Ctx, from: Date, to: Date): Promise<{ orders: number; touches: TouchRow[] }> {
  const [{ rows: touches }, { rows: all }] = await Promise.all([
    ctx.pool.query<TouchRow>(
      `with earned as materialized (
         select c.order_id, o.total_cents as cents, o.customer_id, o.ordered_at, nullif(upper(trim(o.coupon_code)), '') as code
         from orders as o join conversions as c on c.order_id = o.id where o.ordered_at >= $1 and o.ordered_at < $2 order by o.ordered_at desc limit $5
       ), touched as (
         select e.order_id, v.send_id, min(v.occurred_at) as at
         from earned as e join analytics_events as v on v.customer_id = e.customer_id
         where v.event_type = 'click' and v.machine is not true and v.send_id is not null
           and v.id >= uuidv7_floor($1::timestamptz - make_interval(secs => $3)) and v.id < uuidv7_floor($2::timestamptz)
           and v.occurred_at <= e.ordered_at and v.occurred_at > e.ordered_at - make_interval(secs => $3) group by 1, 2
         union
         select e.order_id, s.id, s.sent_at from earned as e join sends as s on s.customer_id = e.customer_id
         where e.code is not null and upper(trim(offer_of(s) ->> 'code')) = e.code and s.sent_at <= e.ordered_at and s.sent_at > e.ordered_at - make_interval(secs => $4)
       ), one as (select t.order_id, t.send_id, min(t.at) as at from touched as t group by 1, 2)
       select one.order_id, earned.cents, earned.ordered_at, one.at, s.campaign_id, campaigns.name as campaign, s.channel
       from one join earned on earned.order_id = one.order_id join sends as s on s.id = one.send_id left join campaigns on campaigns.id = s.campaign_id
       order by one.order_id, one.at, one.send_id`,
      [from, to, clickWindowMs / 1000, couponWindowMs / 1000, mostOrders],
    ),
    ctx.pool.query<{ n: number }>(
      'select count(*) as n from conversions as c join orders as o on o.id = c.order_id where o.ordered_at >= $1 and o.ordered_at < $2',
      [from, to],
    ),
  ])
  return { orders: all[0]!.n, touches }
}
