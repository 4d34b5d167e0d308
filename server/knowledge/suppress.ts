import type { ClientBase } from 'pg'
import type { Config } from '../config.ts'
import { addressHash } from '../suppression.ts'

export type Scope = 'email' | 'sms' | 'all'

interface Addresses {
  id: string
  email: string | null
  phone: string | null
}

interface Kept {
  channel: Scope
  hash: string
  note: string | null
  created_by: string | null
  created_at: string
}

/** The addresses of customers that a channel means, hashed. `all` closes both of them for everything. */
async function hashesOf(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  customerIds: readonly string[],
  channel: Scope,
): Promise<{ customer_id: string; hash: string }[]> {
  const { rows } = await client.query<Addresses>(
    'select c.id, c.email, c.phone from customers as c where c.id = any($1::uuid[])',
    [customerIds],
  )
  return rows.flatMap(({ id, email, phone }) => [
    ...(email && channel !== 'sms'
      ? [{ customer_id: id, hash: addressHash(config, 'email', email).toString('hex') }]
      : []),
    ...(phone && channel !== 'email'
      ? [{ customer_id: id, hash: addressHash(config, 'sms', phone).toString('hex') }]
      : []),
  ])
}

/**
 * Puts the addresses of customers on the do-not-contact list by hand. Their waiting messages are not cancelled but
 * refused by the gate when they come due, so that an undo gives them back. Returns whose addresses were not on it.
 */
export async function suppressCustomers(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  customerIds: readonly string[],
  entry: { channel: Scope; note: string; createdBy: string | null; jobId?: string; at: Date },
): Promise<string[]> {
  const { rows } = await client.query<{ customer_id: string }>(
    `insert into suppressions (channel, address_hash, customer_id, reason, note, created_by, job_id, is_demo, created_at)
     select distinct on (g.hash) $2, decode(g.hash, 'hex'), c.id, 'manual', $3, $4, $5, c.is_demo, $6
     from jsonb_to_recordset($1::jsonb) as g(customer_id uuid, hash text) join customers as c on c.id = g.customer_id order by g.hash
     on conflict (channel, address_hash) do nothing returning customer_id`,
    [
      JSON.stringify(await hashesOf(client, config, customerIds, entry.channel)),
      entry.channel,
      entry.note,
      entry.createdBy,
      entry.jobId ?? null,
      entry.at,
    ],
  )
  return [...new Set(rows.map((r) => r.customer_id))]
}

/**
 * Takes addresses of customers off the list, as far as somebody of the shop put them there: what a customer said, a
 * bounce or a complaint stays. Returns what was taken away, by customer.
 */
export async function unsuppressCustomers(
  client: ClientBase,
  config: Pick<Config, 'secret'>,
  customerIds: readonly string[],
  channel: Scope,
): Promise<Map<string, Kept[]>> {
  const { rows } = await client.query<Kept & { customer_id: string }>(
    `with given as (select g.customer_id, decode(g.hash, 'hex') as hash from jsonb_to_recordset($1::jsonb) as g(customer_id uuid, hash text))
     delete from suppressions as s using given
     where s.address_hash = given.hash and s.reason = 'manual' and ($2 = 'all' or s.channel = $2)
     returning given.customer_id, s.channel, encode(s.address_hash, 'hex') as hash, s.note, s.created_by, s.created_at`,
    [JSON.stringify(await hashesOf(client, config, customerIds, channel)), channel],
  )
  const taken = new Map<string, Kept[]>()
  for (const { customer_id: id, ...kept } of rows) taken.set(id, [...(taken.get(id) ?? []), kept])
  return taken
}

/** Puts back what unsuppressCustomers took away. Returns whose addresses were not on the list meanwhile. */
export async function putBack(client: ClientBase, taken: ReadonlyMap<string, Kept[]>): Promise<string[]> {
  const rows = [...taken].flatMap(([customer_id, kept]) => kept.map((k) => ({ customer_id, ...k })))
  const { rows: back } = await client.query<{ customer_id: string }>(
    `insert into suppressions (channel, address_hash, customer_id, reason, note, created_by, is_demo, created_at)
     select g.channel, decode(g.hash, 'hex'), c.id, 'manual', g.note, u.id, c.is_demo, g.created_at
     from jsonb_to_recordset($1::jsonb) as g(customer_id uuid, channel text, hash text, note text, created_by uuid, created_at timestamptz)
     join customers as c on c.id = g.customer_id left join users as u on u.id = g.created_by
     on conflict (channel, address_hash) do nothing returning customer_id`,
    [JSON.stringify(rows)],
  )
  return [...new Set(back.map((r) => r.customer_id))]
}
