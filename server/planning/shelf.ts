import type { ClientBase, Pool } from 'pg'
import type { Offer } from '#core/planning/offer.ts'
import { formatCents } from '#core/money.ts'
import { readSetting } from '../settings.ts'

interface ShelfProduct {
  id: string
  name: string
  department: string
  category: string
  price: string
}

/** What sells best, per category, ready to be named in a message. */
export interface Shelf {
  byId: ReadonlyMap<string, ShelfProduct>
  byCategory: ReadonlyMap<string, readonly ShelfProduct[]>
  byDepartment: ReadonlyMap<string, readonly ShelfProduct[]>
}

/** The five best sellers of each category over the last 90 days that are in stock, and the products offers name. */
export async function findShelf(client: ClientBase | Pool): Promise<Shelf> {
  const { currency } = await readSetting(client, 'shop')
  const { rows } = await client.query<{
    id: string
    name: string
    department: string
    category: string
    price_cents: number
    is_top: boolean
  }>(
    `with sold as (
       select i.product_id, sum(i.quantity) as n from order_items as i join orders as o on o.id = i.order_id
       where o.ordered_at >= (select max(ordered_at) from orders) - interval '90 days' group by 1
     ), ranked as (
       select p.id, p.name, p.department, p.category, p.price_cents, row_number() over (partition by p.category order by sold.n desc nulls last, p.id) as place
       from products as p left join sold on sold.product_id = p.id where p.is_active and coalesce(p.stock, 1) > 0
     )
     select ranked.id, ranked.name, ranked.department, ranked.category, ranked.price_cents, ranked.place <= 5 as is_top from ranked
     where ranked.place <= 5 or ranked.id in (select unnest(offers.product_ids) from offers where offers.is_active)
     order by ranked.place, ranked.id`,
  )
  const byId = new Map<string, ShelfProduct>()
  const byCategory = new Map<string, ShelfProduct[]>()
  const byDepartment = new Map<string, ShelfProduct[]>()
  for (const { price_cents, is_top, ...row } of rows) {
    const product = { ...row, price: formatCents(price_cents, currency) }
    byId.set(product.id, product)
    if (!is_top) continue
    for (const [map, key] of [
      [byCategory, product.category],
      [byDepartment, product.department],
    ] as const) {
      const list = map.get(key)
      if (list) list.push(product)
      else map.set(key, [product])
    }
  }
  return { byId, byCategory, byDepartment }
}

/** At most three products to show: those the offer names, else best sellers of its shelf, else of the customer's own. */
export function productsFor(
  shelf: Shelf,
  offer: Offer,
  primaryCategory: string | null,
): { name: string; price: string }[] {
  const named = offer.product_ids.flatMap((id) => shelf.byId.get(id) ?? [])
  const own = primaryCategory ? shelf.byCategory.get(primaryCategory) : undefined
  const ownFits = own?.some((p) => !offer.department || p.department === offer.department)
  const list =
    named.length > 0
      ? named
      : offer.category
        ? shelf.byCategory.get(offer.category)
        : ownFits
          ? own
          : offer.department
            ? shelf.byDepartment.get(offer.department)
            : undefined
  return (list ?? []).slice(0, 3).map(({ name, price }) => ({ name, price }))
}
