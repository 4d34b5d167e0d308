import type { PlanChannel, SegmentFacts, TemplateFacts } from './facts.ts'
import type { Offer } from './offer.ts'

/** Template categories that suit the offer and the segment, best first. */
export function categoriesFor(
  offer: Offer,
  segment: Pick<SegmentFacts, 'churn' | 'new_share' | 'due_ratio'>,
): string[] {
  const isLapsed = segment.churn >= 0.6
  const byMood = isLapsed
    ? ['win_back']
    : segment.new_share >= 0.5
      ? ['welcome', 'discovery']
      : segment.due_ratio >= 0.8
        ? ['replenishment', 'discovery']
        : ['discovery', 'replenishment']
  switch (offer.kind) {
    case 'early_access':
      return ['early_access', 'new_arrivals', ...byMood]
    case 'tasting_event':
      return ['tasting_event', 'event', ...byMood]
    case 'content':
      return [...byMood, 'discovery', 'new_arrivals']
    default:
      return isLapsed ? ['win_back', 'bundle'] : ['bundle', 'win_back', ...byMood]
  }
}

/** The best active template of the channel, any if no category fits, null if the channel has none. */
export function chooseTemplate(
  templates: readonly TemplateFacts[],
  channel: PlanChannel,
  offer: Offer,
  segment: Pick<SegmentFacts, 'churn' | 'new_share' | 'due_ratio'>,
): TemplateFacts | null {
  const usable = templates.filter((t) => t.channel === channel && t.category !== 'birthday')
  const wanted = categoriesFor(offer, segment)
  for (const category of wanted) {
    const found = usable.find((t) => t.category === category)
    if (found) return found
  }
  return usable[0] ?? null
}
