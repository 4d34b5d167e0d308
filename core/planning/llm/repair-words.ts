import type { PlannerFacts } from '../facts.ts'

const words: Record<string, string> = {
  'shop-outside-week': 'The day is not in the week. Use a day of “week”.',
  'shop-day-over': 'The day is over. Use a day of “week”.',
  'shop-channels': 'This channel is not in use. Use one of “channels”.',
  'shop-template': 'There is no template for this channel. Use the other one.',
  'shop-store-sells': 'The stores of this segment do not sell this department.',
  'shop-offer-dates': 'The offer does not hold on this day: see “valid_from” and “valid_to”.',
  'shop-email-window': 'The hours lie outside “email_hours”.',
  'shop-sms-window': 'The hours lie outside “text_hours”.',
  'shop-sms-default-hours': 'Nothing of these hours is open for texts: see “text_hours”.',
  'shop-entry-twice': 'The same entry is there twice.',
  'shop-one-a-day': 'The segment gets another message on that day already.',
  'cap-week': 'The segment has all its messages of the week already.',
  'cap-sms-week': 'The segment has all its texts of the week already.',
  'shop-email-per-day': 'More emails would leave on this day than “emails_per_day”.',
}

/**
 * What a rule says, for a model: fixed sentences and the shipped text of the law. Verdicts themselves name stores and
 * offers, which people typed, and must not stand where instructions stand.
 */
export function repairWords(ruleId: string, facts: Pick<PlannerFacts, 'policy'>): string {
  const known = words[ruleId]
  if (known) return known
  const rule = facts.policy.rules.find((r) => r.id === ruleId)
  if (rule) return `The law forbids it in the stores of this segment: ${rule.summary}`
  if (ruleId.endsWith('-quiet-hours')) return 'The state of its stores lets no text arrive in these hours on this day.'
  return 'It breaks a limit of the shop.'
}
