import { addDays, intersectWindows } from '../calendar.ts'
import { clockHours } from '../compliance/contact-hours.ts'
import type { Verdict } from '../compliance/verdict.ts'
import { checkCopy } from './copy.ts'
import type { PlannerFacts, SegmentFacts } from './facts.ts'
import { overlap, storeVerdicts } from './week.ts'
import type { Offer } from './offer.ts'
import { Window, type PlanChange, type PlanEntry, type Refusal } from './plan.ts'
import { budgetLeft, budgetWords, spendOf } from './spend.ts'
import { chooseTemplate } from './template-choice.ts'
import { lawfulReach, storesOf } from './worth.ts'

export interface CheckedPlan {
  entries: PlanEntry[]
  /** what was mended or dropped, each with its rule */
  changes: PlanChange[]
  /** the dropped ones as the plan shows them, with source and cure */
  refused: Refusal[]
}

/** `entry` as it may stay (with what was mended), or the verdict that drops it. */
type Judgement = { entry: PlanEntry; mended: Verdict[] } | { drop: Verdict }

const shopSays = (rule_id: string, summary: string, cure: string): Verdict => ({
  outcome: 'deny',
  rule_id,
  summary,
  source: 'shop setting',
  confidence: 'high',
  cure,
})

/**
 * Holds any plan, whoever wrote it, against the hard limits: days, segments, offers of the catalogue, channels, templates,
 * law of the stores, hours, weekly caps, daily capacity. What can be mended is mended, the rest is dropped; both are told
 * with the rule. Where two entries compete, locked ones stay before unlocked, then those worth more.
 * @param counted ids of entries whose reach was counted customer by customer; what others claim is not believed
 */
export function checkPlan(
  entries: readonly PlanEntry[],
  facts: PlannerFacts,
  counted: ReadonlySet<string> = new Set(),
): CheckedPlan {
  const changes: PlanChange[] = []
  const refused: Refusal[] = []
  const kept: PlanEntry[] = []
  for (const given of entries.toSorted((a, b) => Number(b.locked) - Number(a.locked) || b.score - a.score)) {
    const alone = judgeAlone(given, facts, counted)
    const judged = 'drop' in alone ? alone : judgeBeside(alone, kept, facts)
    if ('drop' in judged) {
      const { summary, cure, rule_id } = judged.drop
      changes.push({ entry_id: given.id, what: 'dropped', message: cure ? `${summary} ${cure}` : summary, rule_id })
      refused.push({
        segment: given.segment,
        channel: given.channel,
        offer_title: given.offer.title,
        day: isDay(given.day) ? given.day : null,
        verdict: judged.drop,
      })
      continue
    }
    for (const { summary, rule_id } of judged.mended)
      changes.push({ entry_id: given.id, what: 'changed', message: summary, rule_id })
    kept.push(judged.entry)
  }
  return {
    entries: kept.toSorted((a, b) => (a.day === b.day ? b.score - a.score : a.day < b.day ? -1 : 1)),
    changes,
    refused,
  }
}

const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text)

/** Everything that can be said about one entry without the others. */
function judgeAlone(given: PlanEntry, facts: PlannerFacts, counted: ReadonlySet<string>): Judgement {
  const segment = facts.segments.find((s) => s.key === given.segment)
  if (!segment)
    return {
      drop: shopSays('shop-segment-unknown', `There is no segment “${given.segment}”.`, 'Choose one that is active.'),
    }
  const offer = facts.offers.find((o) => o.id === given.offer.id)
  if (!offer)
    return {
      drop: shopSays(
        'shop-offer-unknown',
        `“${given.offer.title}” is not an offer of this shop, or is no longer active.`,
        'Choose an active offer of the catalogue.',
      ),
    }
  if (!isDay(given.day) || given.day < facts.week_start || given.day > addDays(facts.week_start, 6))
    return {
      drop: shopSays(
        'shop-outside-week',
        `${given.day} is not in the week that starts on ${facts.week_start}.`,
        'Choose a day of the week.',
      ),
    }
  if (given.day < facts.first_day)
    return { drop: shopSays('shop-day-over', `${given.day} is over.`, 'Choose a later day.') }
  if (!facts.limits.channels.includes(given.channel))
    return {
      drop: shopSays('shop-channels', `The channel ${given.channel} is not in use.`, 'Choose another channel.'),
    }
  const template =
    given.template_id === null
      ? chooseTemplate(facts.templates, given.channel, offer, segment)
      : facts.templates.find((t) => t.id === given.template_id && t.channel === given.channel)
  if (!template)
    return {
      drop: shopSays(
        'shop-template',
        `Its template is no longer active, or not for ${given.channel}.`,
        'Choose another template, or make one.',
      ),
    }
  const verdicts = storeVerdicts(offer, segment, given.day, facts)
  const denied = verdicts.find((v) => v.outcome === 'deny')
  if (denied) return { drop: denied }
  const reach = counted.has(given.id) ? given.reach : reachOf(given, offer, segment, facts)
  const entry = { ...given, offer, template_id: template.id, verdicts, reach }
  const words = withLawfulCopy(entry, facts)
  const judged = withinHours(words.entry, segment, facts)
  return 'drop' in judged ? judged : { entry: judged.entry, mended: [...words.mended, ...judged.mended] }
}

