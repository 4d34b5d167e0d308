import type { Merge } from '#contract/merges.ts'
import type { Ctx } from '../context.ts'
import { notFound } from '../http/errors.ts'

type Row = Omit<Merge, 'created_at' | 'undo_until' | 'undone_at'> & {
  created_at: Date
  undo_until: Date
  undone_at: Date | null
}

const count = (name: string): string => `coalesce(jsonb_array_length(m.moved -> '${name}'), 0)`
const columns = `m.id, m.kept_id, m.merged_id, o.name, coalesce(u.full_name, u.email) as created_by, m.created_at, m.undo_until, m.undone_at,
  m.undone_at is null and m.before is not null and m.undo_until > $1 and o.merged_into = m.kept_id as can_undo,
  jsonb_build_object('orders', ${count('orders')}, 'sends', ${count('sends')}, 'consents', ${count('consents')}, 'events', ${count('events')}) as moved`
const from = `customer_merges as m join customers as o on o.id = m.merged_id left join users as u on u.id = m.created_by`

/** Throws not_found. */
export async function readMerge(ctx: Ctx, id: string): Promise<Row> {
  const { rows } = await ctx.pool.query<Row>(`select ${columns} from ${from} where m.id = $2`, [ctx.clock(), id])
  if (!rows[0]) throw notFound('merge', id)
  return rows[0]
}

/** Whom a customer was merged with, newest first. Throws not_found for an id that is no customer's. */
export async function listMerges(ctx: Ctx, customerId: string): Promise<{ data: Row[] }> {
  const { rowCount } = await ctx.pool.query('select from customers as c where c.id = $1', [customerId])
  if (!rowCount) throw notFound('customer', customerId)
  const { rows } = await ctx.pool.query<Row>(
    `select ${columns} from ${from} where m.kept_id = $2 order by m.id desc limit 100`,
    [ctx.clock(), customerId],
  )
  return { data: rows }
}
