import { retractOrders } from '../../retract-orders.ts'
import { chunkSize, takeImages, type Step, type Undoing } from './undo-run.ts'

const columns = {
  customer_id: 'uuid',
  store_id: 'uuid',
  ordered_at: 'timestamptz',
  total_cents: 'bigint',
  discount_cents: 'bigint',
  coupon_code: 'text',
} as const

/** Changed orders get their former values and items back, unless somebody changed them since. */
export const restoreOrders =
  (run: Undoing): Step =>
  async (tx) => {
    const images = await takeImages(tx, run, 'order')
    if (images.length === 0) return null
    const { rows } = await tx.query<{ restored: number }>(
      `with given as (
         select i.id, i.before, r.* from jsonb_to_recordset($1::jsonb) as i(id uuid, before jsonb)
         cross join lateral jsonb_to_record(i.before) as r(${Object.entries(columns)
           .map(([name, type]) => `${name} ${type}`)
           .join(', ')}, updated_at timestamptz)
       ), restored as (
         update orders as o set ${Object.keys(columns)
           .map((name) => `${name} = case when g.before ? '${name}' then g.${name} else o.${name} end`)
           .join(', ')}, updated_at = g.updated_at
         from given as g where o.id = g.id and o.updated_at = $2::timestamptz returning o.id, g.before -> 'items' as items
       ), items as (
         -- an item that was not there before is null, one in another amount is [quantity, total, discount]
         select restored.id, e.key::uuid as product_id, e.value as was from restored cross join lateral jsonb_each(restored.items) as e
         where restored.items is not null
       ), gone as (
         delete from order_items as x using items as i where x.order_id = i.id and x.product_id = i.product_id and i.was = 'null'
       ), back as (
         update order_items as x set quantity = (i.was ->> 0)::numeric, total_cents = (i.was ->> 1)::bigint, discount_cents = (i.was ->> 2)::bigint
         from items as i where x.order_id = i.id and x.product_id = i.product_id and i.was <> 'null'
       )
       select count(*)::int as restored from restored`,
      [JSON.stringify(images.map((i) => ({ id: i.row_id, before: i.before }))), run.writtenAt],
    )
    const { restored } = rows[0]!
    return { looked: images.length, undone: { restored, kept_changed: images.length - restored } }
  }

/** Orders the import added go with all that followed from them, unless somebody changed them since. */
export const removeOrders = (run: Undoing): Step => {
  let after = run.lowId
  return async (tx) => {
    const { rows } = await tx.query<{ id: string; is_free: boolean }>(
      `select o.id, o.updated_at = $4::timestamptz as is_free from orders as o
       where o.id > $1 and o.id < $2 and o.import_id = $3 order by o.id limit $5 for update of o`,
      [after, run.highId, run.id, run.writtenAt, chunkSize],
    )
    if (rows.length === 0) return null
    after = rows.at(-1)!.id
    const free = rows.filter((o) => o.is_free).map((o) => o.id)
    const campaigns = await retractOrders(tx, free)
    const { rowCount } = await tx.query('delete from orders as o where o.id = any($1)', [free])
    return { looked: rows.length, undone: { removed: rowCount ?? 0 }, campaigns }
  }
}
