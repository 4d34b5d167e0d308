import type { Pool } from 'pg'
import type { scoring } from '#contract/scoring.ts'
import type { Answer, Received } from '#contract/http.ts'
import { limitsOf, methodWords, parametersOf, verdictWords } from '#core/scoring/model-card.ts'
import { AppError, notFound } from '../http/errors.ts'
import { readModel } from './model-store.ts'

const dayOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)

/** The model in force or an earlier one. Throws not_found when there is none (yet). */
export async function readModelCard(pool: Pool, version: string | undefined): Promise<Answer<typeof scoring.model>> {
  const stored = await readModel(pool, version)
  if (!stored && version !== undefined) throw notFound('model', version)
  if (!stored)
    throw new AppError(
      'not_found',
      'There is no model yet. Import orders and score the customers: POST /api/v1/scores/compute, or `liquor-agent score`.',
    )
  const { model, fit, backtest } = stored
  const { rows } = await pool.query<{ n: number }>(
    'select count(*)::int as n from customer_scores as s where s.model_version = $1',
    [stored.version],
  )
  const { data } = fit
  return {
    version: stored.version,
    as_of: stored.as_of,
    created_at: stored.created_at,
    method: model.churn.method,
    method_words: methodWords[model.churn.method],
    verdict: verdictWords(backtest),
    horizon_weeks: model.horizonWeeks,
    data: {
      customers: data.customers,
      orders: data.orders,
      first_day: data.first_day === null ? null : dayOf(data.first_day),
      last_day: data.last_day === null ? null : dayOf(data.last_day),
      sampled: data.sampled,
    },
    parameters: parametersOf(model),
    regularity: fit.regularity,
    log_likelihood: fit.log_likelihood,
    fit_seconds: fit.fit_seconds,
    backtest: backtest && {
      known_until: dayOf(backtest.known_until),
      tested_until: dayOf(backtest.tested_until),
      weeks: backtest.weeks,
      customers: backtest.customers,
      active_share: backtest.active_share,
      orders: backtest.orders,
      bias: backtest.bias,
      bias_before_trend: backtest.bias_before_trend,
      trend: backtest.trend,
      recency_auc: backtest.recency_auc,
      // Tests that were stored earlier have none.
      auc_error: (backtest.auc_error as number | undefined) ?? null,
      bias_error: (backtest.bias_error as number | undefined) ?? null,
      candidates: backtest.candidates,
      chosen: backtest.chosen,
      bins: backtest.bins,
    },
    limits: limitsOf(model, fit, backtest),
    scored: rows[0]!.n,
  }
}

/** Earlier models with the figures of their tests. */
export async function listModels(
  pool: Pool,
  query: Received<typeof scoring.models>['query'],
): Promise<Answer<typeof scoring.models>> {
  const { rows: counted } = await pool.query<{ total: number }>('select count(*)::int as total from model_versions')
  const { rows } = await pool.query<Answer<typeof scoring.models>['data'][number]>(
    `select m.version, m.as_of, m.created_at, m.model -> 'churn' ->> 'method' as method, (m.fit -> 'data' ->> 'customers')::int as customers,
       (c.one ->> 'auc')::float8 as auc, (c.one ->> 'brier')::float8 as brier, (m.backtest ->> 'bias')::float8 as bias
     from model_versions as m
     left join lateral (
       select e.one from jsonb_array_elements(m.backtest -> 'candidates') as e(one) where e.one ->> 'method' = m.backtest ->> 'chosen'
     ) as c on true
     order by m.created_at desc, m.as_of desc, m.version limit $1 offset $2`,
    [query.page_size, (query.page - 1) * query.page_size],
  )
  return {
    data: rows,
    page: query.page,
    page_size: query.page_size,
    total: counted[0]!.total,
    total_is_exact: true,
    next_cursor: null,
  }
}
