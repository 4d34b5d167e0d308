import type { ClientBase, Pool } from 'pg'
import { usualHabits, type ShopHabits } from '#core/planning/groups.ts'

/** Opened messages, and orders, for which the first guess counts: a young shop's own few clicks say little. */
const guessed = 200

/**
 * The shop's own means, against which a customer's behaviour is read: clicks per opened message of a year, and the share of
 * orders at a reduced price that the nightly scores lean on, so that both move once a night with the scores.
 */
export async function findHabits(client: ClientBase | Pool): Promise<ShopHabits> {
  const { rows } = await client.query<{ opened: number; clicked: number; reduced: number | null; orders: number }>(
    `select r.opened, r.clicked, m.reduced, coalesce(m.orders, 0) as orders
     from (select coalesce(sum(r.opened), 0)::float8 as opened, coalesce(sum(r.clicked), 0)::float8 as clicked from customer_reading as r) as r
     left join (
       select (v.model #>> '{base,discounted}')::float8 as reduced, (v.fit #>> '{data,orders}')::float8 as orders
       from model_versions as v order by v.created_at desc, v.as_of desc, v.version limit 1
     ) as m on true`,
  )
  const { opened, clicked, reduced, orders } = rows[0]!
  return {
    clickRate: (clicked + guessed * usualHabits.clickRate) / (opened + guessed),
    reducedShare: ((reduced ?? 0) * orders + guessed * usualHabits.reducedShare) / (orders + guessed),
  }
}
