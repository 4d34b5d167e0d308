import type { ClientBase } from 'pg'
import { mergeScores } from './score-table.ts'

/** The table that a run fills before it takes the place of customer_scores. */
export const nextTable = 'customer_scores_next'

/** From here a new table with its indexes built at once beats an update of every row in ten indexes: 7 s against 54 s a million. */
const replaceFrom = 20_000

interface IndexRow {
  name: string
  definition: string
  is_primary: boolean
}

/**
 * Prepares the target of a run in this transaction: a temporary table that is merged, or, where everything is written
 * anew and nothing else hangs on customer_scores, a table that will replace it.
 */
export async function prepareTarget(tx: ClientBase, customers: number): Promise<{ table: string; replaces: boolean }> {
  const replaces = customers >= replaceFrom && (await isReplaceable(tx))
  if (replaces) {
    await tx.query(`drop table if exists ${nextTable}`)
    await tx.query(`create table ${nextTable} (like customer_scores including defaults including constraints)`)
    return { table: nextTable, replaces }
  }
  await tx.query('drop table if exists score_new')
  await tx.query('create temp table score_new (like customer_scores including defaults) on commit drop')
  return { table: 'score_new', replaces }
}

/** Views, triggers or foreign keys of somebody else would not survive a new table. */
async function isReplaceable(tx: ClientBase): Promise<boolean> {
  const { rows } = await tx.query<{ ok: boolean }>(
    `select c.relkind = 'r' and not c.relispartition and not c.relrowsecurity and pg_has_role(c.relowner, 'member')
       and not exists (select from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal)
       and not exists (select from pg_constraint as k where k.confrelid = c.oid)
       and not exists (select from pg_depend as d where d.refobjid = c.oid and d.deptype = 'n' and d.classid = 'pg_rewrite'::regclass)
       and not exists (select from pg_publication_rel as p where p.prrelid = c.oid) as ok
     from pg_class as c where c.oid = 'customer_scores'::regclass`,
  )
  return rows[0]?.ok === true
}

/** Brings the filled table up to what customer_scores is: indexes, privileges, foreign keys, statistics. */
export async function completeReplacement(tx: ClientBase): Promise<void> {
  await tx.query(`set local maintenance_work_mem = '128MB'`)
  for (const index of await indexesOf(tx, 'customer_scores')) {
    if (index.is_primary) await tx.query(`alter table ${nextTable} add primary key (customer_id)`)
    else await tx.query(copyOfIndex(index))
  }
  const { rows: grants } = await tx.query<{ statement: string }>(
    `select format('grant %s on ${nextTable} to %s%s', a.privilege_type, case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end,
       case when a.is_grantable then ' with grant option' else '' end) as statement
     from pg_class as c cross join lateral aclexplode(c.relacl) as a left join pg_roles as r on r.oid = a.grantee
     where c.oid = 'customer_scores'::regclass and a.grantee <> c.relowner`,
  )
  for (const { statement } of grants) await tx.query(statement)
  await tx.query(`analyze ${nextTable}`)
}

/**
 * The filled table takes the place of customer_scores. Readers wait for milliseconds: they see the old scores until
 * all new ones are there. Only here are changes of customers held up, about a second a million.
 */
export async function replaceScores(tx: ClientBase): Promise<void> {
  const { rows: keys } = await tx.query<{ name: string; definition: string }>(
    `select k.conname as name, pg_get_constraintdef(k.oid) as definition from pg_constraint as k
     where k.conrelid = 'customer_scores'::regclass and k.contype = 'f'`,
  )
  await tx.query(`set local lock_timeout = '20s'`)
  await tx.query('lock table customers in share row exclusive mode')
  // Who was erased since the run began.
  await tx.query(
    `delete from ${nextTable} as n where not exists (select from customers as c where c.id = n.customer_id)`,
  )
  for (const { name, definition } of keys)
    await tx.query(`alter table ${nextTable} add constraint ${quoted(name)} ${definition}`)
  const old = await indexesOf(tx, 'customer_scores')
  await tx.query('drop table customer_scores')
  await tx.query(`alter table ${nextTable} rename to customer_scores`)
  const made = await indexesOf(tx, 'customer_scores')
  for (const index of made) {
    const name = index.is_primary ? old.find((o) => o.is_primary)!.name : index.name.replace(/_next$/, '')
    if (name !== index.name) await tx.query(`alter index ${quoted(index.name)} rename to ${quoted(name)}`)
  }
}

/** Merges the filled temporary table; who has no purchase any more has no scores. */
export async function mergeTarget(tx: ClientBase, table: string): Promise<void> {
  await tx.query(`analyze ${table}`)
  await mergeScores(tx, table)
  await tx.query(
    `delete from customer_scores as s where not exists (select 1 from ${table} as n where n.customer_id = s.customer_id)`,
  )
}

async function indexesOf(tx: ClientBase, table: string): Promise<IndexRow[]> {
  const { rows } = await tx.query<IndexRow>(
    `select x.relname as name, pg_get_indexdef(i.indexrelid) as definition, i.indisprimary as is_primary
     from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = $1::regclass order by i.indisprimary desc, x.relname`,
    [table],
  )
  return rows
}

/** "CREATE INDEX x ON public.customer_scores USING btree (…)" for the next table, under a name of its own. */
function copyOfIndex({ name, definition }: IndexRow): string {
  const body = /^CREATE (UNIQUE )?INDEX \S+ ON (?:ONLY )?(\S+) (USING .*)$/s.exec(definition)
  if (!body) throw new Error(`the index ${name} cannot be copied`)
  return `create ${body[1] ?? ''}index ${quoted(`${name}_next`)} on ${nextTable} ${body[3]}`
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
