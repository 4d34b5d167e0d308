import type { PoolClient } from 'pg'
import type { ConsentFacts, SuppressionFacts } from '#core/knowledge/import-row.ts'
import type { Config } from '../../config.ts'
import { addressHash } from '../../suppression.ts'
import type { MergeCounts, MergeOptions, Staging } from './staging.ts'

export function consentStaging(config: Pick<Config, 'secret'>): Staging<ConsentFacts> {
  return {
    columns: [
      ['external_id', 'text'],
      ['email', 'text'],
      ['phone', 'text'],
      ['channel', 'text'],
      ['status', 'text'],
      ['source', 'text'],
      ['given_at', 'timestamptz'],
      ['text_version', 'text'],
      ['email_hash', 'bytea'],
      ['phone_hash', 'bytea'],
    ],
    values: (f) => [
      f.externalId,
      f.email,
      f.phone,
      f.channel,
      f.status,
      f.source,
      f.givenAt,
      f.textVersion,
      f.email ? addressHash(config, 'email', f.email) : null,
      f.phone ? addressHash(config, 'sms', f.phone) : null,
    ],
  }
}

// Who a row means: stored customers only, a consent makes nobody.
const matched = `create temp table matched on commit drop as
  select s.line, coalesce(e.id, m.id, p.id) as target,
    coalesce(e.id <> m.id, false) or coalesce(e.id <> p.id, false) or coalesce(m.id <> p.id, false) as conflict,
    -- the address was merged away: a yes to it is no yes to the kept one
    coalesce(case s.channel when 'email' then m.is_merged else p.is_merged end, false) as is_former
  from staged as s
  left join identities as e on e.external_id = s.external_id and e.deleted_at is null
  left join identities as m on m.email = s.email::citext and m.deleted_at is null
  left join identities as p on p.phone = s.phone and p.deleted_at is null`

/**
 * Staged statements -> consents of known customers. Each is kept as proof, once; the newest of the file decides, but a
 * yes never undoes a stored no or a suppression: only the customer can, at the sign-up page or in the shop.
 */
export async function mergeConsentList(
  client: PoolClient,
  options: Pick<MergeOptions, 'importId'>,
): Promise<MergeCounts> {
  await client.query('analyze staged')
  await client.query(matched)
  await client.query(`insert into rejected (line, column_name, reason)
    select m.line, 'email', case when m.conflict then 'Customer number, email and phone of this row belong to different customers.'
      else 'No customer has this number, email or phone. Import the customers first.' end
    from matched as m where m.conflict or m.target is null`)
  await client.query('delete from matched where conflict or target is null')
  await client.query(`create temp table stated on commit drop as
    select s.*, m.target, m.is_former, row_number() over (partition by m.target, s.channel order by s.given_at desc, s.line desc) as nth,
      row_number() over (partition by m.target, s.channel, s.status, s.source, s.given_at order by s.line) as same_nth
    from matched as m join staged as s on s.line = m.line`)
  const added = await client.query(`create temp table fresh on commit drop as
    select t.* from stated as t where t.same_nth = 1 and not exists (select from consents as k where k.customer_id = t.target
      and k.channel = t.channel and k.status = t.status and k.source = t.source and k.given_at = t.given_at)`)
  await client.query(`insert into consents (customer_id, channel, status, source, text_version, given_at)
    select f.target, f.channel, f.status, f.source, f.text_version, f.given_at from fresh as f`)
  let customers = 0
  for (const channel of ['email', 'sms'] as const) {
    const address = channel === 'email' ? 'c.email is not null' : 'c.phone is not null'
    await client.query(`insert into noted (line, column_name, reason)
      select t.line, 'status', 'A yes does not undo an earlier no: this customer has opted out and stays so.'
      from stated as t join customers as c on c.id = t.target
      where t.channel = '${channel}' and t.nth = 1 and t.status = 'granted'
        and (c.${channel}_consent = 'denied' or ${blocked(channel)})`)
    // A no is never taken back, so only what a yes replaces is kept.
    const { rowCount } = await client.query(
      `with changed as materialized (
         select c.id, t.status, c.${channel}_consent as was from stated as t join customers as c on c.id = t.target
         where t.channel = '${channel}' and t.nth = 1 and c.${channel}_consent <> t.status
           and (t.status = 'denied' or (c.${channel}_consent <> 'denied' and ${address} and not t.is_former and not ${blocked(channel)})) for update of c
       ), kept as (
         insert into import_before (import_id, entity, row_id, before)
         select $1::uuid, 'customer', changed.id, jsonb_build_object('${channel}_consent', changed.was) from changed where changed.status = 'granted' and $1::uuid is not null
       )
       update customers as c set ${channel}_consent = changed.status, updated_at = now() from changed where c.id = changed.id`,
      [options.importId],
    )
    customers += rowCount ?? 0
  }
  const { rows } = await client.query<{ kept: number; twice: number }>(
    'select count(*) filter (where same_nth = 1) as kept, count(*) filter (where same_nth > 1) as twice from stated',
  )
  const rowsNew = added.rowCount ?? 0
  return {
    rowsNew,
    rowsChanged: 0,
    rowsSame: (rows[0]?.kept ?? 0) - rowsNew,
    rowsDuplicate: rows[0]?.twice ?? 0,
    also: { customers_changed: customers },
  }
}

