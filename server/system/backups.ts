import { localDate, instantOf } from '#core/calendar.ts'
import { checkBackup } from '#db/backup/restore.ts'
import { writeBackup } from '#db/backup/write.ts'
import type { Sums } from '#db/backup/format.ts'
import { audit, systemActor, type Actor } from '../audit.ts'
import { startJob, type JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { withoutAddresses } from '../log.ts'
import { readSetting } from '../settings.ts'

export type Reason = 'manual' | 'schedule' | 'move'

export interface BackupRow {
  id: string
  reason: Reason
  status: 'running' | 'succeeded' | 'failed' | 'expired'
  location: string | null
  bytes: number | null
  rows: number | null
  tables: number | null
  error: string | null
  started_at: Date
  finished_at: Date | null
  verified_at: Date | null
}

const columns = `b.id, b.reason, case when b.expired_at is not null then 'expired' else b.status end as status, b.location, b.bytes, b.rows, b.tables,
  b.error, b.started_at, b.finished_at, b.verified_at`

export async function listBackups(
  ctx: Pick<Ctx, 'pool'>,
  { page, page_size }: { page: number; page_size: number },
): Promise<{ data: BackupRow[]; total: number }> {
  const [{ rows: data }, { rows: count }] = await Promise.all([
    ctx.pool.query<BackupRow>(`select ${columns} from backups as b order by b.id desc limit $1 offset $2`, [
      page_size,
      (page - 1) * page_size,
    ]),
    ctx.pool.query<{ n: number }>('select count(*) as n from backups'),
  ])
  return { data, total: count[0]!.n }
}

/**
 * Writes a backup into the store of files and reads it back: it counts as made only when every checksum in it fits.
 * Returns its row. Throws what went wrong; the row then says it as well.
 */
export async function takeBackup(
  ctx: Ctx,
  reason: Reason,
  onTable: (done: number, total: number, name: string) => unknown = () => undefined,
): Promise<BackupRow> {
  await ctx.pool.query(
    `update backups set status = 'failed', finished_at = now(), error = 'The process that made it ended before it was done.'
     where backups.status = 'running' and backups.started_at < now() - interval '12 hours'`,
  )
  const { rows } = await ctx.pool.query<{ id: string; started_at: Date }>(
    'insert into backups (reason) values ($1) returning id, started_at',
    [reason],
  )
  const { id, started_at } = rows[0]!
  const stamp = started_at.toISOString().replace(/\.\d+/, '').replaceAll(':', '').replaceAll('-', '')
  const key = `backups/liquor-agent-${stamp}-${id.slice(-6)}.lmab`
  try {
    let sums: Sums | undefined
    async function* whole(): AsyncGenerator<Buffer> {
      sums = yield* writeBackup(ctx.directUrl, ctx.config.version, onTable)
    }
    const bytes = await ctx.files.put(key, whole())
    const stored = await ctx.files.read(key)
    if (!stored) throw new Error('the store of files does not have what was just put there')
    await checkBackup(stored)
    await ctx.pool.query(
      `update backups set status = 'succeeded', location = $2, bytes = $3, rows = $4, tables = $5, finished_at = now(), verified_at = now() where id = $1`,
      [id, ctx.files.location(key), bytes, sums?.rows, sums?.tables],
    )
  } catch (error) {
    await ctx.files.remove(key).catch(() => undefined)
    await ctx.pool.query(`update backups set status = 'failed', error = $2, finished_at = now() where id = $1`, [
      id,
      withoutAddresses((error as Error).message).slice(0, 500),
    ])
    throw error
  }
  const { rows: made } = await ctx.pool.query<BackupRow>(`select ${columns} from backups as b where b.id = $1`, [id])
  return made[0]!
}

export async function startBackup(ctx: Ctx, actor: Actor, reason: Reason) {
  const job = await startJob(ctx, actor, 'backup', { reason })
  await audit(ctx.pool, actor, { action: 'backup.started', entity: 'backup', entityId: job.id })
  return job
}

/** The job: makes the backup, then deletes those of the schedule that are too many. */
export const backupJob: JobHandler = async (ctx, input, tools) => {
  const reason: Reason = input['reason'] === 'schedule' ? 'schedule' : 'manual'
  const made = await takeBackup(ctx, reason, (done, total, name) => tools.progress(done, total, name))
  const { keep } = await readSetting(ctx.pool, 'backups')
  return { backup_id: made.id, bytes: made.bytes, rows: made.rows, deleted: await deleteOld(ctx, keep) }
}

/** Keeps the newest `keep` good backups of the schedule; what a person made is left to that person. */
async function deleteOld(ctx: Ctx, keep: number): Promise<number> {
  const { rows } = await ctx.pool.query<{ id: string; location: string }>(
    `select b.id, b.location from backups as b
     where b.reason = 'schedule' and b.status = 'succeeded' and b.expired_at is null order by b.id desc offset $1`,
    [keep],
  )
  for (const { id, location } of rows) {
    await ctx.files.remove(`backups/${location.slice(location.lastIndexOf('/') + 1)}`)
    await ctx.pool.query('update backups set expired_at = now() where backups.id = $1', [id])
  }
  return rows.length
}

/** Starts the backup of the day when its hour has come, also when the machine slept through it. */
export async function startDueBackup(ctx: Ctx): Promise<boolean> {
  const [settings, shop] = await Promise.all([readSetting(ctx.pool, 'backups'), readSetting(ctx.pool, 'shop')])
  if (!settings.enabled) return false
  const due = lastDue(ctx.clock(), settings.at, shop.time_zone)
  // A shop that was set up today has nothing yet that could be lost overnight.
  const { rows } = await ctx.pool.query<{ ready: boolean }>(
    `select (select min(m.applied_at) from schema_migrations as m) < $1
       and not exists (select from backups as b where b.reason = 'schedule' and (b.status = 'succeeded' and b.started_at >= $1
         or b.status = 'failed' and b.started_at > now() - interval '1 hour'))
       and not exists (select from jobs as j where j.kind = 'backup' and j.status in ('queued', 'running')) as ready`,
    [due],
  )
  if (!rows[0]!.ready) return false
  await startBackup(ctx, systemActor, 'schedule')
  return true
}

/** The newest moment, not after `now`, at which clocks in the zone showed this time. */
export function lastDue(now: Date, at: string, zone: string): Date {
  const today = instantOf(localDate(now, zone), at, zone)
  if (today <= now) return today
  return instantOf(localDate(new Date(now.getTime() - 86_400_000), zone), at, zone)
}
