import { beforeAll, describe, expect, test } from 'vitest'
import { scoring, type Affinities, type ModelCard } from '#contract/scoring.ts'
import { analytics, type ChurnReport } from '#contract/analytics.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { asOf, fillShop, idOf, makeOrders } from '#test/scored-shop.ts'
import { scoreCustomers } from './score.ts'

let shop: TestApp
const get = async <T>(url: string, status = 200): Promise<T> => {
  const answer = await shop.as('user')({ method: 'GET', url: `/api/v1${url}` })
  expect([url, answer.statusCode, answer.body.slice(0, 200)]).toEqual([url, status, expect.any(String)])
  return answer.json()
}

beforeAll(async () => {
  shop = await testApp({ clock: () => asOf })
})

test('before the first scoring every question says what to do', async () => {
  const { detail } = await get<{ detail: string }>('/scoring/model', 404)
  expect(detail).toContain('liquor-agent score')
  expect((await get<{ total: number }>('/scoring/models')).total).toBe(0)
  const churn = analytics.churn.reply.parse(await get('/analytics/churn'))
  expect(churn).toMatchObject({ scored: 0, model: null, horizon_weeks: null, at_risk: [] })
})

describe('a shop that was scored', () => {
  beforeAll(async () => {
    await fillShop({ pool: shop.ctx.pool } as never, 260, makeOrders(260))
    await shop.ctx.pool.query(`update products set stock = case sku when 'l' then 0 else 12 end, size_ml = 750`)
    await scoreCustomers(shop.ctx, { asOf })
  })

  test('the model card tells data, parameters, test and limits', async () => {
    const card = scoring.model.reply.parse(await get<ModelCard>('/scoring/model'))
    const { rows } = await shop.ctx.pool.query<{ customers: number; orders: number }>(
      `select count(distinct o.customer_id)::int as customers, count(*)::int as orders from orders as o where o.total_cents >= 0 and o.ordered_at <= $1`,
      [asOf],
    )
    expect(card.data).toMatchObject(rows[0]!)
    expect(card.scored).toBe(rows[0]!.customers)
    expect(card.parameters.map((p) => p.name)).toEqual(expect.arrayContaining(['k', 'r', 'alpha', 'trend']))
    expect(card.backtest).toMatchObject({
      weeks: 13,
      candidates: expect.arrayContaining([expect.objectContaining({ method: 'hiatus' })]),
    })
    expect(card.backtest!.bins.reduce((sum, bin) => sum + bin.customers, 0)).toBe(card.backtest!.customers)
    expect(card.limits.length).toBeGreaterThan(3)
    expect(card.verdict).toMatch(/13 weeks/)
    const list = scoring.models.reply.parse(await get('/scoring/models?page_size=5'))
    expect(list.data[0]).toMatchObject({ version: card.version, customers: rows[0]!.customers })
    expect(await get<ModelCard>(`/scoring/model?version=${encodeURIComponent(card.version)}`)).toMatchObject({
      version: card.version,
    })
    await get('/scoring/model?version=nonsense', 404)
  })

  test('the churn report counts everybody once, and says where the most is at stake', async () => {
    const report = analytics.churn.reply.parse(await get<ChurnReport>('/analytics/churn?limit=30'))
    for (const part of [report.classes, report.segments])
      expect(part.reduce((n, c) => n + c.customers, 0)).toBe(report.scored)
    const isNew = report.classes.find((c) => c.risk === 'new')!.customers
    expect(report.distribution.reduce((n, c) => n + c.customers, 0)).toBe(report.scored - isNew)
    expect(report.segments.reduce((n, c) => n + c.at_stake_cents, 0)).toBe(report.at_stake_cents)
    const stakes = report.at_risk.map((c) => c.at_stake_cents)
    expect(stakes).toEqual(stakes.toSorted((a, b) => b - a))
    expect(report.at_risk.every((c) => c.reasons.length > 0 && c.churn_pct <= 90)).toBe(true)
    // role user sees that it is somebody, not who
    expect(report.at_risk[0]!.name).toMatch(/^\w\.( \w\.)?$/)
    const [segment] = report.segments
    const some = await get<ChurnReport>(`/analytics/churn?segment=${segment!.segment}&risk=high`)
    expect(some.at_risk.every((c) => c.segment === segment!.segment && c.risk === 'high')).toBe(true)
    await get('/analytics/churn?risk=new', 400)
  })

  test('affinities are shares that add up, and say what the shop sells beside', async () => {
    const likes: Affinities = scoring.affinities.reply.parse(await get(`/customers/${idOf(7)}/affinities`))
    expect(likes.categories[0]!.share).toBeGreaterThan(likes.categories[0]!.shop_share)
    for (const list of [likes.price_tiers, likes.sizes, likes.occasions])
      expect(list.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1, 6)
    await get(`/customers/${idOf(999_999)}/affinities`, 404)
  })

  test('recommendations are in stock, inside the licence, and for adults', async () => {
    const list = scoring.recommendations.reply.parse(await get(`/customers/${idOf(7)}/recommendations`))
    expect(list.data.length).toBeGreaterThan(0)
    // the lager is sold out
    expect(list.data.map((r) => r.sku)).not.toContain('l')
    for (const r of list.data) expect(r.reason).not.toBe('')
    const minor = await get<{ data: unknown[]; note: string }>(`/customers/${idOf(5)}/recommendations`)
    expect(minor).toEqual({ data: [], note: 'Under age: nothing with alcohol is shown.' })
    await shop.ctx.pool.query(`update stores set sells = '{wine}'`)
    const wine = await get<{ data: { category: string }[] }>(`/customers/${idOf(7)}/recommendations`)
    expect(wine.data.every((r) => r.category === 'Chardonnay')).toBe(true)
  })
})
