import type { ClientBase } from 'pg'

/**
 * Draws the same share of the customers every time into the temporary table score_sample of this transaction. Drawn
 * first and counted, so that the database looks their orders up instead of reading everybody's.
 */
export async function drawSample(tx: ClientBase, share: number, seed: number): Promise<void> {
  await tx.query('drop table if exists score_sample')
  await tx.query('create temp table score_sample (customer_id uuid primary key) on commit drop')
  await tx.query(
    `insert into score_sample select c.id from customers as c
     where c.deleted_at is null and ($1::float8 >= 1 or (uuid_hash_extended(c.id, $2) & 1048575) < $1::float8 * 1048576)`,
    [share, seed],
  )
  await tx.query('analyze score_sample')
}
