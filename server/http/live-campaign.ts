import type { Ctx } from '../context.ts'

/** The state of a campaign as a watcher gets it who comes, or comes back. */
export interface CampaignStates {
  /** JSON text: the state of now, and what changed since `after` (the `cursor` of an earlier message; null: just now) */
  since(id: string, after: string | null): Promise<string>
}

const leastMs = 250
// A change is written with the time its transaction began; it may be committed after a later one was told.
const overlapMs = 60_000

interface State {
  status: string | null
  counts: Record<string, number>
}

/**
 * A thousand watchers who lost us come back at once: the counting is done once for all of them, at most four times a
 * second and never more than a tenth of the time.
 */
export function createCampaignStates(ctx: Ctx): CampaignStates {
  const known = new Map<string, { state: Promise<State>; until: number }>()

  function stateOf(id: string): Promise<State> {
    const now = Date.now()
    const fresh = known.get(id)
    if (fresh && fresh.until > now) return fresh.state
    if (known.size > 200) known.clear()
    const entry = { state: read(id), until: Number.POSITIVE_INFINITY }
    known.set(id, entry)
    entry.state.then(
      () => void (entry.until = Date.now() + Math.max(leastMs, 9 * (Date.now() - now))),
      () => known.delete(id),
    )
    return entry.state
  }

  async function read(id: string): Promise<State> {
    const { rows } = await ctx.pool.query<State>({
      name: 'state of a campaign',
      text: `select c.status, (select coalesce(jsonb_object_agg(x.status, x.n), '{}') from (select s.status, count(*) as n from sends as s where s.campaign_id = c.id group by 1) as x) as counts
        from campaigns as c where c.id = $1`,
      values: [id],
    })
    return rows[0] ?? { status: null, counts: {} }
  }

  async function changes(id: string, after: string | null): Promise<{ id: string; action: string; at: Date }[]> {
    const from = after === null ? Number.NaN : Date.parse(after)
    if (Number.isNaN(from)) return []
    const { rows } = await ctx.pool.query<{ id: string; action: string; at: Date }>(
      `select l.id, l.action, l.at from audit_log as l where l.entity = 'campaign' and l.entity_id = $1 and l.at > $2 order by l.id limit 100`,
      [id, new Date(from - overlapMs)],
    )
    return rows
  }

  return {
    async since(id, after) {
      const at = ctx.clock().toISOString()
      const [{ status, counts }, missed] = await Promise.all([stateOf(id), changes(id, after)])
      return JSON.stringify({ topic: `campaign.${id}`, id, status, counts, at, missed })
    },
  }
}
