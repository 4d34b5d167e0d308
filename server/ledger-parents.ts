import type { ClientBase, Pool } from 'pg'

/**
 * Actions and messages name their campaign, customer and offer without a foreign key (docs/decisions/0040). Whoever writes them
 * takes this lock before reading those rows; a delete of customers or campaigns waits for it (migration 0040) and then finds
 * what was written. Any number of writers hold it at once, until the end of their transaction.
 */
export async function lockLedger(tx: ClientBase): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock_shared(hashtextextended('message ledger', 7))`)
}

/**
 * Rows of the last days whose parent is missing, by table and parent; none when all is well. What foreign keys promised is
 * thereby proven every night instead.
 */
export async function findOrphans(pool: Pool, days = 8): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string; n: number }>(
    `with a as (select a.id, a.campaign_id, a.customer_id, a.offer_id, a.template_id from actions as a where a.id >= uuidv7_floor(now() - make_interval(days => $1))),
       s as (select s.id, s.action_id, s.entry_id, s.text_id, s.campaign_id, s.customer_id, s.template_id from sends as s where s.id >= uuidv7_floor(now() - make_interval(days => $1)))
     select t.name, t.n::int as n from (
       select 'actions of customers' as name, count(*) as n from a where not exists (select from customers as c where c.id = a.customer_id)
       union all select 'actions of campaigns', count(*) from a where a.campaign_id is not null and not exists (select from campaigns as c where c.id = a.campaign_id)
       union all select 'actions of offers', count(*) from a where a.offer_id is not null and not exists (select from offers as o where o.id = a.offer_id)
       union all select 'actions of templates', count(*) from a where a.template_id is not null and not exists (select from message_templates as m where m.id = a.template_id)
       union all select 'messages of customers', count(*) from s where s.customer_id is not null and not exists (select from customers as c where c.id = s.customer_id)
       union all select 'messages of campaigns', count(*) from s where s.campaign_id is not null and not exists (select from campaigns as c where c.id = s.campaign_id)
       union all select 'messages of templates', count(*) from s where s.template_id is not null and not exists (select from message_templates as m where m.id = s.template_id)
       union all select 'messages of actions', count(*) from s where s.action_id is not null and not exists (select from actions as x where x.id = s.action_id)
       union all select 'messages of entries', count(*) from s where s.entry_id is not null and not exists (select from campaign_entries as e where e.id = s.entry_id)
       union all select 'messages of texts', count(*) from s where s.text_id is not null and not exists (select from message_texts as t where t.id = s.text_id)
     ) as t where t.n > 0`,
    [days],
  )
  return Object.fromEntries(rows.map((r) => [r.name, r.n]))
}
