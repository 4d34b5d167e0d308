import type { ClientBase, PoolClient } from 'pg'
import { mergeCustomers, whyNotMerge, type Keep, type Mergeable } from '#core/knowledge/merge.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from './audit.ts'
import type { Ctx } from './context.ts'
import { moveRows, recountScores, type Moved } from './customer-merge-rows.ts'
import { AppError, InputError, notFound } from './http/errors.ts'
import { addressHash } from './suppression.ts'

export type Profile = Mergeable & { created_at: string }
export interface Locked extends Profile {
  id: string
  is_demo: boolean
  deleted_at: Date | null
  merged_into: string | null
  erased_at: Date | null
}

/** What an undo puts back: both as they were, and what the kept one became, to see what was changed since. */
export interface Before {
  kept: Profile
  merged: Profile
  made: Profile
  scores: { kept: unknown; merged: unknown }
  members: { segment_id: string; entered_at: string }[]
}

const undoDays = 7
/** The columns of a profile that a merge may change, with how they are written. */
export const profileColumns = {
  external_id: 'text',
  email: 'citext',
  phone: 'text',
  name: 'text',
  first_name: 'text',
  birth_date: 'date',
  age_status: 'text',
  email_consent: 'text',
  sms_consent: 'text',
  address: 'text',
  city: 'text',
  state: 'text',
  zip: 'text',
  time_zones: 'text[]',
  store_id: 'uuid',
  tags: 'text[]',
  created_at: 'timestamptz',
} as const satisfies Record<keyof Profile, string>
const names = Object.keys(profileColumns) as (keyof Profile)[]

/** Both customers, locked in one order whoever asks. Throws not_found. */
export async function lockBoth(tx: ClientBase, one: string, other: string): Promise<[Locked, Locked]> {
  const { rows } = await tx.query<Locked>(
    `select c.id, c.is_demo, c.deleted_at, c.merged_into, c.erased_at, ${names
      .filter((n) => n !== 'created_at')
      .map((n) => `c.${n}`)
      .join(', ')}, to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at
     from customers as c where c.id in ($1, $2) order by c.id for update`,
    [one, other],
  )
  const find = (id: string): Locked => {
    const row = rows.find((r) => r.id === id)
    if (!row) throw notFound('customer', id)
    return row
  }
  return [find(one), find(other)]
}

/** The profile alone, in the order of the columns. */
export function profileOf(customer: Profile): Profile {
  return Object.fromEntries(names.map((n) => [n, customer[n]])) as unknown as Profile
}

/** Writes a profile; its unique keys must be free. */
export async function writeProfile(tx: ClientBase, id: string, profile: Partial<Profile>): Promise<void> {
  const given = names.filter((n) => n in profile)
  await tx.query(
    `update customers as c set ${given.map((n, i) => `${n} = $${i + 2}::${profileColumns[n]}`).join(', ')}, updated_at = clock_timestamp() where c.id = $1`,
    [id, ...given.map((n) => profile[n])],
  )
}

/**
 * Makes `otherId` a part of `id`: its orders, messages, consents, events, tags and suppressions move; the stricter consent
 * wins. Its row stays with the number, email and phone that were not kept, so that a file that names them means this
 * customer. Returns the merge. Throws not_found, InputError when the two may not become one.
 */
