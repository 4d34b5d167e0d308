import { createReadStream, type ReadStream } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { strToU8, zip } from 'fflate'
import type { ClientBase } from 'pg'
import type { PersonalData } from '#contract/personal-data.ts'
import { personalDataPage, type PersonalDataFile } from '#core/knowledge/personal-data.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../http/errors.ts'
import { knownAddresses } from '../known-addresses.ts'
import { told } from '../personal-data-tables.ts'
import { readSetting } from '../settings.ts'
import { fetchFile, shareFile } from '../shared-files.ts'
import { addressHash } from '../suppression.ts'

/** A copy of everything about somebody should not lie about for long. */
const keptHours = 24

type Made = Omit<PersonalData, 'expires_at'> & { expires_at: Date }

/**
 * Writes the archive of one person: a page for people, JSON for machines. Throws not_found; conflict for one who was
 * merged (ask for the one it became) or erased (nothing is left).
 */
export async function makePersonalData(ctx: Ctx, actor: Actor, id: string): Promise<Made> {
  let file: string | null = null
  try {
    return await withTx(ctx.pool, async (tx) => {
      const { archive, rows } = await gather(ctx, tx, id)
      const expiresAt = new Date(ctx.clock().getTime() + keptHours * 3_600_000)
      const { rows: made } = await tx.query<{ id: string }>(
        `insert into exports (kind, params, status, rows, bytes, created_by, finished_at, expires_at)
         values ('person', $1, 'ready', $2, $3, $4, $5, $6) returning id`,
        [JSON.stringify({ customer_id: id }), rows, archive.length, userOf(actor), ctx.clock(), expiresAt],
      )
      const exportId = made[0]!.id
      file = path.join(ctx.config.dataDir, 'exports', `${exportId}.zip`)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, archive, { mode: 0o600 })
      await shareFile(ctx, file)
      await tx.query('update exports set path = $2 where exports.id = $1', [exportId, file])
      await audit(tx, actor, {
        action: 'customer.data_exported',
        entity: 'customer',
        entityId: id,
        after: { export_id: exportId, rows },
      })
      return { id: exportId, file_name: nameOf(ctx.clock()), bytes: archive.length, rows, expires_at: expiresAt }
    })
  } catch (error) {
    if (file) await rm(file, { force: true })
    throw error
  }
}

/** The archive of one person in memory, for the command line. Throws as makePersonalData. */
export async function personalDataArchive(ctx: Ctx, actor: Actor, id: string): Promise<Uint8Array> {
  return withTx(ctx.pool, async (tx) => {
    const { archive, rows } = await gather(ctx, tx, id)
    await audit(tx, actor, { action: 'customer.data_exported', entity: 'customer', entityId: id, after: { rows } })
    return archive
  })
}

/** The file, noted in the trail. Throws not_found, export.gone when its time is over or somebody was erased. */
export async function openPersonalData(
  ctx: Ctx,
  actor: Actor,
  id: string,
): Promise<{ stream: ReadStream; name: string }> {
  const { rows } = await ctx.pool.query<{
    status: string
    path: string | null
    customer_id: string
    finished_at: Date
    is_expired: boolean
  }>(
    `select e.status, e.path, e.params ->> 'customer_id' as customer_id, e.finished_at, coalesce(e.expires_at <= $2, true) as is_expired
     from exports as e where e.id = $1 and e.kind = 'person'`,
    [id, ctx.clock()],
  )
  const found = rows[0]
  if (!found) throw notFound('export', id)
  const file =
    found.path === null || found.status !== 'ready' || found.is_expired ? null : await fetchFile(ctx, found.path)
  if (!file)
    throw new AppError(
      'export.gone',
      found.status === 'withdrawn'
        ? 'This file was withdrawn because a customer was erased. Make it again.'
        : 'This file was kept for a day and is gone now. Make it again.',
      { id },
    )
  await audit(ctx.pool, actor, {
    action: 'customer.data_downloaded',
    entity: 'customer',
    entityId: found.customer_id,
    after: { export_id: id },
  })
  return { stream: createReadStream(file), name: nameOf(found.finished_at) }
}

const userOf = (actor: Actor): string | null => (actor.kind === 'user' ? actor.id : null)
// Without a name or number: file names end up in histories and mail subjects.
const nameOf = (at: Date): string => `personal-data-${at.toISOString().slice(0, 10)}.zip`

interface Person {
  id: string
  email: string | null
  phone: string | null
  merged_into: string | null
  erased_at: Date | null
}

async function gather(ctx: Ctx, tx: ClientBase, id: string): Promise<{ archive: Uint8Array; rows: number }> {
  // An erasure waits until the row of the export is there, and then withdraws it.
  const { rows: people } = await tx.query<Person>(
    `select c.id, c.email, c.phone, c.merged_into, c.erased_at from customers as c where c.id = $1 or c.merged_into = $1 order by c.id for share`,
    [id],
  )
  const self = people.find((p) => p.id === id)
  if (!self) throw notFound('customer', id)
  if (self.erased_at) throw new AppError('conflict', 'This person was erased: nothing of them is left to hand out.')
  if (self.merged_into)
    throw new AppError('conflict', 'This customer was merged into another one. Ask for that one: it holds both.', {
      id: self.merged_into,
    })
  const ids = people.map((p) => p.id)
  const addresses = await knownAddresses(tx, people)
  const values = [
    ids,
    [...new Set(addresses.map((a) => a.address))],
    addresses.map((a) => addressHash(ctx.config, a.channel, a.address)),
  ]
  const tables: PersonalDataFile['tables'] = []
  for (const { table, title, sql } of told) {
    const { rows } = await tx.query<{ row: Record<string, unknown> }>(
      sql,
      values.slice(0, sql.includes('$3') ? 3 : sql.includes('$2') ? 2 : 1),
    )
    tables.push({ table, title, rows: rows.map((r) => r.row) })
  }
  const file: PersonalDataFile = {
    format: 'liquor-agent/personal-data/1',
    made_at: ctx.clock().toISOString(),
    shop: await shopOf(ctx),
    recipients: await recipientsOf(tx, ids),
    tables,
  }
  const archive = await zipped({
    'your-data.html': strToU8(personalDataPage(file)),
    'data.json': strToU8(JSON.stringify(file, null, 2)),
  })
  return { archive, rows: tables.reduce((n, t) => n + t.rows.length, 0) }
}

async function shopOf(ctx: Ctx): Promise<PersonalDataFile['shop']> {
  const shop = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ legal_name: string }>(
    'select s.legal_name from stores as s where s.legal_name is not null order by s.created_at limit 1',
  )
  return {
    name: shop.name,
    legal_name: rows[0]?.legal_name ?? null,
    contact: shop.reply_to ?? shop.from_email,
    currency: shop.currency,
  }
}

/** Providers that got a message for this person, by the name people gave them; the sandbox is nobody. */
async function recipientsOf(tx: ClientBase, ids: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `select distinct coalesce(p.name, s.provider) as name from sends as s left join channel_providers as p on p.key = s.provider
     where s.customer_id = any($1::uuid[]) and s.provider is not null and s.provider <> 'sandbox' order by 1`,
    [ids],
  )
  return rows.map((r) => r.name)
}

function zipped(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => zip(files, (error, data) => (error ? reject(error) : resolve(data))))
}
