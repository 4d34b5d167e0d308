import type { ClientBase } from 'pg'

/** Ids of rows that changed their customer, by table. */
export interface MovedIds {
  orders: string[]
  consents: string[]
  sends: string[]
  events: string[]
  actions: string[]
  suppressions: string[]
  /** absent in merges from before there were sign-ups */
  signups?: string[]
  /** what the kept customer wished for before; null: nothing special */
  wishes?: StoredWishes | null
  /** new entries for the kept address */
  suppressions_added: string[]
  /** hand-picked segments that the kept customer entered because the other was in them */
  picked: string[]
  /** customers that had been merged into the other one before */
  merged: string[]
}
interface StoredWishes {
  topics_off: string[]
  every_days: number | null
  paused_until: string | null
}
export interface Moved extends MovedIds {
  members: { segment_id: string; entered_at: string }[]
  scores: { kept: unknown; merged: unknown }
}

const simple = [
  ['orders', 'orders'],
  ['consents', 'consents'],
  ['sends', 'sends'],
  ['events', 'analytics_events'],
  ['suppressions', 'suppressions'],
  ['signups', 'signups'],
] as const

/** Gives all rows of `from` to `to`, and says which. Runs in the caller's transaction. */
export async function moveRows(tx: ClientBase, to: string, from: string): Promise<Moved> {
  const moved = { suppressions_added: [] } as unknown as Moved
  moved.actions = await moveActions(tx, to, from)
  for (const [name, table] of simple) {
    const { rows } = await tx.query<{ id: string }>(
      `update ${table} as t set customer_id = $1 where t.customer_id = $2 returning t.id`,
      [to, from],
    )
    moved[name] = rows.map((r) => r.id)
  }
  await tx.query('update conversions as v set customer_id = $1 where v.customer_id = $2', [to, from])
  const { rows: merged } = await tx.query<{ id: string }>('select c.id from customers as c where c.merged_into = $1', [
    from,
  ])
  moved.merged = merged.map((r) => r.id)
  Object.assign(moved, await moveMembership(tx, to, from))
  moved.scores = await moveScores(tx, to, from)
  moved.wishes = await joinWishes(tx, to, from)
  return moved
}

/** The quieter wish of the two wins; the row of the merged customer stays for an undo. Returns what was before. */
async function joinWishes(tx: ClientBase, to: string, from: string): Promise<StoredWishes | null> {
  const { rows } = await tx.query<StoredWishes>(
    'select p.topics_off, p.every_days, p.paused_until from customer_preferences as p where p.customer_id = $1 for update',
    [to],
  )
  await tx.query(
    `insert into customer_preferences as p (customer_id, topics_off, every_days, paused_until)
     select $1, o.topics_off, o.every_days, o.paused_until from customer_preferences as o where o.customer_id = $2
     on conflict (customer_id) do update set
       topics_off = array(select distinct t from unnest(p.topics_off || excluded.topics_off) as t order by t),
       every_days = greatest(p.every_days, excluded.every_days), paused_until = greatest(p.paused_until, excluded.paused_until), updated_at = now()`,
    [to, from],
  )
  return rows[0] ?? null
}

async function returnWishes(tx: ClientBase, id: string, before: StoredWishes | null | undefined): Promise<void> {
  if (before === undefined) return
  await tx.query('delete from customer_preferences as p where p.customer_id = $1', [id])
  if (before)
    await tx.query(
      'insert into customer_preferences (customer_id, topics_off, every_days, paused_until) values ($1, $2, $3, $4)',
      [id, before.topics_off, before.every_days, before.paused_until],
    )
}

/** Gives rows back, as far as they still belong to `from`. */
export async function returnRows(tx: ClientBase, from: string, to: string, moved: MovedIds): Promise<void> {
  for (const [name, table] of [...simple, ['actions', 'actions']] as const)
    await tx.query(`update ${table} as t set customer_id = $1 where t.customer_id = $2 and t.id = any($3::uuid[])`, [
      to,
      from,
      moved[name] ?? [],
    ])
  await tx.query(
    'update conversions as v set customer_id = $1 where v.customer_id = $2 and v.order_id = any($3::uuid[])',
    [to, from, moved.orders],
  )
  await tx.query('update customers as c set merged_into = $1 where c.merged_into = $2 and c.id = any($3::uuid[])', [
    to,
    from,
    moved.merged,
  ])
  await tx.query(`delete from suppressions as s where s.id = any($1::uuid[]) and s.customer_id = $2`, [
    moved.suppressions_added,
    from,
  ])
  await returnWishes(tx, from, moved.wishes)
}

const mergedAway = `status = 'cancelled', refused_by = 'person-merged', updated_at = now(),
       error_message = 'The customer was merged with another one who gets this message.'`

/**
 * Both may be planned for in one campaign on one day, and only one can be: that one of the other stays behind, and its
 * message, still waiting, is not sent twice to one person.
 */
