import type { PoolClient } from 'pg'
import type { CustomerFacts } from '#core/knowledge/import-row.ts'
import type { Config } from '../../config.ts'
import { addressHash } from '../../suppression.ts'
import { updateList, type MergeCounts, type MergeOptions, type Staging } from './staging.ts'

const columns = [
  ['external_id', 'text'],
  // In lower case already; citext would fold it again at every comparison.
  ['email', 'text'],
  ['phone', 'text'],
  ['name', 'text'],
  ['first_name', 'text'],
  ['birth_date', 'date'],
  ['age_status', 'text'],
  ['address', 'text'],
  ['city', 'text'],
  ['state', 'text'],
  ['zip', 'text'],
  ['store', 'text'],
  ['tags', 'text[]'],
  ['email_consent', 'text'],
  ['sms_consent', 'text'],
  ['consent_source', 'text'],
  ['consent_at', 'timestamptz'],
  ['consent_text', 'text'],
  ['time_zones', 'text[]'],
  ['email_hash', 'bytea'],
  ['phone_hash', 'bytea'],
] as const
const staged = ['line', ...columns.map(([name]) => name)].map((name) => `s.${name}`).join(', ')

/** @param zonesOf candidate IANA zones by state, ZIP and phone */
export function customerStaging(
  config: Pick<Config, 'secret'>,
  zonesOf: (place: { state: string | null; zip: string | null; phone: string | null }) => string[],
): Staging<CustomerFacts> {
  return {
    columns,
    values: (f) => [
      f.externalId,
      f.email,
      f.phone,
      f.name,
      f.firstName,
      f.birthDate,
      f.ageStatus,
      f.address,
      f.city,
      f.state,
      f.zip,
      f.store,
      f.tags,
      f.emailConsent,
      f.smsConsent,
      f.consentSource,
      f.consentAt,
      f.consentText,
      f.state || f.zip || f.phone ? zonesOf({ state: f.state, zip: f.zip, phone: f.phone }) : null,
      f.emailConsent === 'granted' && f.email ? addressHash(config, 'email', f.email) : null,
      f.smsConsent === 'granted' && f.phone ? addressHash(config, 'sms', f.phone) : null,
    ],
  }
}

// A blank cell never erases what is stored. A "no" always counts; a "yes" does not undo a stored "no".
const consentAfter = (channel: 'email' | 'sms'): string =>
  `case when p.${channel}_consent = 'denied' or c.${channel}_consent = 'denied' then 'denied'
        when p.${channel}_consent = 'granted' and not p.${channel}_blocked then 'granted' else c.${channel}_consent end`

const changes = {
  external_id: 'coalesce(p.external_id, c.external_id)',
  email: 'coalesce(p.email::citext, c.email)',
  phone: 'coalesce(p.phone, c.phone)',
  name: 'coalesce(p.name, c.name)',
  first_name: 'coalesce(p.first_name, c.first_name)',
  birth_date: 'coalesce(p.birth_date, c.birth_date)',
  // A tick in a list does not overrule a birth date we have.
  age_status: `case when p.birth_date is not null then p.age_status
                    when p.age_status is null or c.age_status in ('dob_verified', 'under_age') then c.age_status else p.age_status end`,
  address: 'coalesce(p.address, c.address)',
  city: 'coalesce(p.city, c.city)',
  state: 'coalesce(p.state, c.state)',
  zip: 'coalesce(p.zip, c.zip)',
  // A phone alone does not move somebody whose address is known.
  time_zones: `case when p.time_zones is null or (p.state is null and p.zip is null and (c.state is not null or c.zip is not null))
                    then c.time_zones else p.time_zones end`,
  store_id: 'coalesce(p.store_id, c.store_id)',
  tags: `case when p.tags is null or p.tags <@ c.tags then c.tags
              else (select array_agg(distinct t order by t) from unnest(c.tags || p.tags) as t) end`,
  email_consent: consentAfter('email'),
  sms_consent: consentAfter('sms'),
}

const ids = ['external', 'email', 'phone'] as const

