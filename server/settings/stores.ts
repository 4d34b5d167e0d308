import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import { isZone, weekdayNames } from '#core/calendar.ts'
import { createStoreFinder } from '#core/knowledge/nearest-store.ts'
import { checkWeek } from '#core/knowledge/store-hours.ts'
import type { Store, StoreInput } from '#contract/stores.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { loadStores } from '../stores.ts'

const columns = `stores.id, stores.external_id, stores.name, stores.legal_name, stores.licence_number, stores.address, stores.city, stores.state,
  stores.zip, stores.time_zone, stores.phone, stores.website, stores.sells, stores.opening_hours, stores.sale_hours, stores.is_demo`

/** The shops in the order they were added; customers counts the living ones that belong to each. */
export async function listStores(client: ClientBase | Pool): Promise<Store[]> {
  const { rows } = await client.query<Store>(
    `select ${columns}, (select count(*) from customers where customers.store_id = stores.id and customers.deleted_at is null) as customers
     from stores order by stores.id`,
  )
  return rows
}

const writable = [
  'name',
  'legal_name',
  'licence_number',
  'address',
  'city',
  'state',
  'zip',
  'time_zone',
  'phone',
  'sells',
  'website',
  'external_id',
  'opening_hours',
  'sale_hours',
] as const
type Values = z.output<typeof StoreInput>
const valueOf = (store: Values, name: (typeof writable)[number]): unknown =>
  name.endsWith('_hours') ? JSON.stringify(store[name]) : store[name]

/** Throws InputError for an unknown zone or a week that cannot be, conflict when another store has the number. */
export async function createStore(ctx: Ctx, actor: Actor, input: Values): Promise<Store> {
  checkStore(input)
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await guarded(
      tx.query<Omit<Store, 'customers'>>(
        `insert into stores (${writable.join(', ')}) values (${writable.map((_, i) => `$${i + 1}`).join(', ')}) returning ${columns}`,
        writable.map((name) => valueOf(input, name)),
      ),
    )
    const store = rows[0]!
    await audit(tx, actor, { action: 'store.created', entity: 'store', entityId: store.id, after: store })
    return { ...store, customers: 0 }
  })
}

/** Throws not_found, InputError, conflict. */
export async function updateStore(ctx: Ctx, actor: Actor, id: string, change: Partial<Values>): Promise<Store> {
  checkStore(change)
  return withTx(ctx.pool, async (tx) => {
    const before = (await listStores(tx)).find((s) => s.id === id)
    if (!before) throw notFound('store', id)
    const after = { ...before, ...change }
    await guarded(
      tx.query(
        `update stores set ${writable.map((name, i) => `${name} = $${i + 2}`).join(', ')}, updated_at = now() where stores.id = $1`,
        [id, ...writable.map((name) => valueOf(after, name))],
      ),
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
      `select count(*) as due from sends where sends.status = 'pending' and (variables_of(sends) ->> 'store_id' = $1 or $2)`,
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

/** How many living customers without a store of their own are nearest to each. */
export async function countNearest(ctx: Ctx): Promise<{ store_id: string; customers: number }[]> {
  const stores = await loadStores(ctx.pool)
  if (stores[0]?.id === 'shop') return []
  const { rows } = await ctx.pool.query<{ state: string | null; zip: string | null; n: number }>(
    `select c.state, left(c.zip, 5) as zip, count(*)::int as n from customers as c where c.store_id is null and c.deleted_at is null group by 1, 2`,
  )
  const storeOf = createStoreFinder(stores)
  const counts = new Map(stores.map((s) => [s.id, 0]))
  for (const { state, zip, n } of rows) {
    const { id } = storeOf({ store_id: null, state, zip }).store
    counts.set(id, counts.get(id)! + n)
  }
  return [...counts].map(([store_id, customers]) => ({ store_id, customers }))
}

function checkStore(given: Partial<Values>): void {
  const errors: { path: string; message: string }[] = []
  if (given.time_zone !== undefined && !isZone(given.time_zone))
    errors.push({ path: 'time_zone', message: 'This is not a time zone; write one like America/Chicago.' })
  const weeks = [
    ['opening_hours', given.opening_hours] as const,
    ...Object.entries(given.sale_hours ?? {}).map(([d, week]) => [`sale_hours.${d}`, week] as const),
  ]
  for (const [path, week] of weeks)
    for (const { day, message } of checkWeek(week ?? []))
      errors.push({ path: `${path}.${day}`, message: `${weekdayNames[day]}: ${message}` })
  if (errors.length > 0) throw new InputError(errors)
}

async function guarded<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new InputError([
      { path: 'external_id', message: 'Another store has this number already; every till number is one store.' },
    ])
  }
}
