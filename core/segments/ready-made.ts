import type { Rule } from './rule.ts'

/** A segment to start from; every figure in it is a suggestion for the shopkeeper to change. */
export interface ReadyMade {
  name: string
  description: string
  rules: Rule
  /** playbook: offer kinds, best first */
  offers: readonly string[]
}

export const readyMade: readonly ReadyMade[] = [
  {
    name: 'Lapsed bourbon buyers',
    description: 'Bought bourbon twice or more, but not for two months',
    rules: {
      all: [
        { orders: 'count', is: { op: 'at_least', value: 2 }, where: { categories: ['Bourbon'] } },
        { orders: 'last', is: { op: 'before_last', days: 60 }, where: { categories: ['Bourbon'] } },
      ],
    },
    offers: ['content', 'early_access', 'amount_off'],
  },
  {
    name: 'Holiday gifters',
    description: 'Bought in December a year ago and little since',
    rules: {
      all: [
        {
          orders: 'count',
          is: { op: 'at_least', value: 1 },
          in: { from_days_ago: 380, to_days_ago: 320 },
          where: { min_total_cents: 7500 },
        },
        { orders: 'count', is: { op: 'at_most', value: 2 }, in: { last_days: 300 } },
      ],
    },
    offers: ['gift', 'content'],
  },
  {
    name: 'Night buyers',
    description: 'Order in the evening as a habit',
    rules: { all: [{ field: 'is_night_buyer', op: 'is', value: true }] },
    offers: ['content', 'early_access'],
  },
  {
    name: 'Leaving and worth keeping',
    description: 'High churn risk and a high value',
    rules: {
      all: [
        { field: 'churn_risk', op: 'is', value: ['high'] },
        { field: 'clv_cents', op: 'at_least', value: 20_000 },
      ],
    },
    offers: ['amount_off', 'tasting_event', 'content'],
  },
  {
    name: 'Case buyers',
    description: 'Six bottles or more of wine in a quarter',
    rules: {
      all: [
        {
          orders: 'items',
          is: { op: 'at_least', value: 6 },
          in: { last_days: 90 },
          where: { departments: ['wine'] },
        },
      ],
    },
    offers: ['multi_buy', 'early_access', 'content'],
  },
  {
    name: 'Reads but does not buy',
    description: 'Opened three messages in two months without ordering',
    rules: {
      all: [
        { messages: 'open', is: { op: 'at_least', value: 3 }, in: { last_days: 60 } },
        { orders: 'count', is: { op: 'at_most', value: 0 }, in: { last_days: 60 } },
      ],
    },
    offers: ['tasting_event', 'content'],
  },
  {
    name: 'Due for the usual',
    description: 'Longer away than their own rhythm says',
    rules: {
      all: [
        { field: 'due_ratio', op: 'between', from: 1, to: 2 },
        { field: 'purchase_frequency', op: 'at_least', value: 4 },
      ],
    },
    offers: ['content'],
  },
  {
    name: 'Birthday this month',
    description: 'Birthday within 30 days; the gate still asks for 21',
    rules: { all: [{ field: 'birthday', op: 'in_next', days: 30 }] },
    offers: ['gift', 'content'],
  },
]