/** Staged rows -> customers and consents, as sets. Safe to run twice over the same rows: the second time nothing changes. */
export async function mergeCustomers(client: PoolClient, options: MergeOptions): Promise<MergeCounts> {
  await client.query('analyze staged')
  // Whom does a row mean? Stored customers by each key, and the keys that other rows of the file add.
  await client.query(`
    create temp table matched on commit drop as
    select s.line, s.external_id, s.email, s.phone,
      e.id as by_external, m.id as by_email, p.id as by_phone,
      coalesce(e.id, m.id, p.id) as target,
      case
        when e.id is not null then e.deleted_at
        when m.id is not null then m.deleted_at else p.deleted_at end as deleted_at,
      case when e.id is null and m.id is not null then m.own_external_id
           when e.id is null and p.id is not null then p.own_external_id end as other_external_id,
      case when e.id is null and m.id is null then p.own_email end as other_email,
      coalesce(e.is_merged, false) as external_merged, coalesce(m.is_merged, false) as email_merged, coalesce(p.is_merged, false) as phone_merged
    from staged as s
    left join identities as e on e.external_id = s.external_id
    left join identities as m on m.email = s.email::citext
    left join identities as p on p.phone = s.phone`)
  await dropFormerKeys(client)
  await client.query(`
    insert into rejected (line, column_name, reason)
    select m.line, x.column_name, x.reason from matched as m cross join lateral (
      select 'email' as column_name, 'Customer number, email and phone of this row belong to different customers. Correct the row, or merge the customers.' as reason
        where ${ids.flatMap((a, i) => ids.slice(i + 1).map((b) => `m.by_${a} <> m.by_${b}`)).join(' or ')}
      union all select 'external_id', 'This email or phone belongs to a customer with another customer number.'
        where m.external_id is not null and m.other_external_id is not null and m.other_external_id <> m.external_id
      union all select 'phone', 'This phone belongs to a customer with another email.'
        where m.by_external is null and m.email is not null and m.other_email is not null and m.other_email <> m.email::citext
      union all select 'email', 'This customer was deleted; restore them first.' where m.deleted_at is not null
      limit 1) as x`)
  await client.query('delete from matched where line in (select rejected.line from rejected)')
  await keyRows(client)
  const duplicates = await client.query('delete from keyed where nth > 1')
  for (const [key, column] of [
    ['new_number', 'external_id'],
    ['email', 'email'],
    ['phone', 'phone'],
  ] as const) {
    await client.query(
      `with twice as (
         select k.line, first_value(k.line) over (partition by k.${key} order by k.line) as first_line,
           row_number() over (partition by k.${key} order by k.line) as nth
         from keyed as k where k.${key} is not null
       ), gone as (delete from keyed using twice where keyed.line = twice.line and twice.nth > 1)
       insert into rejected (line, column_name, reason)
       select t.line, $1, format('Line %s, of another customer, has the same value.', t.first_line) from twice as t where t.nth > 1`,
      [column],
    )
  }
  // In the order of the index that costs most to search: a citext folds the case at each comparison.
  await client.query(`
    create temp table planned on commit drop as
    select ${staged}, k.target, coalesce(k.target, uuidv7()) as id, st.id as store_id,
      exists (select from suppressions as u where u.address_hash = s.email_hash and u.channel in ('email', 'all')
        and u.reason <> 'hard_bounce') as email_blocked,
      exists (select from suppressions as u where u.address_hash = s.phone_hash and u.channel in ('sms', 'all')
        and u.reason <> 'hard_bounce') as sms_blocked
    from keyed as k join staged as s on s.line = k.line
    left join lateral (select stores.id from stores where stores.external_id = s.store or lower(stores.name) = lower(s.store)
      order by (stores.external_id = s.store) desc nulls last limit 1) as st on s.store is not null
    order by s.email collate "C"`)
  await client.query('analyze planned')
  for (const channel of ['email', 'sms'] as const) {
    await client.query(
      `insert into noted (line, column_name, reason)
       select p.line, $1, 'A yes does not undo an earlier no: this customer has opted out and stays so.' from planned as p
       left join customers as c on c.id = p.target
       where p.${channel}_consent = 'granted' and (p.${channel}_blocked or c.${channel}_consent = 'denied')`,
      [`${channel}_consent`],
    )
  }
  await client.query(`insert into noted (line, column_name, reason)
    select p.line, 'store', 'There is no such store; the customer is stored without one.' from planned as p where p.store is not null and p.store_id is null`)
  const { set, differs, before } = updateList(changes, 'c')
  // What is locked is what is kept: nobody's change can fall between the two.
  const changed = await client.query(
    `with changed as materialized (
       select c.id, ${before} as before from planned as p join customers as c on c.id = p.target where ${differs} for update of c
     ), kept as (
       insert into import_before (import_id, entity, row_id, before) select $1::uuid, 'customer', changed.id, changed.before from changed where $1::uuid is not null
     )
     update customers as c set ${set}, updated_at = now() from planned as p join changed on changed.id = p.target where c.id = p.target`,
    [options.importId],
  )
  const { added, raced } = await addCustomers(client, options)
  const consents = await mergeConsents(client)
  const { rows: kept } = await client.query<{ count: number }>('select count(*) as count from planned')
  const rowsChanged = changed.rowCount ?? 0
  return {
    rowsNew: added,
    rowsChanged,
    rowsSame: Number(kept[0]?.count ?? 0) - added - rowsChanged,
    rowsDuplicate: duplicates.rowCount ?? 0,
    also: { consents, ...(raced > 0 ? { raced } : {}) },
  }
}