/** Whom the entry can reach at most: of its groups where it names some. */
function reachOf(given: PlanEntry, offer: Offer, segment: SegmentFacts, facts: PlannerFacts): number {
  const all = lawfulReach(offer, segment, given.channel, facts)
  if (!given.audience || !segment.groups) return all
  const people = (groups: typeof segment.groups): number => groups.reduce((n, g) => n + g.reachable[given.channel], 0)
  const whole = people(segment.groups)
  return whole === 0
    ? 0
    : Math.round((all * people(segment.groups.filter((g) => given.audience!.includes(g.key)))) / whole)
}

/** The entry without its words, where they promise more than the offer or say what must not be said. */
function withLawfulCopy(entry: PlanEntry, facts: PlannerFacts): Extract<Judgement, { entry: PlanEntry }> {
  const [fault] = entry.copy ? checkCopy(entry.copy, entry.channel, entry.offer, facts.policy, facts.currency) : []
  if (!fault) return { entry, mended: [] }
  const { copy: _, ...rest } = entry
  return { entry: rest, mended: [{ ...fault, summary: `Its words were taken out. ${fault.summary}` }] }
}

/** The window cut to the shop's; dropped when nothing of it is open, or no state of its stores lets a text arrive. */
function withinHours(entry: PlanEntry, segment: SegmentFacts, facts: PlannerFacts): Judgement {
  const shop = entry.channel === 'email' ? facts.contact.email_window : facts.contact.sms_window
  const isWindow = Window.safeParse(entry.window).success && entry.window.end > entry.window.start
  const window = isWindow ? intersectWindows(entry.window, shop) : null
  if (!window)
    return {
      drop: shopSays(
        `shop-${entry.channel}-window`,
        `Its window ${entry.window.start} to ${entry.window.end} lies outside the shop’s, ${shop.start} to ${shop.end}.`,
        'Choose a window inside it.',
      ),
    }
  // Most customers live where they shop; each one's own hours are kept when messages are made.
  const hours = storesOf(segment, facts).map((store) =>
    clockHours(
      entry.day,
      { channel: entry.channel, state: store.state, limits: facts.contact, policy: facts.policy },
      window,
    ),
  )
  const [first] = hours
  if (first && hours.every((h) => h.window === null))
    return {
      drop: {
        outcome: 'deny',
        rule_id: first.rule.id,
        summary: `Of ${window.start} to ${window.end} nothing is open: ${first.rule.summary}`,
        source: first.rule.source,
        confidence: first.rule.confidence,
        cure: 'Choose earlier hours, another day, or email.',
      },
    }
  const isCut = window.start !== entry.window.start || window.end !== entry.window.end
  return {
    entry: { ...entry, window },
    mended: isCut
      ? [
          shopSays(
            `shop-${entry.channel}-window`,
            `The window was cut to ${window.start} to ${window.end}.`,
            'Widen the shop’s window in the settings.',
          ),
        ]
      : [],
  }
}

/** Caps and capacity: what is kept already has its share. */
function judgeBeside(
  judged: Extract<Judgement, { entry: PlanEntry }>,
  kept: readonly PlanEntry[],
  facts: PlannerFacts,
): Judgement {
  const { limits } = facts
  const { entry } = judged
  const cap = (rule: string, summary: string): Judgement => ({
    drop: shopSays(rule, summary, 'Remove another message, or raise the limit in the settings.'),
  })
  if (kept.some((e) => e.id === entry.id)) return cap('shop-entry-twice', 'The same entry was there twice.')
  // Entries for other groups of the segment reach other people: only those that meet somebody count.
  const own = kept.filter((e) => overlap(e, entry))
  if (own.some((e) => e.day === entry.day))
    return cap('shop-one-a-day', 'The segment gets another message on that day already.')
  if (mostPerGroup(own, entry) >= limits.max_per_customer_week)
    return cap('cap-week', `The segment has its ${limits.max_per_customer_week} messages for the week already.`)
  const texts = own.filter((e) => e.channel === 'sms')
  if (entry.channel === 'sms' && mostPerGroup(texts, entry) >= limits.max_sms_per_customer_week)
    return cap('cap-sms-week', `The segment has its ${limits.max_sms_per_customer_week} texts for the week already.`)
  const most = entry.channel === 'email' ? limits.email_per_day : (limits.sms_per_day ?? null)
  if (most !== null) {
    const load = kept
      .filter((e) => e.day === entry.day && e.channel === entry.channel)
      .reduce((sum, e) => sum + e.reach, 0)
    if (load + entry.reach > most)
      return cap(
        `shop-${entry.channel}-per-day`,
        `With it ${load + entry.reach} ${entry.channel === 'email' ? 'emails' : 'texts'} would leave on ${entry.day}; the limit is ${most}.`,
      )
  }
  const left = budgetLeft(kept, facts)
  if (left !== null && spendOf(entry, facts) > left) return cap('shop-budget', budgetWords(entry, left, facts))
  return judged
}

/** The most of these entries that any one customer of the entry's audience gets. */
function mostPerGroup(own: readonly PlanEntry[], entry: PlanEntry): number {
  const groups = entry.audience ?? [...new Set(own.flatMap((e) => e.audience ?? []))]
  const forAll = own.filter((e) => !e.audience).length
  return Math.max(forAll, ...groups.map((group) => own.filter((e) => !e.audience || e.audience.includes(group)).length))
}
