import { offers } from '#contract/offers.ts'
import { Offer } from '#core/planning/offer.ts'
import { withTx } from '#db/pool.ts'
import { audit } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { bind, type Routes } from '../http/bind.ts'
import { AppError, inputError, notFound } from '../http/errors.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import {
  completeOffer,
  findOffers,
  findStoredOffer,
  insertOffer,
  offerOf,
  saveOffer,
  showOffer,
  type OfferFilter,
} from '../offers.ts'
import { loadStores } from '../stores.ts'

export const offerRoutes: Routes = (app, ctx) => {
  bind(app, ctx, offers.list, async ({ query }) => ({
    data: await shown(ctx, { q: query.q, kind: query.kind, department: query.department, isActive: query.is_active }),
  }))

  bind(app, ctx, offers.create, async ({ body, actor }) => {
    const problem = faultOf(completeOffer(body))
    if (problem) throw problem
    const id = await withTx(ctx.pool, async (tx) => {
      const made = await insertOffer(tx, body)
      if (!made)
        throw new AppError('conflict', `There is an offer with the key “${body.key}” already. Choose another key.`, {
          key: body.key,
        })
      await audit(tx, actor, { action: 'offer.created', entity: 'offer', entityId: made, after: body })
      return made
    })
    return (await shown(ctx, { ids: [id] }))[0]!
  })

  bind(app, ctx, offers.update, async ({ params, body, actor }) => {
    const { is_active, ...fields } = body
    await withTx(ctx.pool, async (tx) => {
      const row = await findStoredOffer(tx, params.id)
      if (!row) throw notFound('offer', params.id)
      const before = offerOf(row)
      const parsed = Offer.safeParse({ ...before, ...fields })
      if (!parsed.success) throw inputError('body', parsed.error)
      const problem = faultOf(parsed.data)
      if (problem) throw problem
      await saveOffer(tx, parsed.data, is_active ?? row.is_active)
      await audit(tx, actor, {
        action: 'offer.updated',
        entity: 'offer',
        entityId: params.id,
        before: { ...before, is_active: row.is_active },
        after: { ...parsed.data, is_active: is_active ?? row.is_active },
      })
    })
    return (await shown(ctx, { ids: [params.id] }))[0]!
  })
}

async function shown(ctx: Ctx, filter: OfferFilter): Promise<ReturnType<typeof showOffer>[]> {
  const [offers, stores, policy, shop] = await Promise.all([
    findOffers(ctx.pool, filter),
    loadStores(ctx.pool),
    readPolicy(ctx.pool),
    readSetting(ctx.pool, 'shop'),
  ])
  return offers.map((offer) => showOffer(offer, stores, policy, shop.currency))
}

/** Figures that a kind cannot do without. */
function faultOf(offer: Offer): AppError | null {
  const needsValue = ['percent_off', 'amount_off', 'multi_buy', 'points', 'price_point'].includes(offer.kind)
  if (needsValue && !offer.value)
    return new AppError('offer.incomplete', 'This kind of offer needs a value: percent, cents or points.', {
      kind: offer.kind,
    })
  if (['percent_off', 'multi_buy'].includes(offer.kind) && (offer.value ?? 0) > 100)
    return new AppError('offer.incomplete', 'A percentage cannot be more than 100.', { value: offer.value })
  if (['multi_buy', 'bogo'].includes(offer.kind) && !offer.min_quantity)
    return new AppError('offer.incomplete', 'Say how many items the customer must buy.', { kind: offer.kind })
  if (offer.valid_from && offer.valid_to && offer.valid_to < offer.valid_from)
    return new AppError('offer.incomplete', 'The last day lies before the first.', {})
  return null
}
