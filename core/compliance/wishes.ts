import { isDiscount, type Offer } from '../planning/offer.ts'
import type { Verdict } from './verdict.ts'

/** What a message can be about, as a customer sees it in the preference centre. */
export const topics = ['spirits', 'wine', 'beer', 'events', 'news'] as const
export type Topic = (typeof topics)[number]

/** At most one message in so many days. */
export const paces = [7, 14, 28] as const
/** The longest pace: so far back lie messages that can still count. */
export const longestPace = 28

/** What a customer wishes for beyond yes and no. */
export interface Wishes {
  topics_off: readonly string[]
  /** null: as often as the shop sends */
  every_days: number | null
  paused_until: Date | null
}

type Subject = Pick<Offer, 'kind' | 'department'>

/**
 * The topics of a message. An offer on the whole range is about everything the shop sells, so it is kept back only from
 * who wants to hear of none of it.
 */
export function topicsOf(offer: Subject): readonly Topic[] {
  if (offer.kind === 'tasting_event') return ['events']
  const goods = (['spirits', 'wine', 'beer'] as const).filter(
    (department) => offer.department === null || offer.department === department,
  )
  return isDiscount(offer) ? goods : [...goods, 'news']
}

const dayMs = 86_400_000

/** A pause holds for everything on every channel until its end. */
export function pauseVerdicts(wishes: Wishes | null | undefined, at: Date): Verdict[] {
  const until = wishes?.paused_until
  if (!until || until.getTime() <= at.getTime()) return []
  return [
    says(
      'person-paused',
      `The customer paused all messages until ${until.toISOString().slice(0, 10)}.`,
      'Wait until then; only the customer can end the pause earlier.',
    ),
  ]
}

/**
 * Topics and pace. @param nearestMs milliseconds to the nearest other message of the customer, before or after; null:
 * there is none as far back as the pace reaches. @param week messages within seven days, as the shop's cap counts them
 */
export function wishVerdicts(
  wishes: Wishes | null | undefined,
  offer: Subject,
  nearestMs: number | null,
  week: number,
): Verdict[] {
  if (!wishes) return []
  const out: Verdict[] = []
  const about = topicsOf(offer)
  if (wishes.topics_off.length > 0 && about.length > 0 && about.every((topic) => wishes.topics_off.includes(topic)))
    out.push(
      says(
        'person-topic-off',
        `The customer does not want messages about ${about.join(', ')}.`,
        'Offer something else, or leave this customer out.',
      ),
    )
  const pace = wishes.every_days
  if (pace !== null && (week > 0 || (nearestMs !== null && nearestMs < pace * dayMs)))
    out.push(
      says(
        'person-pace',
        `The customer wants at most one message in ${pace} days, and there is another one.`,
        'Wait; only the customer can change this, in the preference centre.',
      ),
    )
  return out
}

function says(rule_id: string, summary: string, cure: string): Verdict {
  return { outcome: 'deny', rule_id, summary, source: 'wish of the customer', confidence: 'high', cure }
}
