import { addDays, intersectWindows } from '../calendar.ts'
import type { PlannerFacts } from './facts.ts'
import { storeVerdicts } from './heuristic.ts'
import type { PlanChange, PlanEntry } from './plan.ts'

/**
 * Holds any plan, whoever wrote it, against the hard limits: days, segments, channels, templates, law of the stores,
 * windows, weekly caps, daily capacity. What can be mended is mended, the rest is dropped; both are told. Where two
 * entries compete, locked ones stay before unlocked, then those worth more.
 */
export function checkPlan(
  entries: readonly PlanEntry[],
  facts: PlannerFacts,
): { entries: PlanEntry[]; changes: PlanChange[] } {
  const changes: PlanChange[] = []
  const drop = (entry: PlanEntry, message: string, rule_id: string | null): void => {
    changes.push({ entry_id: entry.id, what: 'dropped', message, rule_id })
  }
  const kept: PlanEntry[] = []
  const ids = new Set<string>()
  for (const given of entries.toSorted((a, b) => Number(b.locked) - Number(a.locked) || b.score - a.score)) {
    const segment = facts.segments.find((s) => s.key === given.segment)
    if (!segment) {
      drop(given, `There is no segment “${given.segment}” any more.`, null)
      continue
    }
    if (ids.has(given.id)) {
      drop(given, 'The same entry was there twice.', null)
      continue
    }
    if (given.day < facts.week_start || given.day > addDays(facts.week_start, 6)) {
      drop(given, `${given.day} is not in the week that starts on ${facts.week_start}.`, null)
      continue
    }
    if (given.day < facts.first_day) {
      drop(given, `${given.day} is over.`, 'shop-day-over')
      continue
    }
    if (!facts.limits.channels.includes(given.channel)) {
      drop(given, `The channel ${given.channel} is not in use.`, 'shop-channels')
      continue
    }
    const template = facts.templates.find((t) => t.id === given.template_id && t.channel === given.channel)
    if (given.template_id !== null && !template) {
      drop(given, `Its template is no longer active, or not for ${given.channel}.`, 'shop-template')
      continue
    }
    const verdicts = storeVerdicts(given.offer, segment, given.day, facts)
    const denied = verdicts.find((v) => v.outcome === 'deny')
    if (denied) {
      drop(given, `${denied.summary}${denied.cure ? ` ${denied.cure}` : ''}`, denied.rule_id)
      continue
    }
    const shop = given.channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
    const window = intersectWindows(given.window, shop)
    if (!window) {
      drop(
        given,
        `Its window ${given.window.start} to ${given.window.end} lies outside the shop’s, ${shop.start} to ${shop.end}.`,
        `shop-${given.channel}-window`,
      )
      continue
    }
    if (window.start !== given.window.start || window.end !== given.window.end) {
      changes.push({
        entry_id: given.id,
        what: 'changed',
        message: `The window was cut to ${window.start} to ${window.end}.`,
        rule_id: `shop-${given.channel}-window`,
      })
    }
    const own = kept.filter((e) => e.segment === given.segment)
    if (own.some((e) => e.day === given.day)) {
      drop(given, 'The segment gets another message on that day already.', 'shop-one-a-day')
      continue
    }
    if (own.length >= facts.limits.max_per_customer_week) {
      drop(
        given,
        `The segment has its ${facts.limits.max_per_customer_week} messages for the week already.`,
        'cap-week',
      )
      continue
    }
    if (
      given.channel === 'sms' &&
      own.filter((e) => e.channel === 'sms').length >= facts.limits.max_sms_per_customer_week
    ) {
      drop(
        given,
        `The segment has its ${facts.limits.max_sms_per_customer_week} texts for the week already.`,
        'cap-sms-week',
      )
      continue
    }
    const perDay = facts.limits.email_per_day
    if (given.channel === 'email' && perDay !== null) {
      const load = kept.filter((e) => e.day === given.day && e.channel === 'email').reduce((sum, e) => sum + e.reach, 0)
      if (load + given.reach > perDay) {
        drop(
          given,
          `With it ${load + given.reach} emails would leave on ${given.day}; the limit is ${perDay}.`,
          'shop-email-per-day',
        )
        continue
      }
    }
    ids.add(given.id)
    kept.push({ ...given, window, verdicts })
  }
  return { entries: kept.toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1)), changes }
}
