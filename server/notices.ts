import type { ClientBase, Pool } from 'pg'
import type { NoticeLevel } from '#core/notices.ts'
import { publishWith } from './bus.ts'
import type { Ctx } from './context.ts'

export interface NewNotice {
  /** core/notices.ts */
  kind: string
  level: NoticeLevel
  /** the same key again is the same notice */
  key: string
  /** for this user alone; absent: for everybody from `leastRole` upwards */
  userId?: string | null
  leastRole?: 'user' | 'manager' | 'admin'
  /** counts and names of things of the shop; nothing of customers, no words of an error */
  facts: Record<string, string | number | null>
  path?: string | null
}

/** Stores notices and tells the open windows of the UI, in the transaction of what they report. Returns how many were new. */
export async function addNotices(client: ClientBase | Pool, notices: readonly NewNotice[]): Promise<number> {
  if (notices.length === 0) return 0
  const { rows } = await client.query<{ id: string }>(
    `insert into notices (kind, level, key, user_id, least_role, facts, path)
     select g.kind, g.level, g.key, g.user_id, g.least_role, g.facts, g.path
     from jsonb_to_recordset($1::jsonb) as g(kind text, level text, key text, user_id uuid, least_role text, facts jsonb, path text)
     on conflict (key) do nothing returning id`,
    [
      JSON.stringify(
        notices.map((n) => ({
          kind: n.kind,
          level: n.level,
          key: n.key,
          user_id: n.userId ?? null,
          least_role: n.leastRole ?? 'user',
          facts: n.facts,
          path: n.path ?? null,
        })),
      ),
    ],
  )
  for (const { id } of rows) await publishWith(client, `notice.${id}`, { id })
  return rows.length
}

/** Tells the admins that a provider takes nothing any more, once an hour. Never throws: sending goes on without it. */
export async function noticeProviderAway(ctx: Pick<Ctx, 'pool' | 'clock' | 'log'>, provider: string): Promise<void> {
  try {
    const { rows } = await ctx.pool.query<{ name: string }>(
      'select p.name from channel_providers as p where p.key = $1',
      [provider],
    )
    await addNotices(ctx.pool, [
      {
        kind: 'provider_down',
        level: 'risk',
        key: `provider_down:${provider}:${ctx.clock().toISOString().slice(0, 13)}`,
        leastRole: 'admin',
        facts: { provider: rows[0]?.name ?? provider },
        path: '/settings/channels',
      },
    ])
  } catch (err) {
    ctx.log.warn({ err: err as Error, provider }, 'a notice could not be stored')
  }
}
