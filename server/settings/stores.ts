import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import { isZone } from '#core/calendar.ts'
import type { Store, StoreInput } from '#contract/stores.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'

const columns = `stores.id, stores.external_id, stores.name, stores.legal_name, stores.licence_number, stores.address, stores.city, stores.state,
  stores.zip, stores.time_zone, stores.phone, stores.website, stores.sells, stores.is_demo`

/** The shops in the order they were added; customers counts the living ones that belong to each. */
export async function listStores(client: ClientBase | Pool): Promise<Store[]> {
  const { rows } = await client.query<Store>(
    `select ${columns}, (select count(*) from customers where customers.store_id = stores.id and customers.deleted_at is null) as customers
     from stores order by stores.id`,
  )
  return rows
}

/** Throws InputError for an unknown zone. */
export async function createStore(ctx: Ctx, actor: Actor, input: z.output<typeof StoreInput>): Promise<Store> {
  checkZone(input.time_zone)
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<Omit<Store, 'customers'>>(
      `insert into stores (name, legal_name, licence_number, address, city, state, zip, time_zone, phone, sells, website)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${columns}`,
      [
        input.name,
        input.legal_name,
        input.licence_number,
        input.address,
        input.city,
        input.state,
        input.zip,
        input.time_zone,
        input.phone,
        input.sells,
        input.website,
      ],
    )
    const store = rows[0]!
    await audit(tx, actor, { action: 'store.created', entity: 'store', entityId: store.id, after: store })
    return { ...store, customers: 0 }
  })
}

/** Throws not_found, InputError. */
export async function updateStore(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Partial<z.output<typeof StoreInput>>,
): Promise<Store> {
  if (change.time_zone !== undefined) checkZone(change.time_zone)
  return withTx(ctx.pool, async (tx) => {
    const before = (await listStores(tx)).find((s) => s.id === id)
    if (!before) throw notFound('store', id)
    const after = { ...before, ...change }
    await tx.query(
      `update stores set name = $2, legal_name = $3, licence_number = $4, address = $5, city = $6, state = $7, zip = $8, time_zone = $9, phone = $10,
         sells = $11, website = $12, updated_at = now() where stores.id = $1`,
      [
        id,
        after.name,
        after.legal_name,
        after.licence_number,
        after.address,
        after.city,
        after.state,
        after.zip,
        after.time_zone,
        after.phone,
        after.sells,
        after.website,
      ],
    )
    await audit(tx, actor, { action: 'store.updated', entity: 'store', entityId: id, before, after })
    return after
  })
}

/**
 * Removes a store. Its customers, the deleted among them, belong to `moveTo` from then on; its past orders keep no
 * store. Throws not_found, InputError without a place for the customers, conflict while messages under its address go out.
 */
export async function removeStore(
  ctx: Ctx,
  actor: Actor,
  id: string,
  moveTo: string | null,
): Promise<{ moved_customers: number }> {
  return withTx(ctx.pool, async (tx) => {
    await tx.query('lock table stores in share row exclusive mode')
    const all = await listStores(tx)
    const before = all.find((s) => s.id === id)
    if (!before) throw notFound('store', id)
    const others = all.filter((s) => s.id !== id)
    if (moveTo !== null && !others.some((s) => s.id === moveTo))
      throw new InputError([{ path: 'move_to', message: 'Choose another store of this shop.' }])
    if (before.customers > 0 && others.length > 0 && moveTo === null)
      throw new InputError([{ path: 'move_to', message: 'Choose the store its customers belong to from now on.' }])
    const { rows } = await tx.query<{ due: number }>(
      `select count(*) as due from sends where sends.status = 'pending' and (sends.variables ->> 'store_id' = $1 or $2)`,
      [id, others.length === 0],
    )
    if (rows[0]!.due > 0)
      throw new AppError(
        'conflict',
        `${rows[0]!.due} messages are still to go out under this address. Wait until they are sent, or cancel their campaign.`,
        { due: rows[0]!.due },
      )
    const { rowCount } = await tx.query(
      'update customers set store_id = $2, updated_at = now() where customers.store_id = $1',
      [id, moveTo],
    )
    await tx.query('delete from stores where stores.id = $1', [id])
    const moved = { moved_customers: rowCount ?? 0 }
    await audit(tx, actor, {
      action: 'store.removed',
      entity: 'store',
      entityId: id,
      before,
      after: { ...moved, moved_to: moveTo },
    })
    return moved
  })
}

function checkZone(zone: string): void {
  if (!isZone(zone))
    throw new InputError([{ path: 'time_zone', message: 'This is not a time zone; write one like America/Chicago.' }])
}
