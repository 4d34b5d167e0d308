import type { PlannerFacts } from './facts.ts'
import type { Offer } from './offer.ts'
import type { Refusal } from './plan.ts'
import { daysOf } from './week.ts'
import { deniedIn } from './worth.ts'

/** Offers that some store may make this week; and for each that a store may not make, the segments whose playbook wants it. */
export function legalOffers(facts: PlannerFacts): { legal: Offer[]; refused: Refusal[] } {
  const legal: Offer[] = []
  const refused: Refusal[] = []
  const largest = facts.segments.toSorted((a, b) => b.size - a.size)[0]
  for (const offer of facts.offers) {
    const found = facts.stores.map((store) => ({ store, verdict: deniedIn(offer, store, facts) }))
    const open = daysOf(facts).some(
      (day) => (!offer.valid_from || day >= offer.valid_from) && (!offer.valid_to || day <= offer.valid_to),
    )
    if (open && found.some((f) => !f.verdict)) legal.push(offer)
    const wanting = facts.segments.filter((s) => s.playbook.offers.some((o) => o === offer.key || o === offer.kind))
    for (const { store, verdict } of found) {
      if (!verdict) continue
      const summary = facts.stores.length > 1 ? `${store.name}: ${verdict.summary}` : verdict.summary
      for (const segment of wanting.length > 0 ? wanting : largest ? [largest] : []) {
        refused.push({
          segment: segment.key,
          channel: segment.playbook.channels[0] ?? 'email',
          offer_title: offer.title,
          day: null,
          verdict: { ...verdict, summary },
        })
      }
    }
  }
  return { legal, refused }
}
