import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Ctx } from '../context.ts'
import { pause } from '../pause.ts'

const everyMs = 10_000

export interface Presence {
  id: string
  /** keeps the row fresh until the signal, then takes it away */
  run(signal: AbortSignal): Promise<void>
}

/** Writes this process down among those that run, so that an operator sees all of them in one place. */
export function createPresence(ctx: Ctx, roles: readonly string[]): Presence {
  const id = randomUUID()
  async function beat(): Promise<void> {
    await ctx.pool.query(
      `with gone as (delete from processes where processes.seen_at < now() - interval '1 hour')
       insert into processes (id, host, pid, roles, version, rss_bytes) values ($1, $2, $3, $4, $5, $6)
       on conflict (id) do update set seen_at = now(), rss_bytes = excluded.rss_bytes`,
      [id, hostname(), process.pid, roles, ctx.config.version, process.memoryUsage.rss()],
    )
  }
  return {
    id,
    async run(signal) {
      while (!signal.aborted) {
        await beat().catch((err: unknown) => ctx.log.warn({ err }, 'this process could not write itself down'))
        await pause(everyMs, signal)
      }
      await ctx.pool.query('delete from processes where processes.id = $1', [id]).catch(() => undefined)
    },
  }
}