/**
 * A key that was merged away names the customer, but is no longer theirs: it changes nothing, and a yes to an address
 * that was not kept is no yes to the kept one.
 */
async function dropFormerKeys(client: PoolClient): Promise<void> {
  // Most shops never merge anybody, and a large file should not be read twice more for that.
  const { rowCount: some } = await client.query('select from customers as c where c.merged_into is not null limit 1')
  if (!some) return
  const former = 'm.external_merged or m.email_merged or m.phone_merged'
  const unless = (flag: string, column: string): string =>
    `${column} = case when m.${flag} then null else s.${column} end`
  const keys = [
    unless('external_merged', 'external_id'),
    unless('email_merged', 'email'),
    unless('phone_merged', 'phone'),
  ]
  const consent = (channel: string, flag: string): string =>
    `${channel}_consent = case when m.${flag} and s.${channel}_consent = 'granted' then null else s.${channel}_consent end`
  await client.query(
    `update staged as s set ${[...keys, consent('email', 'email_merged'), consent('sms', 'phone_merged')].join(', ')}
     from matched as m where m.line = s.line and (${former})`,
  )
  await client.query(
    `update matched as s set ${keys.join(', ').replaceAll('m.', 's.')} where ${former.replaceAll('m.', 's.')}`,
  )
}

/** Rows of the same customer under different keys are joined through the keys they share; the last row gets `nth` 1. `new_number`: one that a stored customer gets. */
async function keyRows(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ some_unnumbered: boolean; some_known: boolean }>(
    `select exists (select from matched as m where m.external_id is null) as some_unnumbered, exists (select from matched as m where m.target is not null) as some_known`,
  )
  const { some_unnumbered: unnumbered = true, some_known: known = true } = rows[0] ?? {}
  // A list where everybody has a number of their own needs none of the sorting that joins the others.
  const externalKey = unnumbered
    ? `coalesce(m.external_id, case when m.email is not null then max(m.external_id) over (partition by m.email) end,
          case when m.phone is not null then max(m.external_id) over (partition by m.phone) end)`
    : 'm.external_id'
  const emailKey = unnumbered
    ? `coalesce(m.email, case when m.phone is not null then max(m.email) over (partition by m.phone) end)`
    : 'm.email'
  const target = known ? 'coalesce(s.target::text, max(s.target::text) over (partition by s.external_key))' : 'null'
  await client.query(`
    create temp table keyed on commit drop as
    with shared as (
      select m.line, m.email, m.phone, m.target, case when m.by_external is null and m.target is not null then m.external_id end as new_number, ${externalKey} as external_key, ${emailKey} as email_key from matched as m
    ), named as (
      select s.*, coalesce('i' || ${target}, 'x' || s.external_key) as strong
      from shared as s where s.external_key is not null
      union all
      select s.*, coalesce('i' || s.target::text, 'm' || s.email_key, 'p' || s.phone) from shared as s where s.external_key is null
    )
    select n.line, n.email, n.phone, n.new_number, case when n.strong like 'i%' then substr(n.strong, 2)::uuid end as target,
      row_number() over (partition by n.strong order by n.line desc) as nth
    from named as n`)
}

