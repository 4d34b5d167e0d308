import { instantOf, localDate } from '#core/calendar.ts'
import { withTx } from '#db/pool.ts'
import { systemActor } from '../audit.ts'
import { startJob } from '../background.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'

const nightlyAt = '03:00'

/**
 * Starts the nightly run once a day, after three in the morning by the shop's clock; a machine that slept catches up when
 * it wakes. Whoever asks first starts it, however many workers there are. True when it was started.
 */
export async function startNightlyScores(ctx: Ctx): Promise<boolean> {
  const now = ctx.clock()
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  const due = instantOf(localDate(now, zone), nightlyAt, zone)
  if (now < due) return false
  return withTx(ctx.pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('nightly scores', 7))`)
    const { rows } = await tx.query<{ is_due: boolean }>(
      `select exists (select from orders) and not exists (select from model_versions as m where m.created_at >= $1)
         and not exists (
           select from jobs as j where j.kind in ('score', 'nightly_scores')
             and (j.status in ('queued', 'running') or (j.status = 'failed' and j.finished_at > $2::timestamptz - interval '1 hour'))
         ) as is_due`,
      [due, now],
    )
    if (!rows[0]?.is_due) return false
    await startJob(ctx, systemActor, 'nightly_scores', {})
    return true
  })
}
