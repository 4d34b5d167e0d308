import { text } from 'node:stream/consumers'
import type { ClientBase } from 'pg'
import { z } from 'zod'
import { withTx } from '#db/pool.ts'
import { audit, systemActor } from './audit.ts'
import type { Ctx } from './context.ts'
import { closeForGood, eraseCustomers, type HashedAddress } from './erasure.ts'

/*
 * A backup that is older than an erasure brings the person back. So every erasure is also a line in the store of files,
 * beside the backups: ids of rows and keyed hashes of addresses, which lead to nobody who does not hold both database and
 * secret. After a restore, and whenever a process starts, what the database does not know of is done again.
 */

const folder = 'erasures'
const Entry = z.object({
  id: z.uuid(),
  at: z.iso.datetime({ offset: true }),
  customer_ids: z.array(z.uuid()),
  addresses: z.array(z.object({ channel: z.enum(['email', 'sms']), hash: z.string().regex(/^[0-9a-f]{64}$/) })),
})
const File = z.array(Entry)

/** Copies what was erased since the last time into the store of files. Returns how many erasures. */
export async function copyErasures(ctx: Pick<Ctx, 'pool' | 'files'>): Promise<number> {
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<z.infer<typeof Entry>>(
      `select e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, e.customer_ids, e.addresses from erasures as e
       where e.file is null order by e.id limit 1000 for update skip locked`,
    )
    if (rows.length === 0) return 0
    const key = `${folder}/${rows[0]!.id}.json`
    await ctx.files.put(key, toBytes(JSON.stringify(rows)))
    await tx.query('update erasures set file = $2 where erasures.id = any($1::uuid[])', [rows.map((r) => r.id), key])
    return rows.length
  })
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream of one piece
async function* toBytes(json: string): AsyncGenerator<Buffer> {
  yield Buffer.from(json)
}

/**
 * Does again what the store of files knows and the database does not: it was restored from before. Any number of
 * processes may call it at once. Returns how many people were erased again.
 */
export async function redoErasures(ctx: Pick<Ctx, 'pool' | 'files' | 'config' | 'log'>): Promise<number> {
  const stored = await ctx.files.list(folder)
  const { rows: known } = await ctx.pool.query<{ file: string }>(
    'select distinct e.file from erasures as e where e.file = any($1::text[])',
    [stored.map((s) => s.key)],
  )
  const missing = stored.filter((s) => !known.some((k) => k.file === s.key)).sort((a, b) => a.key.localeCompare(b.key))
  let people = 0
  for (const { key } of missing) {
    const source = await ctx.files.read(key)
    if (!source) continue
    const entries = File.parse(JSON.parse(await text(source)))
    people += await withTx(ctx.pool, (tx) => redo(ctx, tx, key, entries))
  }
  if (people > 0) ctx.log.warn({ people }, 'erased again after a restore')
  return people
}

async function redo(
  ctx: Pick<Ctx, 'config' | 'files'>,
  tx: ClientBase,
  key: string,
  entries: readonly z.infer<typeof Entry>[],
): Promise<number> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('erasures', 0))`)
  const { rows: fresh } = await tx.query<{ id: string }>(
    `insert into erasures (id, at, customer_ids, addresses, file)
     select e.id, e.at, array(select jsonb_array_elements_text(e.customer_ids)::uuid), e.addresses, $2
     from jsonb_to_recordset($1::jsonb) as e(id uuid, at timestamptz, customer_ids jsonb, addresses jsonb)
     on conflict (id) do update set file = excluded.file returning id`,
    [JSON.stringify(entries), key],
  )
  if (fresh.length === 0) return 0
  const ids = [...new Set(entries.flatMap((e) => e.customer_ids))]
  const erased = await eraseCustomers(ctx, tx, ids, { isNoted: true })
  for (const id of erased)
    await audit(tx, systemActor, {
      action: 'customer.erased',
      entity: 'customer',
      entityId: id,
      after: { reason: 'restored_from_before' },
    })
  // Also addresses that the person got after the backup was made.
  await closeForGood(tx, entries.flatMap((e) => e.addresses) satisfies HashedAddress[])
  return erased.length
}
