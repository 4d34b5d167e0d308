import { expect, test } from 'vitest'
import { ruleOfFilter } from './from-filter.ts'
import { ruleProblems } from './rule.ts'
import { sayRule } from './sentence.ts'

const words = { money: (cents: number) => `$${cents / 100}` }

test('a filter becomes a rule that reads as English', () => {
  const made = ruleOfFilter({
    churn_risk: ['high'],
    state: ['ny', 'NJ'],
    not_bought_for_days: 60,
    clv_min_cents: 50_000,
    orders_min: 2,
    orders_max: 9,
    without_tags: ['staff'],
    has_email: true,
  })
  if ('problems' in made) throw new Error('it can be said')
  expect(ruleProblems(made.rule)).toEqual([])
  expect(sayRule(made.rule, words)).toBe(
    'churn risk is high and state is NY or NJ and email is known and (last order is not known or last order is more than 60 days ago) and number of orders is between 2 and 9 and 12-month value is at least $500 and tags include neither staff',
  )
})

test('what a rule cannot say is refused with a sentence and a cure each', () => {
  const made = ruleOfFilter({ q: 'maya', import_id: 'x', is_demo: false, success_min_pct: 0, state: ['NY'] })
  if (!('problems' in made)) throw new Error('it cannot be said')
  expect(made.problems.map((p) => p.filter)).toEqual(['q', 'import_id', 'success_min_pct', 'is_demo'])
  for (const { message } of made.problems) expect(message).toMatch(/^.+[.:] .+\.$/)
})

test('no filter is everybody, and everybody is no segment', () => {
  for (const filter of [{}, { deleted: false }, { q: '' }, { tags: [] }])
    expect(ruleOfFilter(filter)).toHaveProperty('problems')
})

test('hours over midnight are two stretches, a lone bound is one', () => {
  expect(ruleOfFilter({ hour_from: 21, hour_to: 2 })).toEqual({
    rule: {
      all: [
        {
          any: [
            { field: 'avg_purchase_hour', op: 'at_least', value: 21 },
            { field: 'avg_purchase_hour', op: 'less_than', value: 2 },
          ],
        },
      ],
    },
  })
  expect(ruleOfFilter({ hour_to: 12 })).toEqual({
    rule: { all: [{ field: 'avg_purchase_hour', op: 'less_than', value: 12 }] },
  })
})
