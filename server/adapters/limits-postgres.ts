import type { Pool } from 'pg'
import type { Log } from '../log.ts'
import type { Limits } from '../ports/limits.ts'

interface Counted {
  endsAt: number
  /** of all processes, when last asked */
  known: number
  /** ours that are not told yet */
  pending: number
}

/** Processes tell each other what they counted so often: the limit may be overshot by what comes in meanwhile. */
const tellEveryMs = 200
const mostKeys = 20_000

/**
 * Counts in this process and adds up over all of them five times a second, in one statement however many callers there
 * are: a statement for each request would cost more than most requests.
 */
export function createPostgresLimits(pool: Pool, log: Log): Limits {
  const counts = new Map<string, Counted>()
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> | null = null

  async function tell(): Promise<void> {
    timer = undefined
    const now = Date.now()
    const told: [string, Counted, number][] = []
    for (const [key, c] of counts) {
      if (c.endsAt <= now) counts.delete(key)
      else if (c.pending > 0) told.push([key, c, c.pending])
    }
    if (told.length === 0) return
    for (const [, c, n] of told) {
      c.pending -= n
      c.known += n
    }
    try {
      const { rows } = await pool.query<{ key: string; ends_ms: number; count: number }>(
        `with gone as (delete from rate_windows as w where w.ends_at < now() - interval '1 minute')
         insert into rate_windows as w (key, ends_at, count)
         select x.key, to_timestamp(x.ends_ms / 1000.0), x.count from unnest($1::text[], $2::float8[], $3::int[]) as x(key, ends_ms, count) order by x.key
         on conflict (key, ends_at) do update set count = w.count + excluded.count
         returning w.key, (extract(epoch from w.ends_at) * 1000)::float8 as ends_ms, w.count`,
        [told.map(([key]) => key), told.map(([, c]) => c.endsAt), told.map(([, , n]) => n)],
      )
      for (const row of rows) {
        const c = counts.get(row.key)
        if (c && Math.round(row.ends_ms) === c.endsAt) c.known = Math.max(c.known, row.count)
      }
    } catch (err) {
      // What was counted here still counts here.
      log.warn({ err: err as Error }, 'request counts were not shared with the other processes')
    }
  }

  return {
    add(key, windowMs) {
      const now = Date.now()
      let c = counts.get(key)
      if (!c || c.endsAt <= now) {
        if (counts.size >= mostKeys) counts.clear()
        // All processes cut time at the same places.
        c = { endsAt: (Math.floor(now / windowMs) + 1) * windowMs, known: 0, pending: 0 }
        counts.set(key, c)
      }
      c.pending += 1
      timer ??= setTimeout(() => void (telling = tell()), tellEveryMs).unref()
      return Promise.resolve({ count: c.known + c.pending, ttlMs: c.endsAt - now })
    },
    async read(keys, windowMs) {
      const endsAt = (Math.floor(Date.now() / windowMs) + 1) * windowMs
      const told = new Map<string, number>()
      try {
        const { rows } = await pool.query<{ key: string; count: number }>(
          `select w.key, w.count from rate_windows as w where w.key = any ($1::text[]) and w.ends_at = to_timestamp($2 / 1000.0)`,
          [keys, endsAt],
        )
        for (const row of rows) told.set(row.key, row.count)
      } catch (err) {
        log.warn({ err: err as Error }, 'request counts of the other processes cannot be read')
      }
      return keys.map((key) => {
        const c = counts.get(key)
        const own = c?.endsAt === endsAt ? c : { known: 0, pending: 0 }
        return Math.max(told.get(key) ?? 0, own.known) + own.pending
      })
    },
    async close() {
      clearTimeout(timer)
      await telling
    },
  }
}
