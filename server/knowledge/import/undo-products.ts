import { takeImages, type Step, type Undoing } from './undo-run.ts'

const columns = {
  name: 'text',
  brand: 'text',
  department: 'text',
  category: 'text',
  size_ml: 'int',
  price_cents: 'bigint',
  unit_cost_cents: 'bigint',
  stock: 'int',
} as const

/** Changed products get their former values back, unless somebody changed them since. */
export const restoreProducts =
  (run: Undoing): Step =>
  async (tx) => {
    const images = await takeImages(tx, run, 'product')
    if (images.length === 0) return null
    const { rowCount } = await tx.query(
      `with given as (
         select i.id, i.before, r.* from jsonb_to_recordset($1::jsonb) as i(id uuid, before jsonb)
         cross join lateral jsonb_to_record(i.before) as r(${Object.entries(columns)
           .map(([name, type]) => `${name} ${type}`)
           .join(', ')}, updated_at timestamptz)
       )
       update products as p set ${Object.keys(columns)
         .map((name) => `${name} = case when g.before ? '${name}' then g.${name} else p.${name} end`)
         .join(', ')}, updated_at = g.updated_at
       from given as g where p.id = g.id and p.updated_at = $2::timestamptz`,
      [JSON.stringify(images.map((i) => ({ id: i.row_id, before: i.before }))), run.writtenAt],
    )
    const restored = rowCount ?? 0
    return { looked: images.length, undone: { restored, kept_changed: images.length - restored } }
  }

/**
 * Products the import added go, unless somebody changed them since, bought them, or an offer names them.
 * @param as under which name they are counted
 */
export const removeProducts = (run: Undoing, as: 'removed' | 'products_removed'): Step => {
  let done = false
  return async (tx) => {
    if (done) return null
    done = true
    // One statement: a catalog has thousands of rows, not millions.
    const { rowCount } = await tx.query(
      `delete from products as p where p.import_id = $1 and p.updated_at = $2::timestamptz
         and not exists (select from order_items as i where i.product_id = p.id) and not exists (select from offers as f where p.id = any(f.product_ids))`,
      [run.id, run.writtenAt],
    )
    return { looked: rowCount ?? 0, undone: { [as]: rowCount ?? 0 } }
  }
}