/** New customers. Only when somebody else made one of them in the same moment is each row checked for it, which takes a third longer. */
async function addCustomers(client: PoolClient, options: MergeOptions): Promise<{ added: number; raced: number }> {
  const add = async (onConflict: '' | 'on conflict do nothing'): Promise<number> => {
    const { rowCount } = await client.query(
      `insert into customers (id, external_id, email, phone, name, first_name, birth_date, age_status, email_consent, sms_consent,
         address, city, state, zip, time_zones, store_id, tags, is_demo, import_id)
       select p.id, p.external_id, p.email, p.phone, p.name, p.first_name, p.birth_date, coalesce(p.age_status, 'unknown'),
         case when p.email_blocked then 'denied' else coalesce(p.email_consent, 'unknown') end,
         case when p.sms_blocked then 'denied' else coalesce(p.sms_consent, 'unknown') end,
         p.address, p.city, p.state, p.zip, coalesce(p.time_zones, '{}'), p.store_id, coalesce(p.tags, '{}'), $1, $2
       from planned as p where p.target is null ${onConflict}`,
      [options.isDemo, options.importId],
    )
    return rowCount ?? 0
  }
  await client.query('savepoint adding')
  try {
    return { added: await add(''), raced: 0 }
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
  }
  await client.query('rollback to savepoint adding')
  const added = await add('on conflict do nothing')
  const lost = await client.query(`
    with lost as (delete from planned as p where p.target is null and not exists (select from customers as c where c.id = p.id) returning p.line)
    insert into rejected (line, column_name, reason)
    select lost.line, 'email', 'Somebody else created this customer in the same moment. Import the row again.' from lost`)
  return { added, raced: lost.rowCount ?? 0 }
}

/** Proof rows: a grant that took effect, once per source and date; a denial, unless the newest row is one already. */
async function mergeConsents(client: PoolClient): Promise<number> {
  let written = 0
  for (const channel of ['email', 'sms'] as const) {
    // Found first and written then: a query that reads the table it fills gets slower with each row.
    await client.query(
      `create temp table proof on commit drop as
       select p.id, p.${channel}_consent as status, coalesce(p.consent_source, 'import') as source, p.consent_text,
         case when p.target is not null and p.${channel}_consent = 'denied' and exists (select from consents as k
             where k.customer_id = p.id and k.channel = '${channel}' and k.given_at > coalesce(p.consent_at, now()))
           then now() else coalesce(p.consent_at, now()) end as given_at
       from planned as p join customers as c on c.id = p.id
       where (p.${channel}_consent = 'granted' and c.${channel}_consent = 'granted'
           and (p.target is null or not exists (select from consents as k where k.customer_id = p.id and k.channel = '${channel}'
             and k.status = 'granted' and k.source = p.consent_source and k.given_at = p.consent_at)))
         or (p.${channel}_consent = 'denied' and (p.target is null or (select k.status from consents as k
             where k.customer_id = p.id and k.channel = '${channel}' order by k.given_at desc, k.id desc limit 1) is distinct from 'denied'))`,
    )
    const { rowCount } = await client.query(
      `insert into consents (customer_id, channel, status, source, text_version, given_at)
       select f.id, $1, f.status, f.source, f.consent_text, f.given_at from proof as f`,
      [channel],
    )
    await client.query('drop table proof')
    written += rowCount ?? 0
  }
  return written
}
