import type { Policy } from '#core/compliance/policy.ts'
import { requiredTexts } from '#core/compliance/required-text.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import type { AssignableEntry, StoreForGate } from '#core/planning/assign.ts'
import { describeOffer } from '#core/planning/offer.ts'
import type { Copy, PlanEntry } from '#core/planning/plan.ts'
import type { AudienceMember } from './audience.ts'
import { productsFor, type Shelf } from './shelf.ts'

/** What a message to this customer is filled with (Liquid variables of its template). @param subject in place of the template's */
export function variablesOf(
  member: Pick<AudienceMember, 'first_name' | 'primary_category'> & { customer: { store: StoreForGate } },
  entry: Pick<AssignableEntry, 'id' | 'offer'>,
  texts: EntryTexts,
  shelf: Shelf,
  subject: string | null,
): Record<string, unknown> {
  return {
    first_name: member.first_name,
    ...sharedVariables(entry, member.customer.store, member.primary_category, texts, shelf, subject),
  }
}

/** All of it that is the same for everybody of a store who likes the same category. */
export function sharedVariables(
  entry: Pick<AssignableEntry, 'id' | 'offer'>,
  store: StoreForGate,
  category: string | null,
  texts: EntryTexts,
  shelf: Shelf,
  subject: string | null,
): Record<string, unknown> {
  return {
    offer: texts.offer(entry.id, store),
    products: productsFor(shelf, entry.offer, category),
    ...texts.copy(entry.id),
    ...(category && !entry.offer.category ? { reason: `Chosen because you often take home ${category}.` } : {}),
    ...(subject === null ? {} : { _subject: subject }),
    ...(store.id === 'shop' ? {} : { store_id: store.id }),
  }
}

export interface EntryTexts {
  offer(entryId: string, store: StoreForGate): object | undefined
  /** words of the plan in place of the template's; data to the template, never a part of it */
  copy(entryId: string): { copy?: Partial<Copy> }
}

/**
 * The offer as the templates show it, once per entry and store: what the law wants said beside it is the law of the
 * customer's own store, not of all the stores a segment shops in.
 */
export function createTexts(entries: readonly PlanEntry[], facts: { currency: string; policy: Policy }): EntryTexts {
  const byId = new Map(entries.map((e) => [e.id, e]))
  const known = new Map<string, object>()
  return {
    offer(entryId, store) {
      const key = `${entryId}|${store.id}`
      const entry = byId.get(entryId)
      let found = known.get(key)
      if (!found && entry) known.set(key, (found = offerText(entry, store, facts)))
      return found
    },
    copy(entryId) {
      // To a template an empty text is a text: parts without words are left out.
      const parts = Object.entries(byId.get(entryId)?.copy ?? {}).filter(([, text]) => text !== '')
      return parts.length > 0 ? { copy: Object.fromEntries(parts) } : {}
    },
  }
}

function offerText(
  { offer, day }: PlanEntry,
  store: StoreForGate,
  { currency, policy }: { currency: string; policy: Policy },
): object {
  const ends = offer.valid_to
    ? new Intl.DateTimeFormat('en-US', { weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' }).format(
        new Date(`${offer.valid_to}T00:00:00Z`),
      )
    : null
  const text = describeOffer(offer, currency)
  const required = requiredTexts(checkOffer(offer, store, policy, day))
  return {
    title: offer.title,
    text: text === offer.title ? null : text,
    code: offer.code,
    ends,
    ...(required.length > 0 ? { terms: required.join(' ') } : {}),
  }
}
