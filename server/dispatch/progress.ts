import { randomUUID } from 'node:crypto'
import type { Ctx } from '../context.ts'
import type { Moves } from './ledger.ts'

/** Tells how far running campaigns are, four times a second at most. */
export interface Progress {
  /** moves what this worker has just settled from `pending` to its new state */
  add(moves: readonly Moves[]): void
  touch(campaignId: string | null): void
  flush(): Promise<void>
}

const leastMs = 250
/** Sends are counted anew this often at most, and for a fiftieth of the time at most; in between the moves are added up. */
const countEveryMs = 15_000

interface Known {
  status: string
  counts: Record<string, number>
  countAgainAt: number
}

type Counts = Record<string, number>

/** Each worker adds what the others report to its own count, so that all of them tell the same story. */
export function createProgress(ctx: Ctx): Progress {
  const me = randomUUID()
  const dirty = new Set<string>()
  const known = new Map<string, Known>()
  const moved = new Map<string, Counts>()
  let nextAt = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | null = null
  const unsubscribe = ctx.bus.subscribe('campaign.', (_topic, payload) => {
    const { id, by, moves } = payload as { id?: string; by?: string; moves?: Counts }
    const state = id ? known.get(id) : undefined
    if (!state || !id) return
    if (by && moves) {
      if (by !== me) apply(state.counts, moves)
    } else known.delete(id)
  })

  async function tell(isExact: boolean): Promise<void> {
    timer = undefined
    const ids = [...dirty]
    dirty.clear()
    if (ids.length === 0) return
    const now = Date.now()
    try {
      await count(ids.filter((id) => isExact || (known.get(id)?.countAgainAt ?? 0) < now))
      for (const id of ids) {
        const state = known.get(id)
        if (!state) continue
        const moves = moved.get(id) ?? {}
        moved.delete(id)
        await ctx.bus.publish(`campaign.${id}`, { id, status: state.status, counts: state.counts, by: me, moves })
      }
    } catch (err) {
      ctx.log.debug({ err: err as Error }, 'progress not told')
    }
    nextAt = now + leastMs
    if (dirty.size > 0) arm()
  }

  async function count(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const began = Date.now()
    const { rows } = await ctx.pool.query<{ id: string; status: string; counts: Record<string, number> }>({
      name: 'dispatch-progress',
      text: `select c.id, c.status, (select coalesce(jsonb_object_agg(x.status, x.n), '{}') from (select s.status, count(*) as n from sends as s where s.campaign_id = c.id group by 1) as x) as counts
        from campaigns as c where c.id = any($1::uuid[])`,
      values: [ids],
    })
    const countAgainAt = Date.now() + Math.max(countEveryMs, 50 * (Date.now() - began))
    for (const { id, status, counts } of rows) known.set(id, { status, counts, countAgainAt })
  }

  function arm(): void {
    timer ??= setTimeout(() => void (running = tell(false)), Math.max(0, nextAt - Date.now()))
  }

  function touch(campaignId: string | null): void {
    if (!campaignId) return
    dirty.add(campaignId)
    arm()
  }

  return {
    add(all) {
      for (const { campaign_id, status, n } of all) {
        if (!campaign_id) continue
        if (status !== 'pending') {
          const moves = moved.get(campaign_id) ?? {}
          moves['pending'] = (moves['pending'] ?? 0) - n
          moves[status] = (moves[status] ?? 0) + n
          moved.set(campaign_id, moves)
          const state = known.get(campaign_id)
          if (state) apply(state.counts, { pending: -n, [status]: n })
        }
        dirty.add(campaign_id)
      }
      if (dirty.size > 0) arm()
    },
    touch,
    async flush() {
      clearTimeout(timer)
      timer = undefined
      await running
      await tell(true)
      clearTimeout(timer)
      timer = undefined
      unsubscribe()
    },
  }
}

function apply(counts: Record<string, number>, moves: Counts): void {
  for (const [status, by] of Object.entries(moves)) {
    const sum = Math.max(0, (counts[status] ?? 0) + by)
    if (sum === 0) delete counts[status]
    else counts[status] = sum
  }
}