async function moveActions(tx: ClientBase, to: string, from: string): Promise<string[]> {
  await tx.query(
    `update sends as s set ${mergedAway} from campaign_entries as e
     where s.customer_id = $2 and s.status = 'pending' and e.id = s.entry_id and exists (
       select from every_action as x where x.customer_id = $1 and x.campaign_id = s.campaign_id and x.scheduled_date = e.scheduled_date)`,
    [to, from],
  )
  const { rows } = await tx.query<{ id: string }>(
    `update actions as a set customer_id = $1 where a.customer_id = $2 and not exists (
       select from every_action as x where x.customer_id = $1 and x.campaign_id = a.campaign_id and x.scheduled_date = a.scheduled_date)
     returning a.id`,
    [to, from],
  )
  await tx.query(
    `update sends as s set ${mergedAway}
     where s.customer_id = $1 and s.status = 'pending' and s.action_id in (select a.id from actions as a where a.customer_id = $1)`,
    [from],
  )
  return rows.map((r) => r.id)
}

/** Rule segments find the kept customer by themselves; of hand-picked ones it takes the place of the other. */
async function moveMembership(tx: ClientBase, to: string, from: string): Promise<Pick<Moved, 'members' | 'picked'>> {
  const { rows: members } = await tx.query<Moved['members'][number]>(
    `delete from segment_members as m where m.customer_id = $1 returning m.segment_id, m.entered_at`,
    [from],
  )
  const { rows: picked } = await tx.query<{ segment_id: string }>(
    `insert into segment_members (segment_id, customer_id)
     select g.id, $1 from segments as g where g.id = any($2::uuid[]) and g.kind = 'snapshot' on conflict do nothing returning segment_id`,
    [to, members.map((m) => m.segment_id)],
  )
  const ids = picked.map((p) => p.segment_id)
  await shiftCounts(
    tx,
    members.map((m) => m.segment_id),
    -1,
  )
  await shiftCounts(tx, ids, 1)
  return { members, picked: ids }
}

/** Puts `merged` back into the segments it was in, and takes `kept` out of those it entered for it. */
export async function returnMembership(
  tx: ClientBase,
  kept: string,
  merged: string,
  was: Pick<Moved, 'members' | 'picked'>,
): Promise<void> {
  const { rows: left } = await tx.query<{ segment_id: string }>(
    'delete from segment_members as m where m.customer_id = $1 and m.segment_id = any($2::uuid[]) returning m.segment_id',
    [kept, was.picked],
  )
  const { rows: back } = await tx.query<{ segment_id: string }>(
    `insert into segment_members (segment_id, customer_id, entered_at)
     select g.id, $1, m.entered_at from jsonb_to_recordset($2::jsonb) as m(segment_id uuid, entered_at timestamptz) join segments as g on g.id = m.segment_id
     on conflict do nothing returning segment_id`,
    [merged, JSON.stringify(was.members)],
  )
  await shiftCounts(
    tx,
    left.map((r) => r.segment_id),
    -1,
  )
  await shiftCounts(
    tx,
    back.map((r) => r.segment_id),
    1,
  )
}

async function shiftCounts(tx: ClientBase, segmentIds: readonly string[], by: 1 | -1): Promise<void> {
  if (segmentIds.length === 0) return
  await tx.query(
    'update segments as g set customer_count = greatest(0, g.customer_count + $2) where g.id = any($1::uuid[])',
    [segmentIds, by],
  )
}

/** One row of scores is left: the kept customer's, or the other's when it had none. */
async function moveScores(tx: ClientBase, to: string, from: string): Promise<Moved['scores']> {
  const { rows } = await tx.query<{ customer_id: string; row: unknown }>(
    'select s.customer_id, to_jsonb(s) as row from customer_scores as s where s.customer_id in ($1, $2)',
    [to, from],
  )
  const of = (id: string): unknown => rows.find((r) => r.customer_id === id)?.row ?? null
  const scores = { kept: of(to), merged: of(from) }
  if (scores.kept) await tx.query('delete from customer_scores as s where s.customer_id = $1', [from])
  else await tx.query('update customer_scores as s set customer_id = $1 where s.customer_id = $2', [to, from])
  return scores
}

/** Both rows of scores as they were before the merge; the next scoring brings them up to date. */
export async function returnScores(
  tx: ClientBase,
  kept: string,
  merged: string,
  scores: Moved['scores'],
): Promise<void> {
  await tx.query('delete from customer_scores as s where s.customer_id in ($1, $2)', [kept, merged])
  for (const row of [scores.kept, scores.merged])
    if (row)
      await tx.query(
        'insert into customer_scores select x.* from jsonb_populate_record(null::customer_scores, $1::jsonb) as x',
        [JSON.stringify(row)],
      )
  await recountScores(tx, [kept, merged])
}

/** Orders and spend as they are now. Scores that a model makes of them wait for the next scoring. */
export async function recountScores(tx: ClientBase, customerIds: readonly string[]): Promise<void> {
  await tx.query(
    `update customer_scores as s set purchase_frequency = o.orders, total_spent_cents = o.cents,
       avg_order_value_cents = case when o.orders > 0 then round(o.cents::numeric / o.orders)::bigint end, first_purchase_at = o.first_at, last_purchase_at = o.last_at
     from (select c.id, count(o.id) filter (where o.total_cents >= 0)::int as orders, coalesce(sum(o.total_cents), 0)::bigint as cents,
             min(o.ordered_at) filter (where o.total_cents >= 0) as first_at, max(o.ordered_at) filter (where o.total_cents >= 0) as last_at
           from customers as c left join orders as o on o.customer_id = c.id where c.id = any($1::uuid[]) group by c.id) as o
     where s.customer_id = o.id`,
    [customerIds],
  )
}
