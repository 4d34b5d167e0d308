import type { Pool } from 'pg'

/**
 * Customers whose orders were recorded or changed since they were scored, up to a number. An import may take minutes
 * from the first row to its commit, so the last hour before the scores counts as well. Null: no model yet.
 */
export async function findChanged(pool: Pool, now: Date, most: number): Promise<string[] | null> {
  const { rows: models } = await pool.query<{ created_at: Date }>(
    'select m.created_at from model_versions as m order by m.created_at desc, m.as_of desc, m.version limit 1',
  )
  if (!models[0]) return null
  const since = new Date(Math.min(models[0].created_at.getTime(), now.getTime()) - 3_600_000)
  const { rows } = await pool.query<{ customer_id: string }>(
    `select distinct o.customer_id from orders as o
     left join customer_scores as s on s.customer_id = o.customer_id
     where o.updated_at > $1 and (s.customer_id is null or s.computed_at - interval '1 hour' < o.updated_at)
     limit $2`,
    [since, most],
  )
  return rows.map((row) => row.customer_id)
}