export async function mergeInto(ctx: Ctx, actor: Actor, id: string, otherId: string, keep: Keep): Promise<string> {
  return withTx(ctx.pool, async (tx) => {
    if (id === otherId) throw new InputError([{ path: 'other_id', message: 'Choose another customer than this one.' }])
    const [mine, other] = await lockBoth(tx, id, otherId)
    const why = whyNotMerge(
      { id, is_live: mine.deleted_at === null, is_demo: mine.is_demo },
      { id: otherId, is_live: other.deleted_at === null, is_demo: other.is_demo },
    )
    if (why) throw new AppError('conflict', why, { other_id: otherId })
    const now = ctx.clock()
    const made: Profile = {
      ...mergeCustomers(mine, other, keep, now),
      created_at: mine.created_at < other.created_at ? mine.created_at : other.created_at,
    }
    const moved = await moveRows(tx, id, otherId)
    moved.suppressions_added = await carrySuppressions(ctx, tx, id, mine, other, made)
    const before: Before = {
      kept: profileOf(mine),
      merged: profileOf(other),
      made,
      scores: { kept: moved.scores.kept, merged: moved.scores.merged },
      members: moved.members,
    }
    await swapKeys(tx, mine, other, made)
    await recountScores(tx, [id])
    const mergeId = await keepMerge(tx, actor, id, otherId, before, moved, now)
    await tx.query('update customers as c set merged_into = $1 where c.merged_into = $2', [id, otherId])
    await tx.query(
      'update customers as c set merged_into = $1, deleted_at = $3, updated_at = clock_timestamp() where c.id = $2',
      [id, otherId, now],
    )
    for (const [entityId, after] of [
      [id, { merged: otherId, keep, merge_id: mergeId }],
      [otherId, { into: id, merge_id: mergeId }],
    ] as const)
      await audit(tx, actor, { action: 'customer.merged', entity: 'customer', entityId, after })
    return mergeId
  })
}

/** A key that was not kept goes to the row of the merged customer: it still leads here. */
async function swapKeys(tx: ClientBase, mine: Locked, other: Locked, made: Profile): Promise<void> {
  const left = (key: 'external_id' | 'email' | 'phone'): string | null =>
    made[key] === mine[key] ? other[key] : mine[key]
  await tx.query(
    'update customers as c set external_id = null, email = null, phone = null, deleted_at = coalesce(c.deleted_at, now()) where c.id = $1',
    [other.id],
  )
  await writeProfile(tx, mine.id, made)
  await writeProfile(tx, other.id, { external_id: left('external_id'), email: left('email'), phone: left('phone') })
}

/** What stands against one address of a person stands against the one that is kept. A bounce is about the address alone. */
async function carrySuppressions(
  ctx: Pick<Ctx, 'config'>,
  tx: ClientBase,
  id: string,
  mine: Profile,
  other: Profile,
  made: Profile,
): Promise<string[]> {
  const hash = (channel: 'email' | 'sms', address: string | null): string[] =>
    address === null ? [] : [addressHash(ctx.config, channel, address).toString('hex')]
  const { rows } = await tx.query<{ id: string }>(
    `with known as (
       select s.* from suppressions as s
       where s.reason <> 'hard_bounce' and (
         (s.channel in ('email', 'all') and s.address_hash = any(select decode(h, 'hex') from unnest($1::text[]) as h))
         or (s.channel in ('sms', 'all') and s.address_hash = any(select decode(h, 'hex') from unnest($2::text[]) as h)))
     ), wanted as (
       select distinct on (k.channel, t.hash) k.channel, decode(t.hash, 'hex') as address_hash, k.reason, k.note, k.is_demo, k.created_at, k.created_by
       from known as k
       join (select 'email' as kind, h as hash from unnest($3::text[]) as h union all select 'sms', h from unnest($4::text[]) as h) as t
         on k.channel in (t.kind, 'all')
       order by k.channel, t.hash, k.created_at
     )
     insert into suppressions (channel, address_hash, customer_id, reason, note, is_demo, created_at, created_by)
     select w.channel, w.address_hash, $5, w.reason, w.note, w.is_demo, w.created_at, w.created_by from wanted as w
     on conflict (channel, address_hash) do nothing returning id`,
    [
      [...hash('email', mine.email), ...hash('email', other.email)],
      [...hash('sms', mine.phone), ...hash('sms', other.phone)],
      hash('email', made.email),
      hash('sms', made.phone),
      id,
    ],
  )
  return rows.map((r) => r.id)
}

async function keepMerge(
  tx: PoolClient,
  actor: Actor,
  keptId: string,
  mergedId: string,
  before: Before,
  moved: Moved,
  now: Date,
): Promise<string> {
  const { members: _, scores: __, ...ids } = moved
  const { rows } = await tx.query<{ id: string }>(
    `insert into customer_merges (kept_id, merged_id, before, moved, undo_until, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [
      keptId,
      mergedId,
      JSON.stringify(before),
      JSON.stringify(ids),
      new Date(now.getTime() + undoDays * 86_400_000),
      actor.kind === 'user' ? actor.id : null,
      now,
    ],
  )
  return rows[0]!.id
}
