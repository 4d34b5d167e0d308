import { CustomerFilter } from '#contract/knowledge.ts'
import type { View, ViewInput } from '#contract/views.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { customerFrom } from '../customer-rows.ts'
import { countUpTo } from '../list-counts.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { createParams } from '../keyset.ts'
import { told } from './bulk/start.ts'
import { customerWhere, viewerOf } from './customer-filter.ts'
import { customerOrder } from './customer-list.ts'

type Row = Omit<View, 'updated_at'> & { updated_at: Date }
type Stored = Omit<Row, 'customers' | 'customers_is_exact'>

const most = 100
const columns = `v.id, v.name, v.is_shared, v.owner_id is not distinct from $1::uuid as is_own, coalesce(u.full_name, u.email) as owner,
  v.filters, v.sort, v.columns, v.updated_at`
const from = 'views as v left join users as u on u.id = v.owner_id'

/** Own and shared views by name, each with how many customers it finds now. */
export async function listViews(ctx: Ctx, actor: Actor): Promise<{ data: Row[] }> {
  const { rows } = await ctx.pool.query<Stored>(
    `select ${columns} from ${from} where v.owner_id = $1 or v.is_shared order by lower(v.name), v.id limit ${2 * most}`,
    [actor.id],
  )
  const data: Row[] = []
  // A few at a time: counting must not take every connection from those who work.
  for (let i = 0; i < rows.length; i += 4)
    data.push(...(await Promise.all(rows.slice(i, i + 4).map((view) => counted(ctx, actor, view)))))
  return { data }
}

async function counted(ctx: Ctx, actor: Actor, view: Stored): Promise<Row> {
  const filter = CustomerFilter.parse(view.filters)
  const params = createParams()
  const where = customerWhere(filter, await viewerOf(ctx, actor.role, filter), params)
  const { total, total_is_exact } = await countUpTo(ctx.pool, customerFrom, where, params.values)
  return { ...view, customers: total, customers_is_exact: total_is_exact }
}

/** Throws InputError on a taken name, an unknown order, an address in a shared view; forbidden to share as role user. */
export async function createView(ctx: Ctx, actor: Actor, input: ViewInput): Promise<Row> {
  check(actor, input)
  const id = await withTx(ctx.pool, async (tx) => {
    const { rows: known } = await tx.query<{ n: number }>(
      'select count(*) as n from views as v where v.owner_id = $1',
      [actor.id],
    )
    if (known[0]!.n >= most)
      throw new AppError('conflict', `You have ${most} views. Remove one you do not use, then save this one.`)
    const { rows } = await unique(
      tx.query<{ id: string }>(
        'insert into views (owner_id, name, is_shared, filters, sort, columns) values ($1, $2, $3, $4, $5, $6) returning id',
        [
          actor.id,
          input.name,
          input.is_shared ?? false,
          JSON.stringify(input.filters),
          input.sort ?? null,
          input.columns ?? null,
        ],
      ),
    )
    await audit(tx, actor, { action: 'view.created', entity: 'view', entityId: rows[0]!.id, after: trace(input) })
    return rows[0]!.id
  })
  return readView(ctx, actor, id)
}

/** Throws not_found for a view that is not the caller's to change. */
export async function updateView(ctx: Ctx, actor: Actor, id: string, change: Partial<ViewInput>): Promise<Row> {
  await withTx(ctx.pool, async (tx) => {
    const before = await own(tx, actor, id)
    check(actor, { ...before, filters: CustomerFilter.parse(before.filters), ...change })
    await unique(
      tx.query(
        `update views as v set name = coalesce($2, v.name), is_shared = coalesce($3, v.is_shared), filters = coalesce($4::jsonb, v.filters),
           sort = case when $5 then $6 else v.sort end, columns = case when $7 then $8::text[] else v.columns end, updated_at = now() where v.id = $1`,
        [
          id,
          change.name ?? null,
          change.is_shared ?? null,
          change.filters ? JSON.stringify(change.filters) : null,
          change.sort !== undefined,
          change.sort ?? null,
          change.columns !== undefined,
          change.columns ?? null,
        ],
      ),
    )
    await audit(tx, actor, { action: 'view.updated', entity: 'view', entityId: id, after: trace(change) })
  })
  return readView(ctx, actor, id)
}

/** Throws not_found for a view that is not the caller's to remove. */
export async function removeView(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { name } = await own(tx, actor, id)
    await tx.query('delete from views as v where v.id = $1', [id])
    await audit(tx, actor, { action: 'view.removed', entity: 'view', entityId: id, before: { name } })
  })
}

async function readView(ctx: Ctx, actor: Actor, id: string): Promise<Row> {
  const { rows } = await ctx.pool.query<Stored>(`select ${columns} from ${from} where v.id = $2`, [actor.id, id])
  if (!rows[0]) throw notFound('view', id)
  return counted(ctx, actor, rows[0])
}

async function own(
  tx: { query: Ctx['pool']['query'] },
  actor: Actor,
  id: string,
): Promise<Pick<Stored, 'name' | 'is_shared' | 'filters' | 'sort'>> {
  const { rows } = await tx.query<Pick<Stored, 'name' | 'is_shared' | 'filters' | 'sort'>>(
    'select v.name, v.is_shared, v.filters, v.sort from views as v where v.id = $1 and (v.owner_id = $2 or (v.is_shared and $3)) for update',
    [id, actor.id, actor.role !== 'user'],
  )
  if (!rows[0]) throw notFound('view', id)
  return rows[0]
}

function check(actor: Actor, view: Pick<ViewInput, 'is_shared' | 'filters' | 'sort'>): void {
  if (view.sort) customerOrder(view.sort, actor)
  if (!view.is_shared) return
  if (actor.role === 'user')
    throw new AppError(
      'auth.forbidden',
      'This needs the role manager: a shared view is seen by everybody. Keep it your own.',
    )
  const q = view.filters.q ?? ''
  if (readEmail(q).value || readPhone(q).value)
    throw new InputError([
      {
        path: 'filters.q',
        message: 'A shared view cannot hold an address: not everybody may see it. Clear the search.',
      },
    ])
}

async function unique<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    if ((error as { code?: string }).code === '23505')
      throw new InputError([{ path: 'name', message: 'You have a view with this name already. Choose another name.' }])
    throw error
  }
}

const trace = ({ filters, ...rest }: Partial<ViewInput>): unknown => ({
  ...rest,
  ...(filters ? { filters: told(filters) } : {}),
})
