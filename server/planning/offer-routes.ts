import type { FastifyReply } from 'fastify'
import { offers, type OfferChange, type StoredOffer } from '#contract/offers.ts'
import { offerFaults } from '#core/planning/offer-faults.ts'
import { Offer } from '#core/planning/offer.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { bind, type Routes } from '../http/bind.ts'
import { AppError, InputError, inputError, notFound } from '../http/errors.ts'
import {
  completeOffer,
  countOffers,
  findOffers,
  judge,
  loadJudgeFacts,
  offerOf,
  withCatalogue,
  type OfferFilter,
} from '../offers.ts'
import { countUses, insertOffer, lockOffer, saveOffer, unknownProducts, type StoredTerms } from './offer-store.ts'

type Shown = Omit<StoredOffer, 'archived_at' | 'created_at' | 'updated_at'> & {
  archived_at: Date | null
  created_at: Date
  updated_at: Date
}

export const offerRoutes: Routes = (app, ctx) => {
  bind(app, ctx, offers.list, async ({ query }) => {
    const filter: OfferFilter = {
      q: query.q,
      kind: query.kind,
      department: query.department,
      fundedBy: query.funded_by,
      isActive: query.is_active,
      archived: query.archived,
    }
    const [rows, total] = await Promise.all([
      shown(ctx, {
        ...filter,
        after: query.cursor,
        limit: query.page_size + 1,
        offset: query.cursor ? 0 : (query.page - 1) * query.page_size,
      }),
      countOffers(ctx.pool, filter),
    ])
    const data = rows.slice(0, query.page_size)
    return {
      data,
      page: query.page,
      page_size: query.page_size,
      total,
      total_is_exact: true,
      next_cursor: rows.length > query.page_size ? data.at(-1)!.id : null,
    }
  })

  bind(app, ctx, offers.get, ({ params, reply }) => one(ctx, params.id, reply))

  bind(app, ctx, offers.preview, async ({ body }) => {
    const offer = completeOffer(body)
    const faults = offerFaults(offer)
    if (faults.length > 0) throw new InputError(faults)
    const [row, facts] = await Promise.all([withCatalogue(ctx.pool, offer), loadJudgeFacts(ctx.pool)])
    return judge(row, facts)
  })

  bind(app, ctx, offers.create, async ({ body, actor, reply }) => {
    const faults = offerFaults(completeOffer(body))
    if (faults.length > 0) throw new InputError(faults)
    const id = await withTx(ctx.pool, async (tx) => {
      await checkProducts(tx, body.product_ids ?? [])
      const made = await insertOffer(tx, body)
      if (!made)
        throw new AppError('conflict', `There is an offer with the key “${body.key}” already. Choose another key.`, {
          key: body.key,
        })
      await audit(tx, actor, { action: 'offer.created', entity: 'offer', entityId: made, after: body })
      return made
    })
    return one(ctx, id, reply)
  })

  bind(app, ctx, offers.update, async ({ params, body, actor, request, reply }) => {
    await change(ctx, actor, params.id, 'offer.updated', request.headers['if-match'], (before) => {
      if (body.is_active && before.archived_at)
        throw new AppError('conflict', 'The offer is archived. Restore it first.', { id: params.id })
      return edited(before, body)
    })
    return one(ctx, params.id, reply)
  })

  bind(app, ctx, offers.archive, async ({ params, actor, request, reply }) => {
    await change(ctx, actor, params.id, 'offer.archived', request.headers['if-match'], (before) =>
      before.archived_at ? null : { ...before, is_active: false, archived_at: ctx.clock() },
    )
    return one(ctx, params.id, reply)
  })

  bind(app, ctx, offers.restore, async ({ params, actor, request, reply }) => {
    await change(ctx, actor, params.id, 'offer.restored', request.headers['if-match'], (before) =>
      before.archived_at ? { ...before, is_active: true, archived_at: null } : null,
    )
    return one(ctx, params.id, reply)
  })
}

/** The row with the changes of a request; throws InputError with the field. */
function edited(before: StoredTerms, { is_active, ...fields }: OfferChange): StoredTerms {
  const parsed = Offer.safeParse({ ...offerOf(before), ...fields })
  if (!parsed.success) throw inputError('body', parsed.error)
  const faults = offerFaults(parsed.data)
  if (faults.length > 0) throw new InputError(faults)
  return { ...before, ...parsed.data, is_active: is_active ?? before.is_active }
}

/** One guarded change with its line in the audit trail; `null` changes nothing. */
async function change(
  ctx: Ctx,
  actor: Actor,
  id: string,
  action: string,
  ifMatch: string | undefined,
  to: (before: StoredTerms) => StoredTerms | null,
): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const before = await lockOffer(tx, id)
    if (!before) throw notFound('offer', id)
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etagOf(before.version))
      throw new AppError('edit.stale', 'Somebody changed this offer meanwhile. Load it again and repeat your change.', {
        version: before.version,
      })
    const after = to(before)
    if (!after) return
    await checkProducts(
      tx,
      after.product_ids.filter((p) => !before.product_ids.includes(p)),
    )
    await saveOffer(tx, offerOf(after), after)
    await audit(tx, actor, { action, entity: 'offer', entityId: id, before, after })
  })
}

async function checkProducts(tx: Parameters<typeof unknownProducts>[0], ids: readonly string[]): Promise<void> {
  const unknown = await unknownProducts(tx, ids)
  if (unknown.length > 0)
    throw new InputError([{ path: 'product_ids', message: `The catalogue has no product ${unknown.join(', ')}.` }])
}

const etagOf = (version: number): string => `"${version}"`

async function one(ctx: Ctx, id: string, reply: FastifyReply): Promise<Shown> {
  const [offer] = await shown(ctx, { ids: [id] })
  if (!offer) throw notFound('offer', id)
  void reply.header('etag', offer.etag)
  return offer
}

async function shown(ctx: Ctx, filter: OfferFilter): Promise<Shown[]> {
  const [rows, facts] = await Promise.all([findOffers(ctx.pool, filter), loadJudgeFacts(ctx.pool)])
  const uses = await countUses(
    ctx.pool,
    rows.map((r) => r.id),
  )
  return rows.map((row) => ({
    ...offerOf(row),
    ...judge(row, facts),
    is_active: row.is_active,
    is_demo: row.is_demo,
    in_campaigns: uses.get(row.id) ?? 0,
    archived_at: row.archived_at,
    created_at: row.created_at,
    updated_at: row.updated_at,
    version: row.version,
    etag: etagOf(row.version),
  }))
}
