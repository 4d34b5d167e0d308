import type { Pool } from 'pg'
import type { OfferInput, StoredOffer } from '#contract/offers.ts'
import type { Policy } from '#core/compliance/policy.ts'
import type { Offer } from '#core/planning/offer.ts'
import { notFound } from '../http/errors.ts'
import { completeOffer, findOffers, judgeOffer, offerOf } from '../offers.ts'
import { loadStores } from '../stores.ts'

/** The stored offer of this id, or the one described; null when neither is given. Throws not_found. */
export async function findOfferToCheck(
  pool: Pool,
  given: { offer_id?: string | undefined; offer?: OfferInput | undefined },
): Promise<Offer | null> {
  if (!given.offer_id) return given.offer ? completeOffer(given.offer) : null
  const [row] = await findOffers(pool, { ids: [given.offer_id] })
  if (!row) throw notFound('offer', given.offer_id)
  return offerOf(row)
}

/** The law's opinion for one store or all of them. */
export async function checkStores(
  pool: Pool,
  offer: Offer,
  policy: Policy,
  at: { storeId?: string | undefined; day: string | null },
): Promise<StoredOffer['stores']> {
  const stores = await loadStores(pool)
  const chosen = at.storeId ? stores.filter((s) => s.id === at.storeId) : stores
  if (chosen.length === 0) throw notFound('store', at.storeId)
  return judgeOffer(offer, chosen, policy, at.day)
}
