import type { ClientBase } from 'pg'
import type { Ctx } from './context.ts'
import { erasing, scrubbed, scrubbedText } from './erasure-tables.ts'
import { removeFilesOf } from './erasure-files.ts'
import { knownAddresses } from './known-addresses.ts'
import { addressHash } from './suppression.ts'

interface Person {
  id: string
  email: string | null
  phone: string | null
  name: string | null
  external_id: string | null
}

/**
 * Erases customers for good (GDPR art. 17): rows without a name, orders and events without anybody behind them, addresses
 * kept only as keyed hashes so that nobody writes to them again, whatever file brings them back. Who was merged into them
 * goes with them. Runs in the caller's transaction; returns the ids it erased, without those that were erased before.
 * `isNoted`: the ledger of erasures has it already.
 */
export async function eraseCustomers(
  ctx: Pick<Ctx, 'config' | 'files'>,
  tx: ClientBase,
  customerIds: readonly string[],
  { isNoted = false }: { isNoted?: boolean } = {},
): Promise<string[]> {
  const { rows: people } = await tx.query<Person & { merged_into: string | null }>(
    `select c.id, c.email, c.phone, c.name, c.external_id, c.merged_into from customers as c
     where (c.id = any($1::uuid[]) and c.merged_into is null or c.merged_into = any($1::uuid[])) and c.erased_at is null order by c.id for update`,
    [customerIds],
  )
  if (people.length === 0) return []
  const ids = people.map((p) => p.id)
  // The trail lets its content go for this, and for nothing else.
  await tx.query(`set local lma.maintenance = 'erasure'`)
  const addresses = await knownAddresses(tx, people)
  const hashed = addresses.map(({ channel, address }) => ({
    channel,
    hash: addressHash(ctx.config, channel, address).toString('hex'),
  }))
  await closeForGood(tx, hashed)
  // A backup from before brings them back: this is what is done again then (erasure-ledger.ts).
  if (!isNoted)
    await tx.query('insert into erasures (customer_ids, addresses) values ($1, $2)', [ids, JSON.stringify(hashed)])
  const texts = [...new Set(addresses.map((a) => a.address))]
  await removeFilesOf(ctx, tx, [...texts, ...people.flatMap((p) => p.name ?? [])])
  for (const [, statement] of erasing)
    await tx.query(statement, [ids, texts].slice(0, statement.includes('$2') ? 2 : statement.includes('$1') ? 1 : 0))
  await scrub(tx, people, texts)
  return people.filter((p) => p.merged_into === null).map((p) => p.id)
}

/** Keyed hash of an address, in hex. */
export interface HashedAddress {
  channel: 'email' | 'sms'
  hash: string
}

/** What the shop or the customer could lift again is lifted by nobody any more. Complaints and STOPs stay what they are. */
export async function closeForGood(tx: ClientBase, rows: readonly HashedAddress[]): Promise<void> {
  await tx.query(
    `insert into suppressions (channel, address_hash, reason)
     select distinct g.channel, decode(g.hash, 'hex'), 'erased' from jsonb_to_recordset($1::jsonb) as g(channel text, hash text)
     on conflict (channel, address_hash) do update set reason = 'erased', note = null, customer_id = null, send_id = null, created_by = null, job_id = null
     where suppressions.reason in ('manual', 'unsubscribe', 'hard_bounce')`,
    [JSON.stringify(rows)],
  )
}

/** A pattern that no text of ours meets. */
const nothing = '\u0001'
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
/** As it stands between the quotes of a JSON text. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
// A first name alone is everybody's; a full name is somebody's.
const isTelling = (name: string): boolean => name.trim().includes(' ')

/** Takes addresses and full names out of texts where a person may have written them. */
async function scrub(tx: ClientBase, people: readonly Person[], addresses: readonly string[]): Promise<void> {
  const names = people.flatMap(({ name }) => (name && isTelling(name) ? [name] : []))
  const words = [...new Set([...addresses.filter((a) => a.includes('@')), ...names])]
  // However it was typed: "(212) 555-0123" and "212.555.0123" are one number. It may stand where JSON wants a number.
  const numbers = addresses
    // What has no digits of its own is no number, and its pattern would be found between any two letters.
    .filter((a) => !a.includes('@') && a.replace(/\D/g, '').length >= 7)
    .map(
      (a) =>
        `(?<![0-9])\\+?1?[ ().-]{0,3}${a
          .replace(/^\+1|\D/g, '')
          .split('')
          .join('[ ().-]{0,3}')}(?![0-9])`,
    )
  const text = words.map(escaped).join('|') || nothing
  const json = words.map((w) => escaped(inJson(w))).join('|') || nothing
  const number = numbers.join('|') || nothing
  const replaced = (column: string): string =>
    `regexp_replace(regexp_replace(t.${column}::text, $1, 'erased', 'gi'), $2, '0', 'gi')`
  for (const [table, column, where] of scrubbed)
    await tx.query(
      `update ${table} as t set ${column} = ${replaced(column)}::jsonb where t.${column}::text ~* $3 ${where ? `and ${where}` : ''}`,
      [json, number, `${json}|${number}`],
    )
  for (const [table, column] of scrubbedText)
    await tx.query(
      `update ${table} as t set ${column} = ${replaced(column)} where t.${column} is not null and t.${column} ~* $3`,
      [text, number, `${text}|${number}`],
    )
}
