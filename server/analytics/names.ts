import type { Actor } from '../audit.ts'

/** People with the role `user` see that it is a customer, not which one. */
export function shownName(actor: Actor, name: string | null): string {
  if (name === null || name.trim() === '') return 'Customer'
  if (actor.role !== 'user') return name
  return name
    .trim()
    .split(/\s+/)
    .map((part) => `${part.slice(0, 1)}.`)
    .slice(0, 2)
    .join(' ')
}

const knownRules: Record<string, string> = {
  unsubscribe: 'Unsubscribed before it was due',
  hard_bounce: 'Address bounced before it was due',
  complaint: 'Reported us as spam before it was due',
  stop: 'Texted STOP before it was due',
}

/** A rule's id as words: `consent.email_missing` -> "Consent: email missing". */
export function ruleLabel(ruleId: string): string {
  const known = knownRules[ruleId]
  if (known) return known
  const words = ruleId.replace(/[._:-]+/g, ' ').trim()
  return words === '' ? 'No reason stored' : words.charAt(0).toUpperCase() + words.slice(1)
}
