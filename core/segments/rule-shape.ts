import type { Rule } from './rule.ts'

/** The parts of a group, null for a condition. */
export function partsOf(rule: Rule): { kind: 'all' | 'any' | 'not'; parts: Rule[] } | null {
  if ('all' in rule) return { kind: 'all', parts: rule.all }
  if ('any' in rule) return { kind: 'any', parts: rule.any }
  if ('not' in rule) return { kind: 'not', parts: rule.not }
  return null
}

/** True when a rule looks at orders or messages, not only at what is stored with the customer. */
export function hasBehaviour(rule: Rule): boolean {
  const group = partsOf(rule)
  return group ? group.parts.some(hasBehaviour) : 'orders' in rule || 'messages' in rule
}
