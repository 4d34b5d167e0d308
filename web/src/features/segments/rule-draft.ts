import { fieldOf, type FieldName } from '#core/segments/fields.ts'
import type { Condition, Rule } from '#core/segments/rule.ts'

/** What the builder offers for a kind of condition before anybody has touched it. */
export function freshCondition(subject: string): Condition {
  if (subject === 'orders') return { orders: 'count', is: { op: 'at_least', value: 1 }, in: { last_days: 90 } }
  if (subject === 'last_order') return { orders: 'last', is: { op: 'before_last', days: 60 } }
  if (subject === 'messages') return { messages: 'open', is: { op: 'at_least', value: 1 }, in: { last_days: 30 } }
  const field = subject as FieldName
  const { type, choices } = fieldOf(field)
  switch (type) {
    case 'text':
      return { field, op: 'contains', value: '' }
    case 'choice':
      return { field, op: 'is', value: choices ? [Object.keys(choices)[0]!] : [] }
    case 'list':
      return { field, op: 'has_any', value: [] }
    case 'flag':
      return { field, op: 'is', value: true }
    case 'instant':
      return { field, op: 'in_last', days: 30 }
    case 'birthday':
      return { field, op: 'in_next', days: 30 }
    default:
      return { field, op: 'at_least', value: 1 }
  }
}

/** The entry of the "what" list that a condition belongs to. */
export function subjectOf(condition: Condition): string {
  if ('orders' in condition)
    return condition.orders === 'first' || condition.orders === 'last' ? 'last_order' : 'orders'
  return 'messages' in condition ? 'messages' : condition.field
}

export type GroupKind = 'all' | 'any' | 'not'

/** The rule with a group at the top, as the builder shows it. */
export function asGroup(rule: unknown): Rule {
  const known = rule as Rule | null
  if (known && ('all' in known || 'any' in known || 'not' in known)) return known
  return { all: known && typeof known === 'object' && Object.keys(known).length > 0 ? [known] : [] }
}

export const groupOf = (kind: GroupKind, parts: Rule[]): Rule => ({ [kind]: parts }) as unknown as Rule

/** Comma separated words, empty ones left out. */
export const wordsOf = (text: string): string[] =>
  text
    .split(',')
    .map((w) => w.trim())
    .filter(Boolean)
