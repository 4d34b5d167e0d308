import type { Backtest } from './backtest.ts'
import type { ChurnMethod } from './churn-model.ts'
import type { ShopFit, ShopModel } from './shop-model.ts'

/** How a model tells who comes back, in a shopkeeper's words. */
export const methodWords: Record<ChurnMethod, string> = {
  supervised: 'purchase model and regression on recency, frequency, rhythm and spend',
  formula: 'purchase model',
  hiatus: 'hiatus rule: how long somebody is quiet against their own gaps',
}

/** What the test on the last weeks decided, and why. */
export function verdictWords(backtest: Backtest | null): string {
  if (backtest === null)
    return 'Not tested: the shop is too young, or too few customers came or stayed away. The purchase model is used with the habits of typical liquor shops; take its figures as a guess.'
  const weeks = `the last ${backtest.weeks} weeks`
  const bias = `${Math.abs(Math.round(backtest.bias * 100))}% too ${backtest.bias < 0 ? 'few' : 'many'} orders`
  switch (backtest.verdict) {
    case 'supervised_earned_it':
      return `Tested on ${weeks}, which it had not seen: the regression was nearer to what happened than the purchase model alone, so it is used.`
    case 'formula_is_as_good':
      return `Tested on ${weeks}, which it had not seen: the regression added nothing, so the simpler purchase model is used.`
    case 'loses_to_recency':
      return `Tested on ${weeks}, the model ranked customers worse than “who was here last” does. Until that changes the hiatus rule and past rates are used.`
    case 'biased':
      return `Tested on ${weeks}, the model expected ${bias}. Until that changes the hiatus rule and past rates are used.`
  }
}

export interface Parameter {
  name: string
  value: number
  meaning: string
}

/** The figures of a model with what they mean. */
export function parametersOf(model: ShopModel): Parameter[] {
  const { purchases: p, spend: s, gaps: g } = model
  const weekly = p.r / p.alpha / p.k
  return [
    {
      name: 'k',
      value: p.k,
      meaning:
        p.k === 1
          ? 'Gaps between orders are as irregular as chance.'
          : `Gaps between orders are more regular than chance: ${p.k} steps of a clock per order.`,
    },
    { name: 'r', value: p.r, meaning: 'How much customers differ in pace: below 1 very much, above 2 little.' },
    {
      name: 'alpha',
      value: p.alpha,
      meaning: `Pace: with r, about ${weekly.toFixed(2)} orders a week while a customer is there.`,
    },
    { name: 'a', value: p.a, meaning: 'With b: chance to leave after an order.' },
    {
      name: 'b',
      value: p.b,
      meaning: `With a: about ${Math.round((100 * p.a) / (p.a + p.b))}% leave after their first order.`,
    },
    { name: 'p', value: s.p, meaning: 'How even the baskets of one customer are: high means alike.' },
    { name: 'q', value: s.q, meaning: 'How much customers differ in basket: low means very much.' },
    {
      name: 'v',
      value: s.v,
      meaning: `Scale of baskets: a new customer’s is worth about ${((s.p * s.v) / (Math.max(s.q, 1.05) - 1)).toFixed(2)} ${model.currency}.`,
    },
    {
      name: 'gap',
      value: Math.exp(g.mu),
      meaning: 'Usual gap between orders in days, in the middle of the customers.',
    },
    {
      name: 'trend',
      value: model.trend,
      meaning: 'Orders that came lately over those the model expected; 1 = as expected.',
    },
    { name: 'year trend', value: model.yearTrend, meaning: 'The part of it that counts for the next twelve months.' },
  ]
}

/** What the scores cannot know; the ones that apply to this model. */
export function limitsOf(model: ShopModel, fit: ShopFit, backtest: Backtest | null): string[] {
  const limits = [
    'Seasons are not modelled: before a holiday more orders come than expected, in January fewer.',
    'Orders under another name, in another shop or without a customer number are not seen.',
    'The interval of a customer’s value holds if the shop goes on as it does; it does not cover a new competitor or a new law.',
    'Scores rank and price groups of customers well and single customers poorly: most of what one person does is chance.',
  ]
  if (backtest === null) limits.unshift('This model has not been tested on weeks it had not seen.')
  if (model.churn.method === 'hiatus') limits.unshift('The model failed its test; values are past rates carried on.')
  if (backtest && backtest.weeks < 13)
    limits.unshift(`Tested on ${backtest.weeks} weeks only: the shop’s history is short.`)
  if (model.cuts === null)
    limits.unshift('Fewer than 200 customers: fifths are fixed thresholds in days, orders and dollars.')
  if (!fit.converged) limits.unshift('The fit did not settle; the parameters are the best that were found.')
  return limits
}
