import type { Ctx } from '../context.ts'

/** Tells how far running campaigns are, four times a second at most and never more than a tenth of the time. */
export interface Progress {
  touch(campaignId: string | null): void
  flush(): Promise<void>
}

const leastMs = 250

export function createProgress(ctx: Ctx): Progress {
  const dirty = new Set<string>()
  let nextAt = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null

  async function tell(): Promise<void> {
    timer = undefined
    const ids = [...dirty]
    dirty.clear()
    if (ids.length === 0) return
    const began = Date.now()
    try {
      const { rows } = await ctx.pool.query<{ id: string; status: string; counts: Record<string, number> }>({
        name: 'dispatch-progress',
        text: `select c.id, c.status, (select coalesce(jsonb_object_agg(x.status, x.n), '{}') from (select s.status, count(*) as n from sends as s where s.campaign_id = c.id group by 1) as x) as counts
          from campaigns as c where c.id = any($1::uuid[])`,
        values: [ids],
      })
      for (const row of rows)
        await ctx.bus.publish(`campaign.${row.id}`, { id: row.id, status: row.status, counts: row.counts })
    } catch (err) {
      ctx.log.debug({ err: err as Error }, 'progress not told')
    }
    nextAt = began + Math.max(leastMs, 10 * (Date.now() - began))
    if (dirty.size > 0) arm()
  }

  function arm(): void {
    timer ??= setTimeout(() => void (running = tell()), Math.max(0, nextAt - Date.now()))
  }

  return {
    touch(campaignId) {
      if (!campaignId) return
      dirty.add(campaignId)
      arm()
    },
    async flush() {
      clearTimeout(timer)
      timer = undefined
      await running
      await tell()
      clearTimeout(timer)
      timer = undefined
    },
  }
}
