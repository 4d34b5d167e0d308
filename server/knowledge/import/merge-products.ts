import type { PoolClient } from 'pg'
import type { ProductFacts } from '#core/knowledge/import-row.ts'
import { updateList, type MergeCounts, type MergeOptions, type Staging } from './staging.ts'

export const productStaging: Staging<ProductFacts> = {
  columns: [
    ['sku', 'text'],
    ['name', 'text'],
    ['brand', 'text'],
    ['department', 'text'],
    ['category', 'text'],
    ['size_ml', 'int'],
    ['price_cents', 'bigint'],
    ['unit_cost_cents', 'bigint'],
    ['stock', 'int'],
  ],
  values: (f) => [f.sku, f.name, f.brand, f.department, f.category, f.sizeMl, f.priceCents, f.unitCostCents, f.stock],
}

const changes = {
  name: 's.name',
  brand: 'coalesce(s.brand, p.brand)',
  // Words that say nothing about the department do not overrule what is stored.
  department: `case when s.department = 'other' and s.category is null then p.department else s.department end`,
  category: 'coalesce(s.category, p.category)',
  size_ml: 'coalesce(s.size_ml, p.size_ml)',
  price_cents: 'coalesce(s.price_cents, p.price_cents)',
  unit_cost_cents: 'coalesce(s.unit_cost_cents, p.unit_cost_cents)',
  stock: 'coalesce(s.stock, p.stock)',
}

/** Staged rows -> products by their number; the last row of a number wins. */
export async function mergeProducts(client: PoolClient, options: MergeOptions): Promise<MergeCounts> {
  const duplicates = await client.query(`delete from staged using
    (select line, row_number() over (partition by sku order by line desc) as nth from staged) as d where d.line = staged.line and d.nth > 1`)
  await client.query(`with gone as (delete from staged where price_cents is null
      and not exists (select from products as p where p.sku = staged.sku) returning line, raw)
    insert into rejected (line, column_name, reason, raw) select gone.line, 'price', 'A new product needs a price.', gone.raw from gone`)
  const { set, differs, before } = updateList(changes, 'p')
  const changed = await client.query(
    `with changed as materialized (
       select p.id, s.line, ${before} as before from staged as s join products as p on p.sku = s.sku where ${differs} for update of p
     ), kept as (
       insert into import_before (import_id, entity, row_id, before) select $1::uuid, 'product', changed.id, changed.before from changed where $1::uuid is not null
     )
     update products as p set ${set}, updated_at = now() from staged as s join changed on changed.line = s.line where p.id = changed.id`,
    [options.importId],
  )
  const added = await client.query(
    `insert into products (sku, name, brand, department, category, size_ml, price_cents, unit_cost_cents, stock, is_demo, import_id)
     select s.sku, s.name, s.brand, s.department, coalesce(s.category, 'Uncategorised'), s.size_ml, s.price_cents, s.unit_cost_cents, s.stock, $1, $2
     from staged as s where not exists (select from products as p where p.sku = s.sku) order by s.line
     on conflict (sku) do nothing`,
    [options.isDemo, options.importId],
  )
  const { rows } = await client.query<{ count: number }>(
    'select count(*) as count from staged where line not in (select rejected.line from rejected)',
  )
  const rowsNew = added.rowCount ?? 0
  const rowsChanged = changed.rowCount ?? 0
  return {
    rowsNew,
    rowsChanged,
    rowsSame: Number(rows[0]?.count ?? 0) - rowsNew - rowsChanged,
    rowsDuplicate: duplicates.rowCount ?? 0,
    also: {},
  }
}