const blocked = (channel: 'email' | 'sms'): string =>
  `exists (select from suppressions as u where u.address_hash = t.${channel === 'email' ? 'email' : 'phone'}_hash
     and u.channel in ('${channel}', 'all') and u.reason <> 'hard_bounce')`

export function suppressionStaging(config: Pick<Config, 'secret'>): Staging<SuppressionFacts> {
  return {
    columns: [
      ['email', 'text'],
      ['phone', 'text'],
      ['channel', 'text'],
      ['reason', 'text'],
      ['at', 'timestamptz'],
      ['email_hash', 'bytea'],
      ['phone_hash', 'bytea'],
    ],
    values: (f) => [
      f.email,
      f.phone,
      f.channel,
      f.reason,
      f.at,
      f.email && f.channel !== 'sms' ? addressHash(config, 'email', f.email) : null,
      f.phone && f.channel !== 'email' ? addressHash(config, 'sms', f.phone) : null,
    ],
  }
}

/** Staged addresses -> suppressions, known customer or not; an address that is closed already stays as it is. */
export async function mergeSuppressions(client: PoolClient, options: MergeOptions): Promise<MergeCounts> {
  // `all` with two addresses closes both of them.
  await client.query(`create temp table closed on commit drop as
    select a.*, row_number() over (partition by a.channel, a.hash order by a.at, a.line) as nth,
      exists (select from suppressions as u where u.channel = a.channel and u.address_hash = a.hash) as known
    from (
      select s.line, s.channel, s.reason, s.at, s.email_hash as hash, c.id as customer, c.is_merged from staged as s
        left join identities as c on c.email = s.email::citext where s.email_hash is not null
      union all
      select s.line, s.channel, s.reason, s.at, s.phone_hash, c.id, c.is_merged from staged as s
        left join identities as c on c.phone = s.phone where s.phone_hash is not null
    ) as a`)
  // Who said no under an address that was merged away said it for the one that was kept.
  for (const channel of ['email', 'sms'] as const)
    await client.query(
      `with said as (
         update customers as c set ${channel}_consent = 'denied', updated_at = now() from closed as k
         where k.customer = c.id and k.is_merged and k.channel in ($1, 'all') and k.reason <> 'hard_bounce' and c.${channel}_consent <> 'denied' returning c.id, k.at
       )
       insert into consents (customer_id, channel, status, source, given_at)
       select said.id, $1, 'denied', 'do-not-contact list', coalesce(min(said.at), now()) from said group by said.id`,
      [channel],
    )
  const added = await client.query(
    `insert into suppressions (channel, address_hash, customer_id, reason, is_demo, created_at)
     select k.channel, k.hash, k.customer, k.reason, $1, k.at from closed as k where k.nth = 1 and not k.known
     on conflict (channel, address_hash) do nothing`,
    [options.isDemo],
  )
  const { rows } = await client.query<{ fresh: number; twice: number; all: number }>(`
    select count(*) filter (where l.fresh) as fresh, count(*) filter (where not l.fresh and l.twice) as twice, count(*) as all
    from (select k.line, bool_or(k.nth = 1 and not k.known) as fresh, bool_or(k.nth > 1) as twice from closed as k group by k.line) as l`)
  const { fresh = 0, twice = 0, all = 0 } = rows[0] ?? {}
  return {
    rowsNew: fresh,
    rowsChanged: 0,
    rowsSame: all - fresh - twice,
    rowsDuplicate: twice,
    also: { addresses_closed: added.rowCount ?? 0 },
  }
}
