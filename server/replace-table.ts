import type { ClientBase } from 'pg'

/**
 * Where most of a table is written anew, filling a new one and building its indexes at once costs a tenth of changing
 * every row in every index with a look at every foreign key. All of it happens in the caller's transaction: readers see
 * the old table until all of the new one is there. Names come from our own code.
 */

interface IndexRow {
  name: string
  definition: string
  is_primary: boolean
}

/** Views, triggers or foreign keys of somebody else would not survive a new table. */
export async function isReplaceable(tx: ClientBase, table: string): Promise<boolean> {
  const { rows } = await tx.query<{ ok: boolean }>(
    `select c.relkind = 'r' and not c.relispartition and not c.relrowsecurity and pg_has_role(c.relowner, 'member')
       and not exists (select from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal)
       and not exists (select from pg_constraint as k where k.confrelid = c.oid)
       and not exists (select from pg_depend as d where d.refobjid = c.oid and d.deptype = 'n' and d.classid = 'pg_rewrite'::regclass)
       and not exists (select from pg_publication_rel as p where p.prrelid = c.oid) as ok
     from pg_class as c where c.oid = $1::regclass`,
    [table],
  )
  return rows[0]?.ok === true
}

/** Makes the empty table that will take the place of the other, and returns its name. */
export async function beginReplacement(tx: ClientBase, table: string): Promise<string> {
  const next = `${table}_next`
  await tx.query(`drop table if exists ${next}`)
  await tx.query(`create table ${next} (like ${table} including defaults including constraints)`)
  return next
}

/** Brings the filled table up to what the other is: indexes, privileges, statistics. */
export async function completeReplacement(tx: ClientBase, table: string): Promise<void> {
  const next = `${table}_next`
  await tx.query(`set local maintenance_work_mem = '128MB'`)
  for (const index of await indexesOf(tx, table)) await tx.query(copyOfIndex(index, next))
  const { rows: grants } = await tx.query<{ statement: string }>(
    `select format('grant %s on ${next} to %s%s', a.privilege_type, case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end,
       case when a.is_grantable then ' with grant option' else '' end) as statement
     from pg_class as c cross join lateral aclexplode(c.relacl) as a left join pg_roles as r on r.oid = a.grantee
     where c.oid = $1::regclass and a.grantee <> c.relowner`,
    [table],
  )
  for (const { statement } of grants) await tx.query(statement)
  await tx.query(`analyze ${next}`)
}

/**
 * The filled table takes the place of the other: foreign keys, then names. Readers wait for milliseconds; changes of the
 * customers they point to about a second a million. Rows of customers who were erased meanwhile go first.
 */
export async function finishReplacement(tx: ClientBase, table: string): Promise<void> {
  const next = `${table}_next`
  const { rows: keys } = await tx.query<{ name: string; definition: string }>(
    `select k.conname as name, pg_get_constraintdef(k.oid) as definition from pg_constraint as k
     where k.conrelid = $1::regclass and k.contype = 'f'`,
    [table],
  )
  await tx.query(`set local lock_timeout = '20s'`)
  await tx.query('lock table customers in share row exclusive mode')
  await tx.query(`delete from ${next} as n where not exists (select from customers as c where c.id = n.customer_id)`)
  for (const { name, definition } of keys)
    await tx.query(`alter table ${next} add constraint ${quoted(name)} ${definition}`)
  const old = await indexesOf(tx, table)
  await tx.query(`drop table ${table}`)
  await tx.query(`alter table ${next} rename to ${table}`)
  for (const index of await indexesOf(tx, table)) {
    const name = index.is_primary ? old.find((o) => o.is_primary)!.name : index.name.replace(/_next$/, '')
    if (name !== index.name) await tx.query(`alter index ${quoted(index.name)} rename to ${quoted(name)}`)
  }
}

async function indexesOf(tx: ClientBase, table: string): Promise<IndexRow[]> {
  const { rows } = await tx.query<IndexRow>(
    `select x.relname as name, case when i.indisprimary then (select pg_get_constraintdef(k.oid) from pg_constraint as k where k.conindid = x.oid and k.contype = 'p')
       else pg_get_indexdef(i.indexrelid) end as definition, i.indisprimary as is_primary
     from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = $1::regclass order by i.indisprimary desc, x.relname`,
    [table],
  )
  return rows
}

/** "CREATE INDEX x ON public.t USING btree (…)" for the next table, under a name of its own. */
function copyOfIndex({ name, definition, is_primary: isPrimary }: IndexRow, next: string): string {
  if (isPrimary) return `alter table ${next} add ${definition}`
  const body = /^CREATE (UNIQUE )?INDEX \S+ ON (?:ONLY )?(\S+) (USING .*)$/s.exec(definition)
  if (!body) throw new Error(`the index ${name} cannot be copied`)
  return `create ${body[1] ?? ''}index ${quoted(`${name}_next`)} on ${next} ${body[3]}`
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
